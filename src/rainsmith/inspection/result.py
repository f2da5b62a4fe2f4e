"""What an inspection found: figures and names, which ``text`` and ``page`` write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.seasons import cut_seasons
from rainsmith.config import Config
from rainsmith.inspection.days import (
    Gap,
    LargeValue,
    Months,
    SplitFigures,
    figures_of_splits,
    gaps,
    largest_values,
    record_by_month,
)
from rainsmith.inspection.explained import Explained, explained
from rainsmith.inspection.rain import Rain, measure_rain
from rainsmith.inspection.sources import (
    LagCorrelation,
    Source,
    extents_of,
    lag_correlations,
    said_by_prepare,
    sources_of,
)
from rainsmith.run_folder import Run

IN_MEMORY = 512 * 2**20
"""[bytes] A store up to this size is read once and kept in memory; a larger one is read a few days at a time."""


@dataclass(frozen=True)
class Inspection:
    """All that an inspection found.

    Attributes:
        config: the configuration.
        store: the prepared data.
        rain: figures of days and maps.
        splits: figures of each split.
        months: the record month by month.
        gaps: runs of missing days, the longest first.
        largest: the largest values.
        sources: the sources as ``prepare`` found them.
        extents: borders of the sources by name.
        lags: how predictors fit the rain on neighbouring days.
        explained: how well the predictors explain the rain.
        said: what ``prepare`` said.
        cut: which seasons are divided between splits, "" for none.
        path: the page.
    """

    config: Config
    store: xr.Dataset
    rain: Rain
    splits: Sequence[SplitFigures]
    months: Months
    gaps: Sequence[Gap]
    largest: Sequence[LargeValue]
    sources: Sequence[Source]
    extents: dict[str, np.ndarray]
    lags: Sequence[LagCorrelation]
    explained: Sequence[Explained]
    said: Sequence[str] = field(default_factory=list)
    cut: str = ""
    path: Path = Path("inspect.html")

    @property
    def suspects(self) -> list[str]:
        """The suspect values that ``prepare`` found, in its words."""
        text = str(self.store.attrs.get("suspect_values", ""))
        return text.split("; ") if text else []

    def method(self, name: str) -> Explained | None:
        """What one method explains, None where it was not tried."""
        return next((one for one in self.explained if one.name == name), None)

    def text(self) -> str:
        """The page of the terminal."""
        from rainsmith.inspection.text import page_of_text

        return page_of_text(self)


def look_at(config: Config, run: Run) -> Inspection:
    """Measure the store of a run.

    Raises:
        UserError: ``prepare`` has not run here, or its store is damaged.
    """
    store = run.open_store()
    if store.nbytes <= IN_MEMORY:
        store = store.load()
    with large_arrays_in(run.folder):
        rain = measure_rain(store, config.data.wet_mm)
        sources = sources_of(store)
        return Inspection(
            config=config,
            store=store,
            rain=rain,
            splits=figures_of_splits(store, rain),
            months=record_by_month(store),
            gaps=gaps(store[TIME]),
            largest=largest_values(store, rain),
            sources=sources,
            extents=extents_of(store, sources),
            lags=lag_correlations(store, rain),
            explained=explained(store),
            said=said_by_prepare(store),
            cut=cut_seasons(store[TIME], store["split"].values),
            path=run.folder / "inspect.html",
        )
