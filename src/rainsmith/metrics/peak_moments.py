"""L-moments of peaks above a threshold at each cell, from pairs of peaks of different weeks, for every resample.

Peaks of one block of days (members of the same day, or neighbouring days) are more alike than other peaks. With few
blocks, pairs of them would make the second moment too small, so that these pairs are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rainsmith.base.large_arrays import empty, release
from rainsmith.metrics.climate import Peaks

_AT_ONCE = 2**16  # number of peaks whose weights are held at once, so that they stay in the cache of a core
_RELEASED = 2**15  # cells after which the memory of their moments is given back, where these lie in a file


@dataclass(frozen=True)
class _OrderedPeaks:
    """Peaks cell by cell, and in rising order at each cell.

    Attributes:
        excess: (peak,) [mm/day] above the threshold.
        block: (peak,) the resampled block of its day.
        in_block: (peak,) number of peaks of its cell and block, itself included.
        lack_in_block: (peak,) [mm/day] sum over the smaller peaks of its cell and block of how much they are below it.
        first: (cell,) position of the first peak of each cell.
        count: (cell,) number of peaks of each cell.
    """

    excess: np.ndarray
    block: np.ndarray
    in_block: np.ndarray
    lack_in_block: np.ndarray
    first: np.ndarray
    count: np.ndarray


def moments_of_peaks(peaks: Peaks, block: np.ndarray, cells: np.ndarray, size: int, weights: np.ndarray) -> np.ndarray:
    """Count, l1 and l2 of the peaks of some cells under every resample.

    l1 and l2 are half the mean sum and half the mean difference of two peaks of *different* blocks. Where a cell has
    peaks of one block only, l1 is their mean.

    Args:
        peaks: the peaks of the series (members) that are pooled.
        block: (day,) the resampled block of each day.
        cells: (chosen,) positions of the cells whose moments are wanted.
        size: number of all cells.
        weights: (resample, block) how often each block is drawn.

    Returns:
        (3, resample, chosen) float32: the count, and l1 and l2 [mm/day], in a file where they are large. They are NaN
        where there is no peak, and l2 also where there is no pair.
    """
    moments = empty((3, len(weights), len(cells)))
    if not len(peaks.cell):
        moments[:] = np.nan
        moments[0] = 0
        return moments
    ordered = _in_order(peaks, block, size, weights.shape[1])
    with_never = np.hstack([weights, np.zeros((len(weights), 1))])  # block -1, which is never drawn
    step = max(1, _AT_ONCE // (len(weights) * int(ordered.count.max())))
    for start in range(0, len(cells), step):
        moments[:, :, start : start + step] = _moments_at(ordered, cells[start : start + step], with_never)
        if start // _RELEASED != (start + step) // _RELEASED:
            release(moments)
    return moments


def _in_order(peaks: Peaks, block: np.ndarray, size: int, blocks: int) -> _OrderedPeaks:
    """Order the peaks by cell and amount, and compare those of one cell and block with each other."""
    order = np.lexsort((peaks.excess, peaks.cell))
    cell, excess = peaks.cell[order].astype(np.int64), peaks.excess[order].astype(np.float64)
    block_of_peak = block[peaks.day[order]]
    in_block, lack_in_block = _number_and_lack(cell * blocks + block_of_peak, excess)
    count = np.bincount(cell, minlength=size)
    return _OrderedPeaks(excess, block_of_peak, in_block, lack_in_block, np.cumsum(count) - count, count)


def _number_and_lack(group: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each value the number of values in its group, and the sum of how much the smaller ones are below it.

    Args:
        group: (value,) number of the group.
        values: (value,) in rising order within each group.
    """
    order = np.argsort(group, kind="stable")
    _, start, place, number = np.unique(group[order], return_index=True, return_inverse=True, return_counts=True)
    sum_before = np.cumsum(values[order]) - values[order]
    rank = np.arange(len(group)) - start[place]
    number_of, lack = np.empty(len(group)), np.empty(len(group))
    number_of[order], lack[order] = number[place], rank * values[order] - (sum_before - sum_before[start[place]])
    return number_of, lack


def _moments_at(ordered: _OrderedPeaks, cells: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, ...]:
    """Count, l1 and l2 at some cells, (resample, cell) each.

    Sums over pairs of peaks come from the ranks of all peaks of the cell, less those over pairs of one block. The
    letters of the sums are r for the resample, c for the cell and p for the peak, by its rank at the cell.
    """
    rank = np.arange(ordered.count.max())
    is_peak = rank < ordered.count[cells, None]  # (cell, peak): the row of a cell with fewer peaks is filled up
    index = np.where(is_peak, ordered.first[cells, None] + rank, 0)
    drawn = weights[:, np.where(is_peak, ordered.block[index], -1)]  # (resample, cell, peak)
    excess, in_block, lack_in_block = (
        np.where(is_peak, field[index], 0) for field in (ordered.excess, ordered.in_block, ordered.lack_in_block)
    )
    upto, total, squares = drawn.cumsum(axis=-1), drawn * excess, drawn**2
    count = drawn.sum(axis=-1)
    every = count[..., None]
    pairs = count**2 - np.einsum("rcp,cp->rc", squares, in_block)
    known_pairs = np.where(pairs > 0, pairs, np.nan)
    sums = np.einsum("rcp,rcp->rc", total, every - drawn * in_block)
    differences = np.einsum("rcp,rcp->rc", total, 2 * upto - drawn - every)
    differences_in_block = np.einsum("rcp,cp->rc", squares, lack_in_block)
    mean = total.sum(axis=-1) / np.where(count > 0, count, np.nan)
    l1 = np.where(pairs > 0, sums / known_pairs, mean)
    return count, l1, (differences - differences_in_block) / known_pairs
