"""Which of the candidates of a day is taken: steering draws among members and never changes their values.

A candidate near the wanted one is drawn more often than chance would, and any candidate may be drawn, so that weights
turn the steered days back into a sample of the members (importance sampling).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainsmith.augment.return_periods import Tail
from rainsmith.config import Augment

EVEN_SHARE = 0.2
"""Share of the probability that is spread evenly over all candidates: no weight is above 1 / EVEN_SHARE, and the
effective number of days is at least this share of them in the mean."""
WIDTH = 0.1
"""Distance in relative rank over which the rest of the probability falls by e."""
_STREAM = 0x73746565  # "stee" in ASCII: keeps the choice apart from other uses of the same seed


@dataclass(frozen=True)
class Steering:
    """The wanted domain maximum of a synthetic day: a rank among its candidates, or an amount.

    Attributes:
        intensity: wanted rank of the domain maximum among the candidates, from 0 (lowest) to 1 (highest).
        level_mm: wanted domain maximum [mm/day]; where it is given, it goes before ``intensity``.
    """

    intensity: float = 0.0
    level_mm: float | None = None

    @classmethod
    def from_settings(cls, settings: Augment, tail: Tail) -> Steering | None:
        """The steering that the settings ask for; None where members are taken as they come.

        Args:
            settings: ``intensity`` or ``target_return_period``.
            tail: distribution of the largest domain maxima of the training days, for return levels.
        """
        if settings.intensity is not None:
            return cls(intensity=settings.intensity)
        if settings.target_return_period is not None:
            return cls(level_mm=tail.level(settings.target_return_period))
        return None

    def probabilities(self, maxima: np.ndarray) -> np.ndarray:
        """The probability with which each candidate of a day is drawn: near the wanted rank most, nowhere 0.

        p = EVEN_SHARE / n + (1 - EVEN_SHARE) k / sum(k), with k = exp(-|u - c| / WIDTH), the relative rank u of the
        candidate, and the wanted rank c. A wanted amount stands at the rank of the candidate that is nearest to it by
        its logarithm. A day of weight 1 / (n p) then makes every weighted mean over drawn days one over all n.

        Args:
            maxima: (days, candidates) domain maxima [mm/day].

        Returns:
            (days, candidates), 1 in the sum of a day.

        References:
            Hesterberg (1995), doi:10.1080/00401706.1995.10484303, for the even share, which bounds the weights.
        """
        rank = relative_rank(maxima)
        centre = np.full((len(maxima), 1), self.intensity)
        if self.level_mm is not None:
            nearest = np.abs(np.log(np.maximum(maxima, 1e-3) / self.level_mm)).argmin(axis=1)
            centre = np.take_along_axis(rank, nearest[:, None], axis=1)
        near = np.exp(-np.abs(rank - centre) / WIDTH)
        return np.asarray(EVEN_SHARE / maxima.shape[1] + (1 - EVEN_SHARE) * near / near.sum(axis=1, keepdims=True))


def drawn_order(probabilities: np.ndarray, seed: int, days: np.ndarray, turn: int) -> np.ndarray:
    """The candidates of each day in the order in which they are drawn, each among those that are left.

    The candidate whose exponential waiting time, of rate p, ends first is drawn first (Efraimidis and Spirakis 2006,
    doi:10.1016/j.ipl.2005.11.003). The order of a day is a pure function of the seed, the day, the round and its
    probabilities.

    Args:
        probabilities: (days, candidates) of ``Steering.probabilities``.
        seed: of the synthetic days.
        days: (days,) integers YYYYMMDD.
        turn: the round, which is how often all sources have had their turn before.

    Returns:
        (days, candidates) numbers of the candidates, int64.
    """
    waiting = np.empty_like(probabilities)
    for row, day in enumerate(days):
        stream = np.random.Philox(key=[seed % 2**64, _STREAM], counter=[0, 0, turn, int(day)])
        waiting[row] = np.random.Generator(stream).standard_exponential(probabilities.shape[1])
    return np.argsort(waiting / probabilities, axis=1, kind="stable")


def effective_number(weights: np.ndarray) -> float:
    """The number of equally weighted days whose mean varies as little as the weighted mean: (sum w)^2 / sum w^2.

    References:
        Kish (1965), Survey Sampling, section 11.2.
    """
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def relative_rank(values: np.ndarray) -> np.ndarray:
    """Rank of each value in its row, (rank + 0.5) / n with ranks from 0: (days, n), between 0 and 1."""
    ranks = np.argsort(np.argsort(values, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray((ranks + 0.5) / values.shape[1])
