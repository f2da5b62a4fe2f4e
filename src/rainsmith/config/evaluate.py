"""The sections ``evaluate`` and ``sweep``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from rainsmith.config.section import Section, name_in, names_of

BASELINES = "rainsmith.baselines.registry:BASELINES"


class Evaluate(Section):
    """How the samples are scored, and what they are compared with."""

    baselines: list[name_in(BASELINES)] = Field(  # type: ignore[valid-type]
        default_factory=lambda: names_of(BASELINES, lambda baseline: baseline.by_default)
    )
    """Forecasts without a network that stand beside the model in every table; one that does not apply to the data is
    left out, with a note."""
    thresholds_mm: list[float] = [20, 50, 100]
    """[mm/day] Thresholds of the scores of events, beside the training P90, P95 and P99. Choose amounts that matter in
    the region."""
    block_days: int = Field(default=7, ge=1)
    """[days] Length of the blocks of days that are drawn together for the intervals. Raise it where weather persists
    longer."""
    resamples: int = Field(default=500, ge=50)
    """Number of resamples of the intervals."""
    climate: bool = True
    """Whether climate indices, the seasonal cycle and return levels are made, where the samples hold every day of a
    split."""
    areas: Path | None = None
    """NetCDF file of areas on the fine grid, such as catchments, whose mean rain is scored too; null for none."""


class Sweep(Section):
    """How the saved checkpoints are compared."""

    members: int = Field(default=5, ge=2)
    """Members a day that are drawn of every checkpoint."""
