"""Amounts above 0 that are too small for a wet cell: many of them, as interpolated observations have, or none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """Distribution function (y / most)^exponent of amounts above 0 and below ``most``.

    Attributes:
        most: least amount of a wet cell [mm/day].
        exponent: 1 where all amounts are alike, and the smaller, the more of them are near 0.
    """

    most: float
    exponent: float

    @property
    def mean(self) -> float:
        """[mm/day]"""
        return self.most * self.exponent / (self.exponent + 1)

    @property
    def spread(self) -> float:
        """Half the mean difference of two amounts [mm/day]."""
        return self.most * (1 / (self.exponent + 1) - 1 / (2 * self.exponent + 1))

    def quantile(self, above: np.ndarray) -> np.ndarray:
        """The amount [mm/day] that is exceeded with probability ``above``."""
        found: np.ndarray = self.most * (1 - above) ** (1 / self.exponent)
        return found

    def excess(self, y: np.ndarray) -> np.ndarray:
        """What amounts have above ``y`` on average [mm/day]."""
        scaled = np.minimum(y / self.most, 1.0)
        found: np.ndarray = self.most * (1 - scaled - (1 - scaled ** (self.exponent + 1)) / (self.exponent + 1))
        return found


def exponent_of(amounts: Tensor, most: float) -> float:
    """The exponent that gives the upper quartile of the amounts above 0 and below ``most``; 1 where there are none."""
    trace = amounts[(amounts > 0) & (amounts < most)].double().numpy()
    if not len(trace):
        return 1.0
    quartile = min(float(np.quantile(trace, 0.75)) / most, 0.99)
    return min(max(math.log(0.75) / math.log(quartile), 0.05), 20.0)
