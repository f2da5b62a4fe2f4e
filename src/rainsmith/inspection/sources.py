"""The sources of a store: where they lie, their units, days and fit to the rain, and what preparation said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, SPLITS, TIME, X_LR, Y_LR
from rainsmith.data.analogs import ordinals
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.found import outline
from rainsmith.inspection.rain import Rain

LAGS = (-1, 0, 1)
"""[days] From the target's day to the day of the predictor."""
MOST_AROUND = 8.0
"""A map of extents reaches so many times the size of the target beyond it."""
COARSE = "coarse grid"
"""The name of the grid of the predictors among the extents."""


@dataclass(frozen=True)
class Source:
    """One source as ``prepare`` found it.

    Attributes:
        kind: target, predictor or static.
        name: what it is called.
        unit_found: in its files or the configuration, "" where none is known.
        unit: in which it is used.
        factor: by which its values were multiplied.
        shape: numbers of rows and columns.
        spacing: [km] of rows and of columns; empty where it is unknown.
        outline: (point, 2) longitude and latitude of its border; empty where its place is unknown.
        first, last: its first and last day, YYYYMMDD; 0 for a static map.
        days: number of days.
    """

    kind: str
    name: str
    unit_found: str
    unit: str
    factor: float
    shape: tuple[int, int]
    spacing: tuple[float, ...]
    outline: np.ndarray
    first: int = 0
    last: int = 0
    days: int = 0


@dataclass(frozen=True)
class LagCorrelation:
    """Correlation of the mean rain with the mean of a predictor on each of ``LAGS``; NaN where it is unknown."""

    name: str
    correlations: tuple[float, ...]

    @property
    def strength(self) -> float:
        """The largest absolute correlation."""
        known = np.abs(self.correlations)
        return float(np.nanmax(known)) if np.isfinite(known).any() else 0.0


def sources_of(store: xr.Dataset) -> list[Source]:
    """What ``prepare`` noted of each source; none for a store of another kind, or of an earlier version."""
    try:
        return [_source(one) for one in _texts(store, "sources_found")]
    except (KeyError, TypeError, ValueError):  # of another version
        return []


def _source(one: dict[str, Any]) -> Source:
    return Source(
        kind=str(one["kind"]),
        name=str(one["name"]),
        unit_found=str(one["unit_found"]),
        unit=str(one["unit"]),
        factor=float(one["factor"]),
        shape=(int(one["rows"]), int(one["columns"])),
        spacing=tuple(float(km) for km in one["spacing"]),
        outline=np.asarray(one["outline"], dtype=float).reshape(-1, 2),
        first=int(one.get("first", 0)),
        last=int(one.get("last", 0)),
        days=int(one.get("days", 0)),
    )


def grouped(sources: Sequence[Source]) -> list[tuple[list[str], Source]]:
    """Sources that differ in nothing but their names share a row: the names, and the first of them."""
    groups: dict[tuple[Any, ...], list[Source]] = {}
    for one in sources:
        key = (one.kind, one.unit_found, one.unit, one.factor, one.shape, one.spacing, one.first, one.last)
        groups.setdefault(key, []).append(one)
    return [([one.name for one in group], group[0]) for group in groups.values()]


def extents_of(store: xr.Dataset, sources: list[Source]) -> dict[str, np.ndarray]:
    """Borders (point, 2) of longitude and latitude by name; sources with one border share a name.

    The target and the coarse grid come first. Without notes of ``prepare`` they are those of the store.
    """
    named = [(source.name, source.outline) for source in sources if len(source.outline)]
    if not any(source.kind == "target" for source in sources):
        named.insert(0, ("target", np.asarray(outline(Grid.of(store["precip"]))).reshape(-1, 2)))
    named.insert(1, (COARSE, np.asarray(outline(Grid.of(store, "_lr"))).reshape(-1, 2)))
    groups: list[tuple[list[str], np.ndarray]] = []
    for name, border in named:
        if not len(border):
            continue
        same = next((names for names, other in groups if _same(border, other)), None)
        if same is None:
            groups.append(([name], border))
        else:
            same.append(name)
    return {_listed(names): border for names, border in groups}


def said_by_prepare(store: xr.Dataset) -> list[str]:
    """The notices and lines of ``prepare``, in their order."""
    return [str(line) for line in _texts(store, "prepare_said")]


def lag_correlations(store: xr.Dataset, rain: Rain) -> list[LagCorrelation]:
    """How well each predictor fits the rain on the day before, the same day and the day after, the best first.

    Those of files were measured by ``prepare`` on all their days. For other kinds of data each channel of the store is
    compared on the training days; block means of the target are left out, since they are the rain.
    """
    noted = str(store.attrs.get("correlations_at_lags", ""))
    if noted:
        fits = []
        for text in noted.split("; "):
            name, *values = text.rsplit(" ", len(LAGS))
            fits.append(LagCorrelation(name, tuple(float(value) for value in values)))
        return sorted(fits, key=lambda fit: -fit.strength)
    if int(store.attrs.get("coarsen", 0)):
        return []
    training = store["split"].values == SPLITS.index("train")
    day = ordinals(store[TIME])
    fits = []
    for name in store[CHANNEL].values:
        if str(name).startswith("season_"):
            continue
        series = store["predictors"].sel({CHANNEL: name}).mean((Y_LR, X_LR)).values
        fits.append(
            LagCorrelation(str(name), tuple(_correlation(rain.mean, series, day, training, lag) for lag in LAGS))
        )
    return sorted(fits, key=lambda fit: -fit.strength)


def _correlation(rain: np.ndarray, series: np.ndarray, day: np.ndarray, chosen: np.ndarray, lag: int) -> float:
    place = np.clip(np.searchsorted(day, day + lag), 0, len(day) - 1)
    both = chosen & (day[place] == day + lag) & chosen[place] & np.isfinite(rain) & np.isfinite(series[place])
    x, y = rain[both], series[place][both]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _texts(store: xr.Dataset, name: str) -> list[Any]:
    """A list that ``prepare`` wrote as text; empty where there is none or it cannot be read."""
    try:
        values = json.loads(str(store.attrs.get(name, "[]")))
    except json.JSONDecodeError:
        return []
    return values if isinstance(values, list) else []


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two borders enclose the same box, to a fiftieth of its size."""
    if not len(one) or not len(other):
        return False
    bounds = [np.concatenate([border.min(axis=0), border.max(axis=0)]) for border in (one, other)]
    size = float(np.ptp(bounds[1].reshape(2, 2), axis=0).max())
    return bool(np.abs(bounds[0] - bounds[1]).max() <= 0.02 * max(size, 1e-6))


def _listed(names: list[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:4]) + (f" and {len(unique) - 4} more" if len(unique) > 4 else "")


def window_of(extents: dict[str, np.ndarray]) -> tuple[float, float, float, float]:
    """The part of the world that is shown: west, east, south, north [degrees].

    It holds all borders, but reaches no farther from the first of them, the target, than ``MOST_AROUND`` of its size.
    """
    target = next(iter(extents.values()))
    low, high = target.min(axis=0), target.max(axis=0)
    reach = MOST_AROUND * max(float((high - low).max()), 1.0)
    low = np.maximum(np.min([border.min(axis=0) for border in extents.values()], axis=0), low - reach)
    high = np.minimum(np.max([border.max(axis=0) for border in extents.values()], axis=0), high + reach)
    edge = 0.03 * max(float((high - low).max()), 1.0)
    return float(low[0] - edge), float(high[0] + edge), float(low[1] - edge), float(high[1] + edge)
