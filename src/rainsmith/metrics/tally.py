"""One pass over members and observations that leaves sums: small, additive, and enough for every score and interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from rainsmith.arrays import MEMBER, TIME
from rainsmith.metrics.bootstrap import calendar_blocks, interval, resampling_weights
from rainsmith.metrics.core import POOLING, Metric, Settings, daily_terms, pair, pool

PART = "part"
_MOST_DAYS = 64  # [days] read at once
_MOST_BYTES = 64 * 2**20  # [bytes] of members read at once; scores hold about eight times that
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
        """(1 + resamples, part): all parts of the set once, then its blocks drawn; one block alone is not drawn."""
        chosen = self.in_set[day_set]
        blocks, place = np.unique(self.block[chosen], return_inverse=True)
        weights = np.zeros((1 + (resamples if len(blocks) > 1 else 0), len(chosen)))
        weights[:, chosen] = resampling_weights(len(blocks), len(weights) - 1, seed=seed)[:, place]
        return weights

    def on(self, days: slice) -> Parts:
        """The same parts, for some of the days."""
        return replace(self, of_day=self.of_day[days])


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

    def __add__(self, other: Tally) -> Tally:
        """The tally of these days and then those, in the same parts."""
        sums = self.by_part.copy()
        for name, term in other.by_part.data_vars.items():
            join = np.maximum if term.attrs.get(POOLING) == "max" else np.add
            sums[name] = sums[name].copy(data=join(sums[name].values, term.values))
        return Tally(sums, xr.concat([self.daily, other.daily], TIME))


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
    terms = [term for metric in metrics for term in metric.terms]
    days = fcst.sizes[TIME]
    a_day = 4 * (fcst.size // max(days, 1))
    step = int(np.clip(_MOST_BYTES // max(a_day, 1), 1, _MOST_DAYS))
    sums: dict[str, xr.Variable] = {}
    daily: list[xr.Dataset] = []
    coords: Mapping[object, xr.DataArray] = {}
    for start in range(0, days, step):
        chunk = {TIME: slice(start, start + step)}
        values = daily_terms(terms, pair(fcst.isel(chunk), obs.isel(chunk)), settings)
        coords = values.coords
        _add(sums, values, parts.of_day[chunk[TIME]], len(parts.block))
        daily.append(values[[name for name, term in values.data_vars.items() if term.dims == (TIME,)]])
        advance(values.sizes[TIME])
    return Tally(xr.Dataset(sums, coords=coords), xr.concat(daily, TIME).assign_coords({TIME: obs[TIME]}))


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
class Score:
    """One metric on one day set.

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


def scores(terms: xr.Dataset, weights: np.ndarray, metrics: Sequence[Metric]) -> dict[str, Score]:
    """Every metric with its interval, from the sums of parts and their weights.

    Args:
        terms: (part, ...), of a ``Tally``.
        weights: (1 + resamples, part), of ``Parts.weights``.
        metrics: that the terms are for.
    """
    used = weights.any(axis=0)
    if not used.all():
        terms, weights = terms.isel({PART: used}), weights[:, used]
    itself = pool(terms, weights[:1]).isel(resample=0)
    resampled: dict[str, list[xr.DataArray]] = {metric.name: [metric.value(itself)] for metric in metrics}
    step = int(np.clip(_RESAMPLES_BYTES // max(itself.nbytes, 1), 1, len(weights)))
    for start in range(1, len(weights), step):
        sums = pool(terms, weights[start : start + step])
        for metric in metrics:
            resampled[metric.name].append(metric.value(sums))
    found = {}
    for metric in metrics:
        value, *rest = resampled[metric.name]
        lower = upper = xr.full_like(value, np.nan)
        if rest:
            values = np.concatenate([value.values[None], *[chunk.transpose("resample", ...).values for chunk in rest]])
            lower, upper = (value.copy(data=bound) for bound in interval(values))
        beside = (metric.observed(itself), metric.by_member(itself)) if metric.beside else (None, None)
        found[metric.name] = Score(value, lower, upper, *beside)
    return found


def score_days(
    fcst: xr.DataArray, obs: xr.DataArray, metrics: Iterable[Metric], *, settings: Settings, mode: str = "prior"
) -> dict[str, float]:
    """Values of some metrics on some days, without intervals, as a validation during training wants them.

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
    found: dict[str, float] = {}
    for name, score in scores(sums, np.ones((1, 1)), chosen).items():
        if score.value.ndim == 0:
            found[name] = float(score.value)
            if score.observed is not None:
                found[f"observed_{name}"] = float(score.observed)
    return found
