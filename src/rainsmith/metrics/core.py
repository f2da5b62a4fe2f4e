"""Terms of scores: sums over days, so that one pass over the data serves every metric and every resample.

A *term* is what one day adds to a sum. A metric names its terms and gives the formula of their sums. Point value,
day set and bootstrap resample differ only in how often each day is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, X, Y, day_numbers

CELL = "cell"
SERIES = "series"
"""Dimension of the members, in order, and then the observation: one formula measures all of them."""
THRESHOLD = "threshold"
SCALE = "scale"
MODES = ("prior", "posterior")

POOLING = "pooling"
"""Attribute of a term: ``max`` where days are pooled by their maximum, not by their sum."""


@dataclass(frozen=True)
class Settings:
    """Thresholds and other numbers that scores take from the data or the configuration.

    Attributes:
        wet_mm: [mm/day] a cell is wet at or above it.
        p90: [mm/day] P90 of the training days. It is 0 where that quantile is not rain; scores then leave it out. The
            same holds for the next two.
        p95: [mm/day] P95 of the training days, where ``mae_tail`` begins.
        p99: [mm/day] P99 of the training days, where ``twcrps_p99`` begins.
        thresholds_mm: [mm/day] fixed thresholds of the scores of events, beside the three quantiles.
        seed: seed of the random ranks among equal amounts.
        coarsen: [cells] side of the blocks whose means are the coarse rain; 0 where there are none.
        scales: [cells] sides of the windows of the fractions skill score.
    """

    wet_mm: float = 0.1
    p90: float = float("nan")
    p95: float = float("nan")
    p99: float = float("nan")
    thresholds_mm: tuple[float, ...] = (20.0, 50.0, 100.0)
    seed: int = 0
    coarsen: int = 0
    scales: tuple[int, ...] = (1, 3, 7, 15)


@dataclass(frozen=True)
class Pairs:
    """Members and observation of some days at their valid cells.

    A cell-day is valid where the observation and all members are finite. An invalid one is 0 in every series, so
    that it adds nothing to a sum of amounts or errors; counts leave it out.

    Attributes:
        fields: (time, series, cell) float32 [mm/day]; members first, the observation last.
        valid: (time, cell) bool.
        lost: (time,) cells with an observation where a member is missing.
        cells: (cell,) index of each cell in the flattened grid.
        grid: number of rows and columns.
        days: (time,) the day as YYYYMMDD, or its index where the input has no time coordinate.
    """

    fields: np.ndarray
    valid: np.ndarray
    lost: np.ndarray
    cells: np.ndarray
    grid: tuple[int, int]
    days: np.ndarray

    @property
    def members(self) -> int:
        return int(self.fields.shape[1] - 1)

    @cached_property
    def forecast(self) -> xr.DataArray:
        """(time, member, cell) [mm/day], 0 where invalid."""
        return xr.DataArray(self.fields[:, :-1], dims=(TIME, MEMBER, CELL))

    @cached_property
    def observation(self) -> xr.DataArray:
        """(time, cell) [mm/day], 0 where invalid."""
        return xr.DataArray(self.fields[:, -1], dims=(TIME, CELL))

    @cached_property
    def mean(self) -> xr.DataArray:
        """(time, cell) [mm/day] of the ensemble mean."""
        return self.forecast.mean(MEMBER, dtype=np.float64)

    @cached_property
    def similarity(self) -> tuple[np.ndarray, np.ndarray]:
        """Products (time, series, series) and sums (time, series) over cells, in double precision."""
        fields = self.fields.astype(np.float64)
        return fields @ fields.swapaxes(1, 2), fields.sum(axis=2)


def in_float32(thresholds: float | np.ndarray) -> np.ndarray:
    """The smallest float32 that are not below some thresholds: amounts in float32 are at or above both or neither.

    Numbers of one type are compared ten times as fast as numbers of two.
    """
    exact = np.asarray(thresholds, dtype=np.float64)
    near = exact.astype(np.float32)
    return np.where(near < exact, np.nextafter(near, np.float32(np.inf)), near)


def pair(fcst: xr.DataArray, obs: xr.DataArray) -> Pairs:
    """Put the members beside the observation, at the cells that are valid on at least one day.

    Args:
        fcst: (time, member, y, x) [mm/day], NaN where invalid; without ``member`` it is a single-valued forecast.
        obs: (time, y, x) [mm/day], NaN where invalid.

    Raises:
        ValueError: the two differ in days or grid, or have other dimensions.
    """
    if MEMBER not in fcst.dims:
        fcst = fcst.expand_dims(MEMBER, axis=1)
    if set(fcst.dims) != {TIME, MEMBER, Y, X} or set(obs.dims) != {TIME, Y, X}:
        raise ValueError(
            f"found fcst {fcst.dims} and obs {obs.dims}; expected (time, member, y, x) and (time, y, x); rename them"
        )
    members = fcst.transpose(TIME, MEMBER, Y, X)
    truth = obs.transpose(TIME, Y, X)
    if members.shape[:1] + members.shape[2:] != truth.shape:
        raise ValueError(
            f"found fcst {members.shape} and obs {truth.shape}; expected the same days and grid; select them"
        )
    days = _days(truth)
    if not np.array_equal(_days(members), days):
        raise ValueError("found different days in fcst and obs; expected the same, in the same order; select them")

    count, size = members.sizes[MEMBER], (truth.sizes[Y], truth.sizes[X])
    forecast = members.values.reshape(len(days), count, -1)
    observed = truth.values.reshape(len(days), -1)
    known = np.isfinite(observed)
    valid = known & np.isfinite(forecast).all(axis=1)
    lost = (known & ~valid).sum(axis=1)
    cells = np.flatnonzero(valid.any(axis=0))
    if cells.size == 0:  # a cell that counts nowhere spares every term the empty case
        cells = np.zeros(1, dtype=np.int64)
    valid = valid[:, cells]
    fields = np.empty((len(days), count + 1, len(cells)), dtype=np.float32)
    fields[:, :-1] = forecast[:, :, cells]
    fields[:, -1] = observed[:, cells]
    if not valid.all():
        np.copyto(fields, 0.0, where=~valid[:, None, :])
    return Pairs(fields, valid, lost, cells, size, days)


def _days(array: xr.DataArray) -> np.ndarray:
    if TIME in array.coords:
        return day_numbers(array[TIME])
    return np.arange(array.sizes[TIME])


Terms = Callable[[Pairs, Settings], xr.Dataset]
"""Daily terms (time, ...) of some pairs."""
Formula = Callable[[xr.Dataset], xr.DataArray]
"""A score of pooled terms; dimensions that it does not know (``resample``) pass through."""


def daily_terms(terms: Iterable[Terms], pairs: Pairs, settings: Settings) -> xr.Dataset:
    """All terms of some days, each computed once."""
    return joined(term(pairs, settings) for term in dict.fromkeys(terms))


def joined(parts: Iterable[xr.Dataset]) -> xr.Dataset:
    """The variables of several datasets on the same rows in one; ``xr.merge`` would compare all their values.

    Raises:
        ValueError: two terms have one name, or one coordinate has two values.
    """
    variables: dict[Hashable, xr.Variable] = {}
    coords: dict[Hashable, xr.Variable] = {}
    for part in parts:
        for name, variable in part.variables.items():
            known = variables.get(name, coords.get(name))
            if known is None:
                (coords if name in part.coords else variables)[name] = variable
            elif known is not variable and not (name in coords and np.array_equal(known.values, variable.values)):
                raise ValueError(f"found two terms '{name}'; expected one of each name; rename one")
    return xr.Dataset(variables, coords=coords)


def pool(terms: xr.Dataset, weights: np.ndarray) -> xr.Dataset:
    """Sum (or take the maximum of) terms over their rows, each row counted as often as its weight says.

    Args:
        terms: variables (row, ...), where row is their first dimension.
        weights: (resample, row), counts.

    Returns:
        The same variables, (resample, ...).
    """
    pooled: dict[Hashable, xr.Variable] = {}
    used = weights.any(axis=0)
    used |= not used.any()
    weights = weights[:, used]
    for name, term in terms.variables.items():
        if name in terms.coords:
            continue
        rows = (term.values if used.all() else term.values[used]).reshape(weights.shape[1], -1)
        if term.attrs.get(POOLING) == "max":
            total = np.where(weights[:, :, None] > 0, rows[None], -np.inf).max(axis=1)
        else:
            kind = rows.dtype if rows.dtype == np.float32 else np.float64
            total = weights.astype(kind) @ rows.astype(kind, copy=False)
        pooled[name] = xr.Variable(("resample", *term.dims[1:]), total.reshape(len(weights), *term.shape[1:]))
    row = terms[next(iter(terms))].dims[0]
    coords = {name: terms.variables[name] for name in terms.coords if row not in terms.variables[name].dims}
    return xr.Dataset(pooled, coords=coords)
