"""The calibration of levels: which level of the members is exceeded as often as a quantile should be.

Members may be too alike or too different, so that their quantile of level 0.99 is exceeded on more than one cell-day in
a hundred. The levels of the observations among the members of days that the network was not trained on say how often
each level is exceeded. Quantiles are taken at the level that is exceeded as often as was asked, and probabilities are
mapped back (the probability integral transform of Dawid 1984, doi:10.2307/2981683, used as by Kuleshov et al. 2018,
arXiv:1807.00263).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_RARE = 10 ** -np.arange(2.1, 5.05, 0.1)
NODES = np.concatenate([np.arange(0.01, 0.985, 0.01), 1 - np.concatenate([[0.015, 0.01], _RARE])])
"""Levels of the members at which it is counted how often they are exceeded."""
SEASONS = ("DJF", "MAM", "JJA", "SON")
OWN_WEEKS = 13.0
"""A season has as much of its own as of the whole year where it has so many weeks, and the whole year as much of what
was counted as of what the members say."""
LEAST_WEEKS = 10
"""Levels that are exceeded in fewer weeks keep the ratio of the last one that is exceeded in so many."""


def season_of(months: np.ndarray) -> np.ndarray:
    """Numbers of the seasons (in ``SEASONS``) of some months, 1 to 12."""
    return np.asarray(months) % 12 // 3


@dataclass(frozen=True, eq=False)
class Calibration:
    """How often each level of the members is exceeded, by season.

    Attributes:
        exceeded: (seasons, nodes) share of the cell-days above the levels ``NODES``, falling.
    """

    exceeded: np.ndarray

    @classmethod
    def as_it_is(cls) -> Calibration:
        """The calibration that changes nothing."""
        return cls(np.tile(1 - NODES, (len(SEASONS), 1)))

    def of_members(self, levels: Sequence[float] | np.ndarray, season: int) -> np.ndarray:
        """The levels of the members that are exceeded as often as calibrated levels should be."""
        return _mapped(np.asarray(levels, np.float64), _rarity(1 - self.exceeded[season]), _rarity(NODES))

    def of_forecast(self, levels: np.ndarray, season: int) -> np.ndarray:
        """The calibrated levels of levels of the members."""
        return _mapped(np.asarray(levels, np.float64), _rarity(NODES), _rarity(1 - self.exceeded[season]))


def _rarity(levels: np.ndarray) -> np.ndarray:
    """Levels on a scale on which a factor of the probability of exceedance is a distance: -log(1 - level)."""
    return np.asarray(-np.log(np.maximum(1 - levels, 1e-12)))


def _mapped(levels: np.ndarray, known: np.ndarray, becomes: np.ndarray) -> np.ndarray:
    """A map of levels through 0, straight between the nodes, with a constant ratio of probabilities beyond the last."""
    x = np.concatenate([[0.0], known, [known[-1] + 40.0]])
    y = np.concatenate([[0.0], becomes, [becomes[-1] + 40.0]])
    rarity = np.interp(_rarity(levels), x, y)
    return np.asarray(-np.expm1(-rarity))


class Counts:
    """Counts how often each level of the members is exceeded, day by day."""

    def __init__(self) -> None:
        self._weeks: dict[tuple[int, int], np.ndarray] = {}  # exceedances at the nodes, then cells

    def add(self, week: int, season: int, lowest: np.ndarray, highest: np.ndarray) -> None:
        """Count the cells of one day.

        A cell whose level is known as a range, such as a dry one, counts in parts.

        Args:
            week: number of the week.
            season: number of the season.
            lowest: (cells,) least level of each observation, from ``Distribution.levels``.
            highest: (cells,) largest level.
        """
        found = self._weeks.setdefault((season, week), np.zeros(len(NODES) + 1))
        found[:-1] += exceedances(lowest, highest)
        found[-1] += len(lowest)

    def calibration(self) -> Calibration:
        """The calibration of what has been counted; each season leans on the whole year where it has few weeks."""
        whole = _frequencies(list(self._weeks.values()), 1 - NODES)
        by_season = [
            _frequencies([found for (of, _), found in self._weeks.items() if of == season], whole)
            for season in range(len(SEASONS))
        ]
        return Calibration(np.stack(by_season))


def exceedances(lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Number of cells (nodes,) above each node; a cell whose level is a range counts in parts.

    The sum over cells of clip((highest - node) / (highest - lowest), 0, 1), without a table of nodes times cells.
    """
    point = highest <= lowest
    above = len(highest[point]) - np.searchsorted(np.sort(highest[point]), NODES, side="right").astype(np.float64)
    low, width = lowest[~point], highest[~point] - lowest[~point]
    # each range falls from 1 at its lower end to 0 at its upper end: sums of two ramps
    return np.asarray(above + _ramps(highest[~point], 1 / width) - _ramps(low, 1 / width))


def _ramps(ends: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Sums (nodes,) of slope max(end - node, 0)."""
    order = np.argsort(ends)
    ends, slopes = ends[order], slopes[order]
    sums = np.concatenate([[0.0], np.cumsum(slopes)])
    products = np.concatenate([[0.0], np.cumsum(slopes * ends)])
    first = np.searchsorted(ends, NODES, side="right")
    return np.asarray((products[-1] - products[first]) - NODES * (sums[-1] - sums[first]))


def _frequencies(weeks: list[np.ndarray], before: np.ndarray) -> np.ndarray:
    """How often each node is exceeded, as a mean of what some weeks say and of what was thought before."""
    if not weeks:
        return before
    counted = np.stack(weeks)
    frequency = counted[:, :-1].sum(axis=0) / counted[:, -1].sum()
    own = len(weeks) / (len(weeks) + OWN_WEEKS)
    found = own * frequency + (1 - own) * before
    enough = np.flatnonzero((counted[:, :-1] >= 1).sum(axis=0) >= LEAST_WEEKS)
    if not len(enough):
        return before
    last = enough[-1]
    found[last:] = before[last:] * (found[last] / before[last])
    return np.minimum.accumulate(np.clip(found, 1e-9, 1 - 1e-9)) * (1 - 1e-9 * np.arange(len(found)))
