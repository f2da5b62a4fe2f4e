"""Sums over windows: those of loops, with windows of any side, at borders, and of counts that fill their type."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.metrics.windows import window_sums


def by_loops(maps: np.ndarray, side: int) -> np.ndarray:
    far = side // 2 + 1
    padded = np.pad(maps.astype(np.float64), ((0, 0), (far, far), (far, far)))
    rows, columns = maps.shape[1:]
    steps = range(far - side // 2, far + (side - 1) // 2 + 1)
    return sum(padded[:, i : i + rows, j : j + columns] for i in steps for j in steps)


@pytest.mark.parametrize("sides", [(1, 3, 7, 15), (2,), (4, 1, 11), (16, 17, 40)])
def test_counts_are_those_of_loops(sides: tuple[int, ...]) -> None:
    flags = np.random.default_rng(0).random((3, 9, 13)) < 0.7
    for side, counts in zip(sides, window_sums(flags, sides), strict=True):
        np.testing.assert_array_equal(counts, by_loops(flags, side))


def test_sums_of_amounts_are_those_of_loops() -> None:
    maps = np.random.default_rng(1).gamma(0.5, 8.0, (2, 8, 5)).astype(np.float32)
    (sums,) = window_sums(maps, [7])
    assert sums.dtype == np.float32
    np.testing.assert_allclose(sums, by_loops(maps, 7), rtol=1e-6)


@pytest.mark.parametrize(("side", "kind"), [(15, np.uint8), (16, np.uint16), (300, np.uint32)])
def test_the_largest_count_fits(side: int, kind: type) -> None:
    full = np.ones((1, side, side), dtype=bool)
    (counts,) = window_sums(full, [side])
    assert counts.dtype == kind and counts.max() == counts[0, side // 2, side // 2] == side**2
