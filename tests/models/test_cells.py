"""Sums over blocks of cells, against sums on the whole grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rainsmith.data.grids import bilinear
from rainsmith.models.cells import Pooling, bilinear_weights, block_sums


def test_sums_of_blocks_by_hand() -> None:
    values = torch.tensor([[1.0, 0.5], [2.0, 0.25], [4.0, -1.0], [8.0, 3.0]])
    sums = block_sums(values[:, None], torch.tensor([2, 0, 2, 2]), 4)
    assert sums.tolist() == [[[2.0, 0.25]], [[0.0, 0.0]], [[13.0, 2.5]], [[0.0, 0.0]]]


@pytest.mark.parametrize("side", [1, 2, 5, 64])
def test_pooling_at_any_offset_is_a_sum_over_shifted_blocks(side: int) -> None:
    rng = np.random.default_rng(side)
    mask = rng.random((9, 13)) < 0.6
    fields = rng.random((2, 3, 9, 13)).astype(np.float32) * mask
    offset = (0, 0) if side == 1 else (int(rng.integers(side)), int(rng.integers(side)))
    cells_first = torch.from_numpy(fields[..., mask]).movedim(-1, 0)
    sums = Pooling(mask)(cells_first, side, offset).movedim(0, -1)
    if side == 1:
        np.testing.assert_array_equal(sums, fields[..., mask])
        return
    down, across = (-(-(n + first) // side) for n, first in zip(mask.shape, offset, strict=True))
    whole = np.zeros((2, 3, down * side, across * side), dtype=np.float32)
    whole[..., offset[0] : offset[0] + 9, offset[1] : offset[1] + 13] = fields
    expected = whole.reshape(2, 3, down, side, across, side).sum((3, 5)).reshape(2, 3, -1)
    np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=1e-6)


def test_bilinear_weights_are_those_of_the_grids_in_single_precision() -> None:
    row, column = np.array([0.25, 1.5, 2.0]), np.array([0.0, 0.75, 3.0])
    cells, weights = bilinear_weights(row, column, (3, 4))
    expected = bilinear.bilinear_weights(row, column, (3, 4))
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(cells, expected[0])
    np.testing.assert_allclose(weights.sum(0), 1, rtol=1e-6)
    field = np.arange(12.0).reshape(3, 4)  # linear: read off exactly
    np.testing.assert_allclose((field.ravel()[cells] * weights).sum(0), 4 * row + column, rtol=1e-6)
