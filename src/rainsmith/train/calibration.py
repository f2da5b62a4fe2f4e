"""A curve of the amounts brings the members' climate over some days to the observed one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from rainsmith.data.dataset import Days
from rainsmith.models.amounts_curve import LEVELS, POINTS
from rainsmith.models.generative import AT_ONCE, GenerativeModel
from rainsmith.models.noise import member_noise

MOST_DAYS, MOST_DAYS_EARLY = 2000, 500
"""Days that are drawn, evenly spaced, to bound the time; fewer while the network still learns fast."""
MEMBERS, MOST_MEMBERS = 2, 10
"""Smallest and largest number of members a day: as many on all days together as the smallest makes of the most days."""
RANGE = (0.5, 2.0)
"""Bounds of the ratio of a point: a model that is further off needs another training, not a steeper curve."""
RESAMPLES = 200
"""Resamples of weeks that say how sure a quantile is."""
_LEAST, _STEP, _BINS = 0.05, 0.005, 2500
"""Amounts are counted in bins that grow by half a per cent: from 0.05 mm to beyond 10 m."""


@dataclass(frozen=True)
class Counts:
    """How often amounts of each size came in each week; the first bin holds all that is less than ``_LEAST``.

    Attributes:
        observed: (weeks, bins).
        drawn: (weeks, bins), of all members together.
        are_numbers: whether all members were finite.
    """

    observed: np.ndarray
    drawn: np.ndarray
    are_numbers: bool = True


@torch.no_grad()
def calibrate(
    model: GenerativeModel,
    days: Days,
    device: torch.device,
    autocast: AbstractContextManager[Any],
    *,
    seed: int,
    batch_size: int,
    wet_mm: float,
    most_days: int = MOST_DAYS,
) -> None:
    """Set ``model.curve`` so that prior members have the quantiles of the observed rain of some days.

    After a short training members hold too little rain. A model whose amounts are settled in another way, such as one
    that conserves mass, has no such curve.

    Args:
        model: with the weights that will be saved.
        days: the days whose climate is wanted.
        device: where the model is.
        autocast: precision of the draws.
        seed: of the members' noise, and of the resamples.
        batch_size: days at once.
        wet_mm: [mm/day] smallest amount of a wet cell.
        most_days: that are drawn.
    """
    curve = model.curve
    if curve is None:
        return
    training = model.training
    model.eval()
    curve.reset()
    counts = count_amounts(model, days, device, autocast, seed=seed, batch_size=batch_size, most_days=most_days)
    if counts.are_numbers:
        curve.put(*(torch.from_numpy(part) for part in points_of_curve(counts, seed, wet_mm)))
    model.train(training)


def count_amounts(
    model: GenerativeModel,
    days: Days,
    device: torch.device,
    autocast: AbstractContextManager[Any],
    *,
    seed: int,
    batch_size: int,
    most_days: int = MOST_DAYS,
) -> Counts:
    """Draw prior members of at most ``most_days`` days, and count amounts at observed cells; see ``calibrate``."""
    chosen = np.unique(np.linspace(0, len(days) - 1, min(most_days, len(days))).astype(np.int64))
    members = int(np.clip(MEMBERS * most_days // len(chosen), MEMBERS, MOST_MEMBERS))
    week = np.unique(_week_of(days.numbers[chosen]), return_inverse=True)[1]
    observed, drawn = (np.zeros((week.max() + 1, _BINS), dtype=np.int64) for _ in range(2))
    are_numbers = True
    for start in range(0, len(chosen), batch_size):
        batch = days.batch(chosen[start : start + batch_size]).to(device)
        some = max(1, min(members, AT_ONCE // max(batch.y.numel(), 1)))
        for first in range(0, members, some):
            numbers = range(first, min(first + some, members))
            noise = [part.to(device) for part in member_noise(seed, batch.days, numbers, model.latent_shapes)]
            with autocast:
                fields = model.draw(batch.x, noise, valid=batch.valid).float()
            for of_day, valid, number in zip(fields, batch.valid, week[start : start + batch_size], strict=True):
                for field in of_day:
                    are_numbers = are_numbers and bool(torch.isfinite(field).all())
                    drawn[number] += _counted(field[valid])
        for y, valid, number in zip(batch.y, batch.valid, week[start : start + batch_size], strict=True):
            observed[number] += _counted(y[valid])
    return Counts(observed, drawn, are_numbers)


def mean_amounts(counts: np.ndarray) -> float:
    """Mean amount [mm/day] of (weeks, bins) counts, with what is below the least amount as nothing."""
    middle = np.concatenate([[0.0], _LEAST * np.exp(_STEP * (np.arange(_BINS - 1) + 0.5))])
    return float((counts.sum(axis=0) * middle).sum() / counts.sum())


def points_of_curve(counts: Counts, seed: int, wet_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """The points of a curve: amounts as drawn, and what they become.

    The first point maps the amount that as many cell-days of members exceed as are wet in the observation to
    ``wet_mm``, so that what is drizzle too many becomes dry; from there on quantiles become the observed ones.

    From one point to the next the ratio of the quantiles may change only as far as the weeks are sure of it: the step d
    of its logarithm is multiplied by d^2 / (d^2 + s^2), where s is the standard deviation of the logarithm over
    resamples of weeks. Where a few storms decide a quantile, s is large, and the ratio of the amounts below is kept.

    Args:
        counts: of the amounts of members, before any curve, and of the observed rain.
        seed: of the resamples.
        wet_mm: [mm/day] smallest amount of a wet cell.

    Returns:
        Two arrays (points,) [mm/day] for ``AmountsCurve.put``; the curve changes nothing where the members or the
        observations are dry at its last point.
    """
    weeks = len(counts.observed)
    chosen = np.random.default_rng([seed, 2]).multinomial(weeks, np.full(weeks, 1 / weeks), RESAMPLES)
    weights = np.concatenate([np.ones((1, weeks)), chosen])
    drawn, observed = (_quantiles(weights @ part.astype(float), LEVELS) for part in (counts.drawn, counts.observed))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(observed / drawn)  # (1 + resamples, points)
    known = np.isfinite(logs).all(axis=0)
    ratios, ratio = np.ones(len(LEVELS)), 0.0
    for point in np.flatnonzero(known):
        change, doubt = logs[0, point] - ratio, logs[1:, point].std()
        if change:
            ratio += change * change**2 / (change**2 + doubt**2)
        ratio = float(np.clip(ratio, *np.log(RANGE)))
        ratios[point] = np.exp(ratio)
    if not known.any():
        as_it_is = np.arange(1.0, 1 + POINTS)
        return as_it_is, as_it_is
    low, low_wanted = _points_of_small_amounts(counts, wet_mm)
    low_wanted = np.minimum(low_wanted, RANGE[1] * low)
    below = (low > 0) & (low < drawn[0, known][0]) & (low_wanted < (drawn[0] * ratios)[known][0])
    start = np.concatenate([low[below], drawn[0, known]])
    return _rising(start, np.concatenate([low_wanted[below] / low[below], ratios[known]]))


def _points_of_small_amounts(counts: Counts, wet_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Amounts as drawn, and what they become, from the share of dry cell-days to the first fixed level above it."""
    observed, drawn = (part.sum(axis=0, keepdims=True).astype(float) for part in (counts.observed, counts.drawn))
    wet_mm = max(wet_mm, _LEAST)
    dry = float(observed[0, : int(np.log(wet_mm / _LEAST) / _STEP + 1e-6) + 1].sum() / observed.sum())
    end = next((level for level in LEVELS if level > dry), None)
    if end is None:
        return np.zeros(0), np.zeros(0)
    levels = dry + (end - dry) * np.arange(POINTS - len(LEVELS)) / (POINTS - len(LEVELS))
    return _quantiles(drawn, levels)[0], np.maximum(_quantiles(observed, levels)[0], wet_mm)


