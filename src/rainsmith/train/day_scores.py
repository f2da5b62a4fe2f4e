"""Figures of members and of observations that come one day after another, so that no more than a day is held."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from rainsmith.models.training_scores import fair_crps, threshold_weighted_crps

Figures = dict[str, float]
"""Scores by name, as ``metrics.jsonl`` keeps them."""

BULK_WEIGHT = 0.1
"""Weight of the CRPS in ``tail_score``, which is the CRPS with weight 1.1 above the training P99 and 0.1 below it.

The tail alone cannot tell models apart that never reach it: their twCRPS is the same constant, and the first of them
would stay the best.
"""
UPPER = 0.99
"""Level of the quantile among the figures."""


class Amounts:
    """Adds up the amounts of some series: their largest, mean and upper quantile, and how many are wet.

    The quantile is exact: of each series the largest values are kept, somewhat more than a hundredth of them.

    Args:
        series: number of series.
        at_most: largest number of values of each.
        wet_mm: least rain of a wet cell [mm/day].
    """

    def __init__(self, series: int, at_most: int, wet_mm: float) -> None:
        self._wet_mm, self._count, self._wet = wet_mm, 0, 0
        self._sum, self._max = np.zeros(series), np.full(series, -np.inf)
        self._largest = [_Largest(at_most - math.floor(UPPER * max(at_most - 1, 0))) for _ in range(series)]

    def add(self, values: np.ndarray) -> None:
        """Take (series, n) more values [mm/day]."""
        if not values.size:
            return
        self._count += values.shape[1]
        self._wet += int((values >= np.float32(self._wet_mm)).sum())
        self._sum += values.sum(axis=1, dtype=np.float64)
        self._max = np.maximum(self._max, values.max(axis=1))
        for largest, own in zip(self._largest, values, strict=True):
            largest.add(own)

    def figures(self) -> Figures:
        """The figures of all values: of the largest one and the quantile the median of the series."""
        quantiles = [largest.quantile(UPPER, self._count) for largest in self._largest]
        middle = (len(self._max) - 1) // 2
        return {
            "max": float(np.sort(self._max)[middle]),
            "mean": float(self._sum.sum() / (len(self._sum) * self._count)),
            "p99": float(np.median(quantiles)),
            "wet_fraction": self._wet / (len(self._sum) * self._count),
        }


class _Largest:
    """The largest of many values.

    Args:
        number: of values that are kept.
    """

    def __init__(self, number: int) -> None:
        self._number, self._floor = number, -np.inf
        self._held: list[np.ndarray] = []

    def add(self, values: np.ndarray) -> None:
        self._held.append(values[~(values < self._floor)])  # with what is no number, so that it shows
        if sum(map(len, self._held)) >= 2 * self._number:
            self._held = [self._kept()]
            self._floor = float(self._held[0].min())

    def quantile(self, level: float, count: int) -> float:
        """The quantile of all values, as numpy interpolates it; so many of them were added."""
        ordered = np.sort(self._kept()).astype(np.float64)
        place = (count - 1) * level - (count - len(ordered))
        low = int(np.floor(place))
        one, other = ordered[low], ordered[min(low + 1, len(ordered) - 1)]
        with np.errstate(invalid="ignore"):
            return float(one + (other - one) * (place - low))

    def _kept(self) -> np.ndarray:
        values = np.concatenate(self._held)
        if len(values) <= self._number:
            return values
        return np.partition(values, len(values) - self._number)[-self._number :]


class DayScores:
    """Adds up the scores of members.

    Args:
        members: of each day, K.
        at_most: largest number of valid cell-days.
        wet_mm: least rain of a wet cell [mm/day].
        p95: [mm/day] from which on cells count for ``mae_tail``.
        p99: [mm/day] from which on ``twcrps_p99`` scores.
    """

    def __init__(self, members: int, at_most: int, *, wet_mm: float, p95: float, p99: float) -> None:
        self._amounts = Amounts(members, at_most, wet_mm)
        self._p95, self._p99 = p95, p99
        self._similarities: list[float] = []
        self._correlations: list[float] = []
        self._sums: list[tuple[float, float, float]] = []
        self._error, self._tail, self._count = 0.0, 0, 0

    def add(self, members: Tensor, y: Tensor, valid: Tensor) -> None:
        """Take one more day.

        Args:
            members: (K, cells) [mm/day].
            y: (cells,) [mm/day].
            valid: (cells,) bool.
        """
        self._similarities += _similarity(members * valid)
        self._correlations += _correlation(members, y, valid)
        members, y = members[:, valid], y[valid]
        self._amounts.add(members.numpy())
        crps, twcrps = (
            score[0].sum(dtype=torch.float64).item()
            for score in (fair_crps(members[None], y[None]), threshold_weighted_crps(members[None], y[None], self._p99))
        )
        self._sums.append((crps, twcrps, twcrps + BULK_WEIGHT * crps))
        tail = y >= self._p95
        self._error += (members.mean(dim=0) - y)[tail].abs().sum(dtype=torch.float64).item()
        self._tail += int(tail.sum())
        self._count += len(y)

    def figures(self) -> Figures:
        """The figures of all days."""
        crps, twcrps, score = np.sum(self._sums, axis=0) / self._count
        return {
            **self._amounts.figures(),
            "diversity": 1.0 - float(np.mean(self._similarities)) if self._similarities else math.nan,
            "correlation": float(np.mean(self._correlations)) if self._correlations else math.nan,
            "crps": float(crps),
            "twcrps_p99": float(twcrps),
            "tail_score": float(score),
            "mae_tail": self._error / self._tail if self._tail else math.nan,
        }

    def daily(self) -> np.ndarray:
        """(days,) what each day adds to ``tail_score``."""
        return np.asarray(self._sums)[:, 2] / self._count


def _similarity(members: Tensor) -> list[float]:
    """Mean cosine similarity of the pairs of members (K, cells) of a day, none without a pair: a dry member has no
    angle."""
    norm = members.norm(dim=1, keepdim=True)
    unit, wet = members / norm.clamp_min(1e-12), (norm > 0).float()
    pairs = torch.triu(wet @ wet.T, diagonal=1)
    count = pairs.sum().item()
    return [((unit @ unit.T * pairs).sum() / count).item()] if count else []


def _correlation(members: Tensor, y: Tensor, valid: Tensor) -> list[float]:
    """Pearson correlation over valid cells of each member (K, cells) of a day that has variance."""
    weight = valid.float()
    count = weight.sum().clamp_min(1)
    a = (members - (members * weight).sum(1, keepdim=True) / count) * weight
    b = (y - (y * weight).sum() / count) * weight
    scale = a.norm(dim=1) * b.norm()
    r = (a * b).sum(1) / scale.clamp_min(1e-12)
    return r[scale > 1e-9].tolist()
