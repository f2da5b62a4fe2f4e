"""One pass over members and observations that sums terms over weeks: all that scores and their intervals need."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dask
import numpy as np
import xarray as xr
from dask.base import compute
from dask.delayed import delayed
from dask.system import CPU_COUNT

from rainsmith.base.dims import MEMBER, TIME
from rainsmith.metrics.bootstrap import calendar_blocks, interval, resampling_weights
from rainsmith.metrics.core import POOLING, Pairs, Settings, daily_terms, pair, pool
from rainsmith.metrics.registry import Metric

PART = "part"
_MOST_DAYS = 64  # [days] of one block
_MOST_BYTES = 16 * 2**20  # [bytes] of the members of one block; scores hold about eight times that
_AT_ONCE = 4  # blocks that are read and measured at the same time, at most, however many cores there are
_RESAMPLES_BYTES = 64 * 2**20  # [bytes] of resampled terms held at once


@dataclass(frozen=True)
class Parts:
    """Days of one block (week) that belong to the same day sets: the rows of a tally.

    Attributes:
        of_day: (time,) the part of each day.
        block: (part,) the block of each part.
        in_set: for each day set, (part,) bool.
    """

    of_day: np.ndarray
    block: np.ndarray
    in_set: Mapping[str, np.ndarray]

    def weights(self, day_set: str, resamples: int, *, seed: int) -> np.ndarray:
        """Weights of the parts, (1 + resamples, part).

        The first row takes every part of the day set once. Each further row is a resample: it draws as many blocks
        as the set has. A set of a single block has no resamples, because each would be the set itself.
        """
        chosen = self.in_set[day_set]
        blocks, place = np.unique(self.block[chosen], return_inverse=True)
        weights = np.zeros((1 + (resamples if len(blocks) > 1 else 0), len(chosen)))
        weights[:, chosen] = resampling_weights(len(blocks), len(weights) - 1, seed=seed)[:, place]
        return weights


def partition(time: xr.DataArray, day_sets: Mapping[str, np.ndarray], *, block_days: int) -> Parts:
    """Group days by block and membership in day sets.

    Args:
        time: (time,) dates.
        day_sets: for each name, (time,) bool.
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
        by_part: terms (part, ...).
        daily: the terms that are one number a day, (time).
    """

    by_part: xr.Dataset
    daily: xr.Dataset

    def pooled(self, weights: np.ndarray) -> xr.Dataset:
        """Terms with each part counted as often as ``weights`` (part,) says."""
        return pool(self.by_part, weights[None]).isel(resample=0)


def tally(
    fcst: xr.DataArray,
    obs: xr.DataArray,
    *,
    parts: Parts,
    settings: Settings,
    metrics: Iterable[Metric],
    advance: Callable[[int], object] = lambda days: None,
) -> Tally:
    """Sum the terms of the metrics over each part, reading a few days at a time.

    Args:
        fcst: (time, member, y, x) [mm/day], lazy or not.
        obs: (time, y, x) [mm/day], the same days.
        parts: of the same days.
        settings: thresholds and seed.
        metrics: whose terms are summed.
        advance: called with the number of days done.
    """
    pieces = [(slice(0, fcst.sizes[TIME]), fcst)]
    return tally_pieces(
        pieces, obs, parts=parts, settings=settings, metrics=metrics, watch=lambda days, _: advance(len(days))
    )


def tally_pieces(
    pieces: Iterable[tuple[slice, xr.DataArray]],
    obs: xr.DataArray,
    *,
    parts: Parts,
    settings: Settings,
    metrics: Iterable[Metric],
    watch: Callable[[np.ndarray, Pairs], object] = lambda days, pairs: None,
) -> Tally:
    """Sum the terms of members that come in pieces; what is held at once does not grow with the number of days.

    Blocks of days are measured by dask, a few at a time, and added in the order of the days: the sums do not depend
    on the number of cores.

    Args:
        pieces: consecutive slices of the days with their members (time, member, y, x) [mm/day], lazy or not.
        obs: (time, y, x) [mm/day], all the days.
        parts: of all the days.
        settings: thresholds and seed.
        metrics: whose terms are summed.
        watch: called with the positions of the days of each block, in order, and with their members and observation.
    """
    terms = [term for metric in metrics for term in metric.terms]
    sums: dict[str, xr.Variable] = {}
    daily: list[xr.Dataset] = []
    coords: Mapping[object, xr.DataArray] = {}

    def measure(fcst: xr.DataArray, truth: xr.DataArray) -> tuple[Pairs, xr.Dataset]:
        pairs = pair(fcst, truth)
        return pairs, daily_terms(terms, pairs, settings)

    for days, (pairs, values) in _in_order(measure, _blocks(pieces, obs)):
        coords = values.coords
        _add(sums, values, parts.of_day[days], len(parts.block))
        daily.append(values[[name for name, term in values.data_vars.items() if term.dims == (TIME,)]])
        watch(days, pairs)
    return Tally(xr.Dataset(sums, coords=coords), xr.concat(daily, TIME).assign_coords({TIME: obs[TIME]}))


Block = tuple[np.ndarray, xr.DataArray, xr.DataArray]
_Measured = tuple[Pairs, xr.Dataset]


def _blocks(pieces: Iterable[tuple[slice, xr.DataArray]], obs: xr.DataArray) -> Iterator[Block]:
    """Positions, members and observation of a few days at a time, in whole chunks where the members are on disk."""
    for piece, fcst in pieces:
        days = np.arange(obs.sizes[TIME])[piece]
        a_day = 4 * (fcst.size // max(len(days), 1))
        step = int(np.clip(_MOST_BYTES // max(a_day, 1), 1, _MOST_DAYS))
        chunk = fcst.chunksizes[TIME][0] if fcst.chunks else 1
        step = step // chunk * chunk or step
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


def _add(sums: dict[str, xr.Variable], values: xr.Dataset, part: np.ndarray, parts: int) -> None:
    for key, term in values.data_vars.items():
        name = str(key)
        if name not in sums:
            kind = np.float32 if term.dtype == np.float32 else np.float64
            shape = (parts, *term.shape[1:])
            sums[name] = xr.Variable((PART, *term.dims[1:]), np.zeros(shape, dtype=kind), attrs=term.attrs)
        total, rows = sums[name].values, term.values
        for row in np.unique(part):
            chosen = rows[part == row]
            if term.attrs.get(POOLING) == "max":
                total[row] = np.maximum(total[row], chosen.max(axis=0))
            else:
                total[row] += chosen.sum(axis=0)


@dataclass(frozen=True)
class Estimate:
    """A score on one day set, with its interval.

    Attributes:
        value: () or (threshold).
        lower: like ``value``, 5 % of the resamples.
        upper: like ``value``, 95 %.
        observed: like ``value``, where the metric is measured on the observation, too.
        by_member: (member), where it is measured on each member.
    """

    value: xr.DataArray
    lower: xr.DataArray
    upper: xr.DataArray
    observed: xr.DataArray | None = None
    by_member: xr.DataArray | None = None


def resampled(terms: xr.Dataset, weights: np.ndarray, metrics: Sequence[Metric]) -> dict[str, xr.DataArray]:
    """Compute every metric on the days themselves and on every resample of them, (1 + resamples, ...).

    Args:
        terms: (part, ...), of a ``Tally``.
        weights: (1 + resamples, part), of ``Parts.weights``; the first row counts every day once.
        metrics: that the terms are for.
    """
    blocks: dict[str, list[xr.DataArray]] = {metric.name: [] for metric in metrics}
    step = int(np.clip(_RESAMPLES_BYTES * terms.sizes[PART] // max(terms.nbytes, 1), 1, len(weights)))
    for start in range(0, len(weights), step):
        drawn = pool(terms, weights[start : start + step])
        for metric in metrics:
            blocks[metric.name].append(metric.value(drawn).transpose("resample", ...))
    return {name: parts[0] if len(parts) == 1 else xr.concat(parts, "resample") for name, parts in blocks.items()}


def scores(terms: xr.Dataset, weights: np.ndarray, metrics: Sequence[Metric]) -> dict[str, Estimate]:
    """Compute every metric with its interval from the sums of parts and their weights.

    Args:
        terms: (part, ...), of a ``Tally``.
        weights: (1 + resamples, part), of ``Parts.weights``.
        metrics: that the terms are for.
    """
    used = weights.any(axis=0)
    if not used.all():
        terms, weights = terms.isel({PART: used}), weights[:, used]
    values = resampled(terms, weights, metrics)
    itself = pool(terms, weights[:1]).isel(resample=0)
    estimates = {}
    for metric in metrics:
        value = values[metric.name].isel(resample=0)
        lower = upper = xr.full_like(value, np.nan)
        if len(weights) > 1:
            lower, upper = (value.copy(data=bound) for bound in interval(values[metric.name].values))
        beside = metric.each(itself) if metric.beside else (None, None)
        estimates[metric.name] = Estimate(value, lower, upper, *beside)
    return estimates


def score_days(
    fcst: xr.DataArray, obs: xr.DataArray, metrics: Iterable[Metric], *, settings: Settings, mode: str = "prior"
) -> dict[str, float]:
    """Score some days by some metrics, without intervals: what a validation during training needs.

    Args:
        fcst: (time, member, y, x) [mm/day].
        obs: (time, y, x) [mm/day].
        metrics: those that do not apply to the number of members or the mode are left out.
        settings: thresholds and seed.
        mode: ``prior`` or ``posterior``.

    Returns:
        The value by metric name; with ``observed_`` before the name, the value of the observation.
    """
    count = fcst.sizes.get(MEMBER, 1)
    chosen = [metric for metric in metrics if metric.applies(count, mode, settings)]
    days = np.ones(obs.sizes[TIME], dtype=bool)
    parts = Parts(np.zeros(len(days), dtype=np.int64), np.zeros(1, dtype=np.int64), {"all": np.ones(1, dtype=bool)})
    sums = tally(fcst, obs, parts=parts, settings=settings, metrics=chosen).by_part
    values: dict[str, float] = {}
    for name, estimate in scores(sums, np.ones((1, 1)), chosen).items():
        if estimate.value.ndim == 0:
            values[name] = float(estimate.value)
            if estimate.observed is not None:
                values[f"observed_{name}"] = float(estimate.observed)
    return values
