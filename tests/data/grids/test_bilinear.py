"""Bilinear interpolation against scipy and closed forms."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from rainsmith.data.grids.bilinear import bilinear, bilinear_weights

sides = st.integers(1, 6)


@settings(max_examples=50, deadline=None)
@given(ny=sides, nx=sides, seed=st.integers(0, 99))
def test_both_forms_are_the_interpolation_of_scipy(ny: int, nx: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fields = rng.normal(size=(2, ny, nx))
    row, col = rng.uniform(0, ny - 1, 20), rng.uniform(0, nx - 1, 20)
    row[0], col[0] = ny - 1, nx - 1  # the last cell itself
    if min(ny, nx) > 1:
        oracle = [RegularGridInterpolator((np.arange(ny), np.arange(nx)), f)(np.stack([row, col], -1)) for f in fields]
    else:
        line = fields[:, :, 0] if nx == 1 else fields[:, 0]
        at = row if nx == 1 else col
        oracle = [np.interp(at, np.arange(line.shape[1]), values) for values in line]
    np.testing.assert_allclose(bilinear(fields, row, col), oracle, atol=1e-12)
    cells, weights = bilinear_weights(row, col, (ny, nx))
    np.testing.assert_allclose((fields.reshape(2, -1)[:, cells] * weights).sum(axis=1), oracle, atol=1e-12)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    assert weights.min() >= 0


def test_positions_outside_are_moved_to_the_edge() -> None:
    inside = bilinear_weights(np.array([0.0, 2.0]), np.array([3.0, 0.0]), (3, 4))
    outside = bilinear_weights(np.array([-0.4, 2.5]), np.array([3.2, -9.0]), (3, 4))
    for one, other in zip(inside, outside, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_missing_neighbour_makes_a_missing_value() -> None:
    fields = np.array([[[1.0, np.nan], [3.0, 4.0]]])
    assert np.isnan(bilinear(fields, np.array([0.5]), np.array([0.5]))).all()
    np.testing.assert_array_equal(bilinear(np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.array([0.0]), np.array([0.5])), 1.5)
