"""The distribution of the rain of each cell, known by members: exact inside their range, with a smooth tail above."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np

from rainsmith.base.large_arrays import parts, release
from rainsmith.quantiles.climate import LEVELS

TOP = 10
"""Number of the largest members of a cell, or half of them where they are fewer, that make its tail."""
SHAPES = (0.0, 0.4)
"""Range of the shape of a tail: rain has no upper bound, and a day's members know little of heavier tails."""


class Distribution:
    """The distributions of all cells of one day.

    The member of rank i of K stands at level i / (K + 1), and levels between two members are interpolated. The excesses
    of the largest members over the next smaller one are a generalised Pareto tail, fitted by probability-weighted
    moments: its scale belongs to the cell, its shape to the day, since ten members say nothing of a shape.

    Args:
        members: (cells, K) [mm/day], at least 2; they are sorted in their place.
        traces: (levels,) quantiles [mm/day] at ``climate.LEVELS`` of the amounts that members have as 0, which dry
            members get in their order; None leaves them dry.

    Attributes:
        mean: (cells,) of the members as they were given [mm/day].

    References:
        Hosking and Wallis (1987), doi:10.1080/00401706.1987.10488243; Hosking and Wallis (1997),
        doi:10.1017/CBO9780511529443 (a shape that is shared by many places).
    """

    def __init__(self, members: np.ndarray, traces: np.ndarray | None = None) -> None:
        self.ordered = members
        self.mean = np.empty(len(members), members.dtype)
        count = members.shape[1]
        self.top = min(TOP, count // 2)
        self.above = (self.top + 1) / (count + 1)  # probability of the tail
        self.mean_excess = np.empty(len(members), members.dtype)
        first, second = 0.0, 0.0
        weights = 2 * np.arange(self.top) / max(self.top - 1, 1) - 1
        for cells in self.blocks():
            block = members[cells]
            self.mean[cells] = block.mean(axis=1)
            if traces is not None:
                _give_traces(block, traces)
            block.sort(axis=1)  # wet members may be smaller than traces, where little rain is shared out in a block
            excess = block[:, -self.top :] - block[:, -self.top - 1, None]
            self.mean_excess[cells] = excess.mean(axis=1)
            first += float(excess.sum(dtype=np.float64))
            second += float((excess @ weights).sum(dtype=np.float64))
            release(members)
        self.shape = float(np.clip(2 - first / second, *SHAPES)) if second > 0 else SHAPES[0]

    def some(self, cells: slice, chosen: np.ndarray) -> Distribution:
        """The distributions of chosen places of a part of the cells, in memory."""
        found = copy.copy(self)
        for name in ("ordered", "mean", "mean_excess"):
            setattr(found, name, getattr(self, name)[cells][chosen])
        return found

    def __len__(self) -> int:
        return len(self.ordered)

    def blocks(self) -> list[slice]:
        """Parts of the cells that are worked on one after another."""
        return list(parts(len(self.ordered), 8 * self.ordered.shape[1]))

    def quantiles(self, levels: Sequence[float] | np.ndarray, cells: slice = slice(None)) -> np.ndarray:
        """Quantiles (cells, levels) [mm/day] of some cells.

        Args:
            levels: (levels,) between 0 and 1, or (cells, levels) where each cell has its own.
            cells: a part of the cells.
        """
        ordered = self.ordered[cells]
        wanted = np.broadcast_to(np.atleast_2d(np.asarray(levels, np.float64)), (len(ordered), np.shape(levels)[-1]))
        count = ordered.shape[1]
        place = np.clip(wanted * (count + 1) - 1, 0, count - self.top - 1)  # of the sorted members, from 0
        below = np.minimum(place.astype(np.int64), count - 2)
        part = (place - below).astype(ordered.dtype)
        found = np.take_along_axis(ordered, below, axis=1) * (1 - part)
        found += np.take_along_axis(ordered, below + 1, axis=1) * part
        beyond = np.log(self.above / np.maximum(1 - wanted, 1e-12)).clip(min=0)  # of an exponential tail
        growth = np.expm1(self.shape * beyond) / self.shape if self.shape > 1e-6 else beyond
        scale = self.mean_excess[cells] * (1 - self.shape)
        return np.asarray(found + scale[:, None] * growth.astype(ordered.dtype))

    def levels(self, amounts: np.ndarray, cells: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Levels of amounts: the lowest and the highest level whose quantile is the amount.

        The two differ where members are equal, as dry ones are, and below the smallest member.

        Args:
            amounts: (cells, A) [mm/day] of these cells.
            cells: a part of the cells.

        Returns:
            Two arrays (cells, A) between 0 and 1.
        """
        ordered = self.ordered[cells]
        count = ordered.shape[1]
        below = np.stack([(ordered < column[:, None]).sum(axis=1) for column in amounts.T], axis=1)
        upto = np.stack([(ordered <= column[:, None]).sum(axis=1) for column in amounts.T], axis=1)
        smaller = np.take_along_axis(ordered, np.clip(upto - 1, 0, count - 1), axis=1)
        larger = np.take_along_axis(ordered, np.clip(upto, 0, count - 1), axis=1)
        gap = np.where(larger > smaller, larger - smaller, 1)
        part = np.where((upto > 0) & (upto < count), (amounts - smaller) / gap, 0.0)
        highest = np.where(upto == 0, 1.0, upto + part) / (count + 1)
        lowest = np.where(upto == 0, 0.0, np.where(below < upto, below + (below > 0), upto + part)) / (count + 1)
        excess = amounts - ordered[:, -self.top - 1, None]
        scale = np.maximum(self.mean_excess[cells] * (1 - self.shape), 1e-6)[:, None]
        ratio = np.maximum(excess, 0) / scale
        rarity = np.log1p(self.shape * ratio) / self.shape if self.shape > 1e-6 else ratio
        tail = 1 - self.above * np.exp(-rarity)
        return np.where(excess > 0, tail, lowest), np.where(excess > 0, tail, highest)


def _give_traces(members: np.ndarray, traces: np.ndarray) -> None:
    """Put quantiles of the amounts below a wet cell's in the place of members (cells, K) that are 0."""
    dry = members == 0
    level = (np.cumsum(dry, axis=1) - 0.5) / np.maximum(dry.sum(axis=1, keepdims=True), 1)
    np.copyto(members, np.interp(level, LEVELS, traces).astype(members.dtype), where=dry)
