"""One pass over members and observations sums the daily terms by week; scores and intervals come from these sums."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import dask
import numpy as np
import xarray as xr
from dask.base import compute
from dask.delayed import delayed
from dask.system import CPU_COUNT

from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import release
from rainsmith.metrics.bootstrap import calendar_blocks, resampling_weights
from rainsmith.metrics.core import POOLING, Pairs, Settings, Terms, joined, pair, pool
from rainsmith.metrics.registry import Metric

PART = "part"
_MOST_DAYS = 32  # [days] of one block; what is worked out of it stays near the processor
_MOST_BYTES = 16 * 2**20  # [bytes] of the members of one block; scores hold about eight times that
_AT_ONCE = 4  # blocks that are read and measured at the same time, at most, however many cores there are


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

    Dask measures a few blocks of days at a time. They are added in the order of the days, so that the sums do not
    depend on the number of cores.

    Args:
        pieces: consecutive slices of the days with their members (time, member, y, x) [mm/day], lazy or not.
        obs: (time, y, x) [mm/day], all the days.
        parts: the parts of all the days.
        settings: thresholds and seed.
        metrics: the metrics whose terms are summed.
        watch: called for each block, in order, with the positions of its days and with its members and observation.
    """
    every = dict.fromkeys(terms for metric in metrics for terms in metric.terms)
    sums: dict[Terms, dict[Hashable, xr.Variable]] = {terms: {} for terms in every}
    coords: dict[Terms, Mapping[Hashable, xr.Variable]] = {}
    daily: list[dict[Hashable, np.ndarray]] = []

    def measure(fcst: xr.DataArray, truth: xr.DataArray) -> _Measured:
        pairs = pair(fcst, truth)
        return pairs, {terms: terms(pairs, settings) for terms in every}

    for days, (pairs, measured) in _in_order(measure, _blocks(pieces, obs)):
        daily.append({})
        for terms, values in measured.items():
            coords[terms] = {name: values.variables[name] for name in values.coords}
            of_days = {name: values.variables[name] for name in values.data_vars}
            _add(sums[terms], of_days, parts.of_day[days], len(parts.block))
            daily[-1] |= {name: term.values for name, term in of_days.items() if term.dims == (TIME,)}
        if watch is not None:
            watch(days, pairs)
    by_terms = {terms: xr.Dataset(sums[terms], coords=coords[terms]) for terms in every}
    whole = {name: (TIME, np.concatenate([one[name] for one in daily])) for name in daily[0]}
    return Tally(by_terms, xr.Dataset(whole, coords={TIME: obs[TIME]}))


Block = tuple[np.ndarray, xr.DataArray, xr.DataArray]
_Measured = tuple[Pairs, dict[Terms, xr.Dataset]]


def days_of_block(fcst: xr.DataArray) -> int:
    """[days] Length of the blocks in which members (time, member, y, x) are read and measured."""
    a_day = 4 * (fcst.size // max(fcst.sizes[TIME], 1))
    step = int(np.clip(_MOST_BYTES // max(a_day, 1), 1, _MOST_DAYS))
    chunk = int(fcst.chunksizes[TIME][0]) if fcst.chunks else 1
    return step // chunk * chunk or step


def _blocks(pieces: Iterable[tuple[slice, xr.DataArray]], obs: xr.DataArray) -> Iterator[Block]:
    """Positions, members and observation of a few days at a time, in whole chunks where the members are on disk."""
    for piece, fcst in pieces:
        days = np.arange(obs.sizes[TIME])[piece]
        step = days_of_block(fcst)
        for start in range(0, len(days), step):
            chosen = slice(start, start + step)
            yield days[chosen], fcst.isel({TIME: chosen}), obs.isel({TIME: days[chosen]})


def _in_order(
    measure: Callable[[xr.DataArray, xr.DataArray], _Measured], blocks: Iterator[Block]
) -> Iterator[tuple[np.ndarray, _Measured]]:
    """Measure a few blocks at the same time, hold only those, and give them in the order of the days."""
    at_once = min(_AT_ONCE, dask.config.get("num_workers", None) or CPU_COUNT)
    while batch := list(itertools.islice(blocks, at_once)):
        jobs = [delayed(measure, pure=False)(fcst, obs) for _, fcst, obs in batch]
        measured = compute(*jobs)  # type: ignore[no-untyped-call]
        yield from zip([days for days, _, _ in batch], measured, strict=True)
        for _, fcst, obs in batch:
            release(fcst)
            release(obs)


def _add(
    sums: dict[Hashable, xr.Variable], terms: Mapping[Hashable, xr.Variable], part: np.ndarray, parts: int
) -> None:
    """Add the terms of some days to the sums of their parts.

    Args:
        sums: (part, ...) by name; a term that is not there yet begins with zeros.
        terms: (time, ...) by name.
        part: (time,) the part of each day.
        parts: number of parts.
    """
    days_of = [(row, np.flatnonzero(part == row)) for row in np.unique(part)]
    for name, term in terms.items():
        if name not in sums:
            kind = np.float32 if term.dtype == np.float32 else np.float64
            shape = (parts, *term.shape[1:])
            sums[name] = xr.Variable((PART, *term.dims[1:]), np.zeros(shape, dtype=kind), attrs=term.attrs)
        total, rows = sums[name].values, term.values
        for row, days in days_of:
            if term.attrs.get(POOLING) == "max":
                total[row] = np.maximum(total[row], rows[days].max(axis=0))
            else:
                total[row] += rows[days].sum(axis=0)
