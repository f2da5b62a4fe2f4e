"""The sections ``evaluate`` and ``sweep``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rainsmith.config.section import Section, name_in, names_of
from rainsmith.config.values import FilePath, Flag, Float, Int, Unique

Threshold = Annotated[Float, Field(gt=0, le=2000)]
BASELINES = "rainsmith.baselines.registry:BASELINES"


class Evaluate(Section):
    """How the samples are scored, and what they are compared with."""

    baselines: Annotated[list[name_in(BASELINES)], Unique] = Field(  # type: ignore[valid-type]
        default_factory=lambda: names_of(BASELINES, lambda baseline: baseline.by_default)
    )
    """Forecasts without a network that stand beside the model in every table; one that does not apply to the data is
    left out, with a note."""
    thresholds_mm: Annotated[list[Threshold], Field(min_length=1, max_length=100), Unique] = [20, 50, 100]
    """[mm/day] Thresholds of the scores of events, beside the training P90, P95 and P99. Choose amounts that matter in
    the region."""
    block_days: Int = Field(default=7, ge=1, le=366)
    """[days] Length of the blocks of days that are drawn together for the intervals. Raise it where weather persists
    longer."""
    resamples: Int = Field(default=500, ge=50, le=10_000)
    """Number of resamples of the intervals."""
    climate: Flag = True
    """Whether climate indices, the seasonal cycle and return levels are made, where the samples hold every day of a
    split."""
    areas: FilePath | None = None
    """NetCDF file of areas on the fine grid, such as catchments, whose mean rain is scored too; null for none."""


class Sweep(Section):
    """How the saved checkpoints are compared."""

    members: Int = Field(default=5, ge=2, le=1000)
    """Members a day that are drawn of every checkpoint."""
