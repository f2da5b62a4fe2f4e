"""The calibration of members: quantiles that are exceeded as often as they say.

Members may be too alike or too different, so that their quantile of level 0.99 is exceeded on more than one cell-day in
a hundred; and where all are dry, no level of theirs is above 0. Days that the network was not trained on say three
things of dry and of wet cells: what was observed in them, how much of the distribution should be this climate, and how
often each level of the mixture is exceeded. Quantiles are taken at the level that is exceeded as often as was asked,
and probabilities are mapped back (the probability integral transform of Dawid 1984, doi:10.2307/2981683, used as by
Kuleshov et al. 2018, arXiv:1807.00263).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rainsmith.quantiles.climate import LEVELS, levels_in, quantiles_in
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import NODES

CLASSES = (0.1, 1.0, 5.0, 15.0)
"""[mm/day] Members' means between which cells are alike: dry ones are wrong in another way than wet ones."""
_STEPS = 26
"""Halvings of the range in which a level of the mixture is sought."""
_LAST = 1 - 1e-9
"""The highest level of members that is looked at."""


def class_of(mean: np.ndarray) -> np.ndarray:
    """Numbers of the classes (in ``CLASSES``) of cells whose members have these means [mm/day]."""
    return np.digitize(mean, CLASSES)


@dataclass(frozen=True, eq=False)
class Calibration:
    """For each class of cells a share of the climate, and how often each level of the mixture is exceeded.

    Attributes:
        exceeded: (classes, nodes) share of the cell-days above the levels ``NODES``, falling.
        shares: (classes,) of the climate, 0 to 1.
        climates: (classes, levels) quantiles [mm/day] at ``climate.LEVELS`` of what was observed in such cells.
        traces: (levels,) quantiles [mm/day] there of the amounts that members have as 0; None leaves them dry.
    """

    exceeded: np.ndarray
    shares: np.ndarray
    climates: np.ndarray
    traces: np.ndarray | None = None

    @classmethod
    def as_it_is(cls) -> Calibration:
        """The calibration that changes no level."""
        count = len(CLASSES) + 1
        return cls(np.tile(1 - NODES, (count, 1)), np.zeros(count), np.zeros((count, len(LEVELS))))

    def quantiles(
        self, found: Distribution, levels: Sequence[float] | np.ndarray, cells: slice = slice(None)
    ) -> np.ndarray:
        """Calibrated quantiles (cells, levels) [mm/day] of some cells of a day.

        Args:
            found: distributions of the cells.
            levels: (levels,) between 0 and 1.
            cells: a part of the cells.
        """
        classes = class_of(found.mean[cells])
        amounts = np.empty((len(classes), len(levels)), np.float32)
        for kind in np.unique(classes):
            chosen = np.flatnonzero(classes == kind)
            amounts[chosen] = self._of_class(found.some(cells, chosen), levels, int(kind))
        return amounts

    def _of_class(self, found: Distribution, levels: Sequence[float] | np.ndarray, kind: int) -> np.ndarray:
        """As ``quantiles``, of cells of one class."""
        wanted = _mapped(np.asarray(levels, np.float64), _rarity(1 - self.exceeded[kind]), _rarity(NODES))
        share, climate = float(self.shares[kind]), self.climates[kind]
        if not share:
            return found.quantiles(wanted)
        # level p of the members is at (1 - share) p + share F(quantile of p), F of the climate; p is found by halving
        low = np.broadcast_to((wanted - share) / (1 - share), (len(found), len(wanted))).clip(0, _LAST)
        high = np.minimum(wanted / (1 - share), _LAST) + np.zeros_like(low)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            _, of_climate = levels_in(climate, found.quantiles(middle))
            short = (1 - share) * middle + share * of_climate < wanted
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        amounts = found.quantiles(high)
        # where no member can rain so much, only the climate does
        rest = (wanted - (1 - share)) / share
        alone = quantiles_in(climate, rest.clip(0, 1))
        return np.where((high >= _LAST * (1 - 1e-7)) & (rest > 0), np.maximum(amounts, alone), amounts)

    def exceedance(self, found: Distribution, amounts: np.ndarray, cells: slice = slice(None)) -> np.ndarray:
        """Calibrated probabilities (cells, amounts) that more than the amounts (amounts,) [mm/day] falls."""
        classes = class_of(found.mean[cells])
        chances = np.empty((len(classes), len(amounts)), np.float32)
        for kind in np.unique(classes):
            chosen = np.flatnonzero(classes == kind)
            every = np.broadcast_to(np.asarray(amounts, np.float32), (len(chosen), len(amounts)))
            of_members = found.some(cells, chosen).levels(every)
            _, highest = mixed_levels(of_members, self.climates[kind], float(self.shares[kind]), every)
            chances[chosen] = 1 - _mapped(highest, _rarity(NODES), _rarity(1 - self.exceeded[kind]))
        return chances


def mixed_levels(
    of_members: tuple[np.ndarray, np.ndarray], climate: np.ndarray, share: float, amounts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest levels of amounts [mm/day] in a mixture of members and climate."""
    if not share:
        return of_members
    pairs = zip(of_members, levels_in(climate, amounts), strict=True)
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
