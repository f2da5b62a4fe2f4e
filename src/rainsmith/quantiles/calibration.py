"""The calibration of members: quantiles that are exceeded as often as they say.

Members may be too alike or too different, so that their quantile of level 0.99 is exceeded on more than one cell-day in
a hundred; and where all are dry, no level of theirs is above 0. Days that the network was not trained on say two
things: how much of the distribution should be that of the climate, and how often each level of the mixture is exceeded.
Quantiles are taken at the level that is exceeded as often as was asked, and probabilities are mapped back (the
probability integral transform of Dawid 1984, doi:10.2307/2981683, used as by Kuleshov et al. 2018, arXiv:1807.00263).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rainsmith.quantiles.climate import SEASONS, Climate
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import NODES

_STEPS = 26
"""Halvings of the range in which a level of the mixture is sought."""
_LAST = 1 - 1e-9
"""The highest level of members that is looked at."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """A share of the climate in the distribution, and how often each level of the mixture is exceeded, by season.

    Attributes:
        exceeded: (seasons, nodes) share of the cell-days above the levels ``NODES``, falling.
        share: of the climate, 0 to 1.
        climate: of the training days; None where its share is 0.
    """

    exceeded: np.ndarray
    share: float = 0.0
    climate: Climate | None = None

    @classmethod
    def as_it_is(cls) -> Calibration:
        """The calibration that changes nothing."""
        return cls(np.tile(1 - NODES, (len(SEASONS), 1)))

    def quantiles(
        self, found: Distribution, levels: Sequence[float] | np.ndarray, season: int, cells: slice = slice(None)
    ) -> np.ndarray:
        """Calibrated quantiles (cells, levels) [mm/day] of some cells of a day."""
        wanted = self.of_mixture(levels, season)
        if self.climate is None or not self.share:
            return found.quantiles(wanted, cells)
        # level p of the members is at (1 - share) p + share F(quantile of p), F of the climate; p is found by halving
        low = np.broadcast_to((wanted - self.share) / (1 - self.share), (len(found.ordered[cells]), len(wanted)))
        low, high = low.clip(0, _LAST), np.minimum(wanted / (1 - self.share), _LAST) + np.zeros_like(low)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            _, of_climate = self.climate.levels(found.quantiles(middle, cells), season)
            short = (1 - self.share) * middle + self.share * of_climate < wanted
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        amounts = found.quantiles(high, cells)
        # where no member can rain so much, only the climate does
        rest = (wanted - (1 - self.share)) / self.share
        alone = self.climate.quantiles(rest.clip(0, 1), season)
        return np.where((high >= _LAST * (1 - 1e-7)) & (rest > 0), np.maximum(amounts, alone), amounts)

    def exceedance(
        self, found: Distribution, amounts: np.ndarray, season: int, cells: slice = slice(None)
    ) -> np.ndarray:
        """Calibrated probabilities (cells, amounts) that more than the amounts (amounts,) [mm/day] falls."""
        every = np.broadcast_to(np.asarray(amounts, np.float32), (len(found.ordered[cells]), len(amounts)))
        _, highest = mixed_levels(found.levels(every, cells), self.climate, self.share, every, season)
        return np.asarray(1 - self.of_forecast(highest, season))

    def of_mixture(self, levels: Sequence[float] | np.ndarray, season: int) -> np.ndarray:
        """The levels of the mixture that are exceeded as often as calibrated levels should be."""
        return _mapped(np.asarray(levels, np.float64), _rarity(1 - self.exceeded[season]), _rarity(NODES))

    def of_forecast(self, levels: np.ndarray, season: int) -> np.ndarray:
        """The calibrated levels of levels of the mixture."""
        return _mapped(np.asarray(levels, np.float64), _rarity(NODES), _rarity(1 - self.exceeded[season]))


def mixed_levels(
    of_members: tuple[np.ndarray, np.ndarray], climate: Climate | None, share: float, amounts: np.ndarray, season: int
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest levels of amounts [mm/day] in a mixture of members and climate."""
    if climate is None or not share:
        return of_members
    pairs = zip(of_members, climate.levels(amounts, season), strict=True)
    lowest, highest = ((1 - share) * members + share * of_climate for members, of_climate in pairs)
    return lowest, highest


def _rarity(levels: np.ndarray) -> np.ndarray:
    """Levels on a scale on which a factor of the probability of exceedance is a distance: -log(1 - level)."""
    return np.asarray(-np.log(np.maximum(1 - levels, 1e-12)))


def _mapped(levels: np.ndarray, known: np.ndarray, becomes: np.ndarray) -> np.ndarray:
    """A map of levels through 0, straight between the nodes, with a constant ratio of probabilities beyond the last."""
    x = np.concatenate([[0.0], known, [known[-1] + 40.0]])
    y = np.concatenate([[0.0], becomes, [becomes[-1] + 40.0]])
    return np.asarray(-np.expm1(-np.interp(_rarity(levels), x, y)))