def _rising(start: np.ndarray, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points that rise, as many as a curve has: what is missing lies on the line from 0 to the first one."""
    for point in range(1, len(start)):
        start[point] = max(start[point], start[point - 1] * (1 + _STEP))
    end = np.maximum.accumulate(start * ratios)
    missing = POINTS - len(start)
    share = np.arange(1, missing + 1) / (missing + 1)
    return np.concatenate([start[0] * share, start]), np.concatenate([end[0] * share, end])


def _week_of(numbers: np.ndarray) -> np.ndarray:
    """Numbers of the weeks of days YYYYMMDD, in any calendar: four a month, the last with all days left."""
    return numbers // 100 * 4 + np.minimum((numbers % 100 - 1) // 7, 3)


def _counted(amounts: torch.Tensor) -> np.ndarray:
    """(bins,) counts of amounts [mm/day]."""
    place = (torch.log(amounts.flatten().clamp_min(1e-6) / _LEAST) / _STEP).floor().long() + 1
    return torch.bincount(place.clamp(0, _BINS - 1), minlength=_BINS).cpu().numpy()


def _quantiles(counts: np.ndarray, levels: Sequence[float] | np.ndarray) -> np.ndarray:
    """(rows, levels) quantiles of amounts, of (rows, bins) counts; 0 below the least amount."""
    below = np.cumsum(counts, axis=1)
    values = np.zeros((len(counts), len(levels)))
    for row, total in enumerate(below):
        wanted = np.asarray(levels) * total[-1]
        place = np.searchsorted(total, wanted)
        share = (wanted - total[place] + counts[row, place]) / np.maximum(counts[row, place], 1)
        values[row] = np.where(place == 0, 0.0, _LEAST * np.exp(_STEP * (place - 1 + share)))
    return values
