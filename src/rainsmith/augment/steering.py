"""Which of the candidates of a day is taken: steering picks among members and never changes their values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainsmith.augment.return_periods import Tail
from rainsmith.config import Augment


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

    def order(self, maxima: np.ndarray) -> np.ndarray:
        """The candidates of each day, the nearest to the wanted maximum first.

        Args:
            maxima: (days, candidates) domain maxima [mm/day].

        Returns:
            (days, candidates) numbers of the candidates, int64.
        """
        if self.level_mm is not None:
            distance = np.abs(np.log(np.maximum(maxima, 1e-3) / self.level_mm))
        else:
            distance = np.abs(relative_rank(maxima) - self.intensity)
        return np.argsort(distance, axis=1, kind="stable")


def relative_rank(values: np.ndarray) -> np.ndarray:
    """Rank of each value in its row, (rank + 0.5) / n with ranks from 0: (days, n), between 0 and 1."""
    ranks = np.argsort(np.argsort(values, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray((ranks + 0.5) / values.shape[1])
