"""How often levels of a forecast are exceeded, counted week by week."""

from __future__ import annotations

import numpy as np

_RARE = 10 ** -np.arange(2.1, 5.05, 0.1)
NODES = np.concatenate([np.arange(0.01, 0.985, 0.01), 1 - np.concatenate([[0.015, 0.01], _RARE])])
"""Levels at which it is counted how often they are exceeded."""
OWN_WEEKS = 6.0
"""What was counted weighs as much as what the forecast says where there are so many weeks of it."""
LEAST_WEEKS = 10
"""Levels that are exceeded in fewer weeks keep the ratio of the last one that is exceeded in so many."""


class Counts:
    """Counts how often each level is exceeded, day by day."""

    def __init__(self) -> None:
        self._weeks: dict[int, np.ndarray] = {}  # exceedances at the nodes, then cells

    def add(self, week: int, lowest: np.ndarray, highest: np.ndarray) -> None:
        """Count some cells of one day.

        A cell whose level is known as a range, such as a dry one, counts in parts.

        Args:
            week: number of the week.
            lowest: (cells,) least level of each observation.
            highest: (cells,) largest level.
        """
        found = self._weeks.setdefault(week, np.zeros(len(NODES) + 1))
        found[:-1] += exceedances(lowest, highest)
        found[-1] += len(lowest)

    def frequencies(self) -> np.ndarray:
        """How often the nodes are exceeded (nodes,), nearer to what the levels say where there are few weeks."""
        weeks, before = list(self._weeks.values()), 1 - NODES
        if not weeks:
            return before
        counted = np.stack(weeks)
        own = len(weeks) / (len(weeks) + OWN_WEEKS)
        found = own * counted[:, :-1].sum(axis=0) / counted[:, -1].sum() + (1 - own) * before
        enough = np.flatnonzero((counted[:, :-1] >= 1).sum(axis=0) >= LEAST_WEEKS)
        if not len(enough):
            return before
        last = enough[-1]
        found[last:] = before[last:] * (found[last] / before[last])
        return np.minimum.accumulate(np.clip(found, 1e-9, 1 - 1e-9)) * (1 - 1e-9 * np.arange(len(found)))


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
