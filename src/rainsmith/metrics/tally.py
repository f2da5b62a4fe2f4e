"""One pass over members and observations sums the daily terms by week; scores and intervals come from these sums."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import release
from rainsmith.base.workers import active, in_order
from rainsmith.metrics.bootstrap import calendar_blocks, resampling_weights
from rainsmith.metrics.core import POOLING, Pairs, Settings, Terms, joined, pair, pool
from rainsmith.metrics.registry import Metric

PART = "part"
_MOST_DAYS = 32  # [days] of one block; what is worked out of it stays near the processor
_MOST_BYTES = 16 * 2**20  # [bytes] of the members of one block; scores hold about eight times that
_AT_ONCE = 4  # blocks that threads read and measure at the same time, at most, however many cores there are


@dataclass(frozen=True)
class Parts:
    """The rows of a tally: each part holds the days of one block (week) that belong to the same day sets.

    Attributes:
        of_day: (time,) number of the part of each day.
        block: (part,) number of the block of each part.
        in_set: (part,) bool by name of day set: whether the part belongs to it.
    """

    of_day: np.ndarray
    block: np.ndarray
    in_set: Mapping[str, np.ndarray]

    def weights(self, day_set: str, resamples: int, *, seed: int) -> np.ndarray:
        """How often each part is counted: (1 + resamples, part).

        The first row takes every part of the day set once. Each further row is a resample: it draws as many blocks
        as the set has. A set of a single block has no resamples, because each would be the set itself.

        Args:
            day_set: name of the day set.
            resamples: number of resamples.
            seed: of the draws.
        """
        chosen = self.in_set[day_set]
        blocks, place = np.unique(self.block[chosen], return_inverse=True)
        weights = np.zeros((1 + (resamples if len(blocks) > 1 else 0), len(chosen)))
        weights[:, chosen] = resampling_weights(len(blocks), len(weights) - 1, seed=seed)[:, place]
        return weights


def partition(time: xr.DataArray, day_sets: Mapping[str, np.ndarray], *, block_days: int) -> Parts:
    """Group days by their block and by the day sets to which they belong.

    Args:
        time: (time,) dates.
        day_sets: (time,) bool by name of day set.
        block_days: [days] length of a block.
    """
    keys = np.column_stack(
        [calendar_blocks(time, block_days), *[chosen.astype(np.int64) for chosen in day_sets.values()]]
    )
    rows, of_day = np.unique(keys, axis=0, return_inverse=True)
    return Parts(of_day.reshape(-1), rows[:, 0], {name: rows[:, i + 1].astype(bool) for i, name in enumerate(day_sets)})


@dataclass(frozen=True)
class Tally:
    """Sums of the terms of one forecast.

    Attributes:
        by_terms: what each function of terms gives, (part, ...).
        daily: (time,) the terms that are one number a day.
    """

    by_terms: Mapping[Terms, xr.Dataset]
    daily: xr.Dataset

    @cached_property
    def by_part(self) -> xr.Dataset:
        """All terms, (part, ...)."""
        return joined(self.by_terms.values())

    def needed_by(self, metric: Metric) -> xr.Dataset:
        """The terms (part, ...) of one metric."""
        return joined(self.by_terms[terms] for terms in metric.terms)

    def pooled(self, weights: np.ndarray) -> xr.Dataset:
        """The terms pooled over parts, each counted as often as ``weights`` (part,) says."""
        return pool(self.by_part, weights[None]).isel(resample=0)


def tally(
    fcst: xr.DataArray,
    obs: xr.DataArray,
    *,
    parts: Parts,
    settings: Settings,
    metrics: Iterable[Metric],
) -> Tally:
    """Sum the terms of the metrics over each part, reading a few days at a time.

    Args:
        fcst: (time, member, y, x) [mm/day], lazy or not.
        obs: (time, y, x) [mm/day], the same days.
        parts: the parts of the same days.
        settings: thresholds and seed.
        metrics: the metrics whose terms are summed.
    """
    pieces = [(slice(0, fcst.sizes[TIME]), fcst)]
    return tally_pieces(pieces, obs, parts=parts, settings=settings, metrics=metrics)


def tally_pieces(
    pieces: Iterable[tuple[slice, xr.DataArray]],
    obs: xr.DataArray,
    *,
    parts: Parts,
    settings: Settings,
    metrics: Iterable[Metric],
    watch: Callable[[np.ndarray, Pairs], object] | None = None,
) -> Tally:
    """Sum the terms of members that come in pieces; the memory in use does not grow with the number of days.

    Threads, or the workers of a dask cluster, measure a few blocks of days at a time. They are added in the order of
    the days, so that the sums do not depend on the number of cores or workers.

    Args:
        pieces: consecutive slices of the days with their members (time, member, y, x) [mm/day], lazy or not.
        obs: (time, y, x) [mm/day], all the days.
        parts: the parts of all the days.
        settings: thresholds and seed.
        metrics: the metrics whose terms are summed.
        watch: called for each block, in order, with the positions of its days and with its members and observation.
    """
    every = tuple(dict.fromkeys(terms for metric in metrics for terms in metric.terms))
    measure = _Measure(every, settings, with_pairs=watch is not None)
    sums: list[dict[Hashable, xr.Variable]] = [{} for _ in every]
    daily: list[Mapping[Hashable, np.ndarray]] = []
    coords: list[Mapping[Hashable, xr.Variable]] = []
    jobs = ((*job, parts.of_day[job[0]]) for job in _blocks(pieces, obs))
    for (days, fcst, truth, *_), measured in in_order(measure, jobs, threads=_AT_ONCE):
        for block in measured:
            for total, by_part in zip(sums, block.by_part, strict=True):
                _add(total, by_part, block.rows, len(parts.block))
            daily.append(block.daily)
            coords = block.coords
            if watch is not None and block.pairs is not None:
                watch(days[block.days], block.pairs)
        release(fcst)
        release(truth)
    by_terms = {terms: xr.Dataset(sums[i], coords=coords[i]) for i, terms in enumerate(every)}
    whole = {name: (TIME, np.concatenate([one[name] for one in daily])) for name in daily[0]}
    return Tally(by_terms, xr.Dataset(whole, coords={TIME: obs[TIME]}))


Block = tuple[np.ndarray, xr.DataArray, xr.DataArray, int]


def days_of_block(fcst: xr.DataArray) -> int:
    """[days] Length of the blocks in which members (time, member, y, x) are measured."""
    a_day = 4 * (fcst.size // max(fcst.sizes[TIME], 1))
    step = int(np.clip(_MOST_BYTES // max(a_day, 1), 1, _MOST_DAYS))
    chunk = int(fcst.chunksizes[TIME][0]) if fcst.chunks else 1
    return step // chunk * chunk or step


def _blocks(pieces: Iterable[tuple[slice, xr.DataArray]], obs: xr.DataArray) -> Iterator[Block]:
    """Positions, members and observation of a few days at a time, in whole chunks where the members are on disk.

    The last figure is the number of days that are measured at once: all of them, but a worker reads, or makes, a chunk
    that is larger only once.
    """
    for piece, fcst in pieces:
        days = np.arange(obs.sizes[TIME])[piece]
        step = days_of_block(fcst)
        chunk = fcst.chunksizes[TIME][0] if fcst.chunks else 1
        at_once = -(-chunk // step) * step if active() else step
        for start in range(0, len(days), at_once):
            chosen = slice(start, start + at_once)
            own = days[chosen]
            yield own, fcst.isel({TIME: chosen}), obs.isel({TIME: own}), step


@dataclass(frozen=True)
class _Measured:
    """One block of days.

    Attributes:
        days: the block among the days that were read with it.
        rows: (row,) the parts that it has days of.
        by_part: for each function of terms, its terms by name, (row, ...), summed over the days of each part.
        coords: for each function of terms, its coordinates.
        daily: (time,) by name, the terms that are one number a day.
        pairs: members and observation, where somebody watches.
    """

    days: slice
    rows: np.ndarray
    by_part: list[dict[Hashable, xr.Variable]]
    coords: list[Mapping[Hashable, xr.Variable]]
    daily: Mapping[Hashable, np.ndarray]
    pairs: Pairs | None


@dataclass(frozen=True)
class _Measure:
    """Measures blocks of days, in any process; sums over the days of a part are small."""

    every: tuple[Terms, ...]
    settings: Settings
    with_pairs: bool

    def __call__(
        self, days: np.ndarray, fcst: xr.DataArray, obs: xr.DataArray, step: int, part: np.ndarray
    ) -> list[_Measured]:
        """What ``_blocks`` gives, read, and the part of each day; the result has one entry for each ``step`` days."""
        blocks = [slice(start, start + step) for start in range(0, len(days), step)]
        return [self._block(one, fcst.isel({TIME: one}), obs.isel({TIME: one}), part[one]) for one in blocks]

    def _block(self, days: slice, fcst: xr.DataArray, obs: xr.DataArray, part: np.ndarray) -> _Measured:
        pairs = pair(fcst, obs)
        rows = np.unique(part)
        days_of = [np.flatnonzero(part == row) for row in rows]
        by_part: list[dict[Hashable, xr.Variable]] = []
        coords: list[Mapping[Hashable, xr.Variable]] = []
        daily: dict[Hashable, np.ndarray] = {}
        for terms in self.every:
            values = terms(pairs, self.settings)
            coords.append({name: values.variables[name] for name in values.coords})
            of_days = {name: values.variables[name] for name in values.data_vars}
            by_part.append({name: _summed(term, days_of) for name, term in of_days.items()})
            daily |= {name: term.values for name, term in of_days.items() if term.dims == (TIME,)}
        return _Measured(days, rows, by_part, coords, daily, replace(pairs) if self.with_pairs else None)


def _summed(term: xr.Variable, days_of: Sequence[np.ndarray]) -> xr.Variable:
    """A term (time, ...) pooled over the days of each part: (row, ...)."""
    values = term.values
    pool = np.max if term.attrs.get(POOLING) == "max" else np.sum
    pooled = np.stack([pool(values[days], axis=0) for days in days_of])
    return xr.Variable((PART, *term.dims[1:]), pooled, attrs=term.attrs)


def _add(
    sums: dict[Hashable, xr.Variable], terms: Mapping[Hashable, xr.Variable], rows: np.ndarray, parts: int
) -> None:
    """Add the terms of a block to the sums of their parts.

    Args:
        sums: (part, ...) by name; a term that is not there yet begins with zeros.
        terms: (row, ...) by name.
        rows: (row,) the part of each row.
        parts: number of parts.
    """
    for name, term in terms.items():
        if name not in sums:
            kind = np.float32 if term.dtype == np.float32 else np.float64
            shape = (parts, *term.shape[1:])
            sums[name] = xr.Variable(term.dims, np.zeros(shape, dtype=kind), attrs=term.attrs)
        total = sums[name].values
        if term.attrs.get(POOLING) == "max":
            total[rows] = np.maximum(total[rows], term.values)
        else:
            total[rows] += term.values
