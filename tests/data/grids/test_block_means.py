"""Block means over valid cells, and the grid of their centres."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.grids.block_means import block_grid, block_means, block_rows, crop
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.locate import block_index, fractional_index
from rainsmith.data.grids.sphere import wrap_degrees
from tests.data.made import fine_map, rain, without_axes


@pytest.mark.parametrize("factor", [2, 3, 4, 8, 16])
def test_block_means_are_means_over_valid_cells(factor: int) -> None:
    made = rain(days=5, ny=11, nx=13)
    made.values[2, 4:7, 3:9] = np.nan
    for least in (1, 3):
        means = block_means(made, factor, least)
        ny, nx = -(-11 // factor), -(-13 // factor)
        assert means.shape == (5, ny, nx)
        for day, i, j in np.ndindex(5, ny, nx):
            cells = made.values[day, i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
            cells = cells[np.isfinite(cells)]
            expected = cells.mean() if cells.size >= least else np.nan
            np.testing.assert_allclose(means[day, i, j], expected, rtol=1e-5)


def test_block_means_agree_with_coarsen() -> None:
    made = rain(days=3, ny=10, nx=12)
    oracle = made.coarsen(y=4, x=4, boundary="pad").mean()
    np.testing.assert_allclose(block_means(made, 4), oracle, rtol=1e-5)


def test_days_in_blocks_have_the_same_means(monkeypatch: pytest.MonkeyPatch) -> None:
    made = rain(days=40, ny=10, nx=12)
    whole = block_means(made, 4)
    monkeypatch.setattr("rainsmith.base.large_arrays.BLOCK_BYTES", 3 * made[0].nbytes)
    assert np.array_equal(block_means(made, 4), whole, equal_nan=True)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_rows_of_blocks_and_their_grid_agree(factor: int) -> None:
    cells = Grid.of(fine_map())
    blocks = block_grid(cells, factor)
    row, col = fractional_index(blocks, cells)
    np.testing.assert_allclose(row[:, 0], block_rows(7, factor), atol=1e-9)
    np.testing.assert_allclose(col[0], block_rows(9, factor), atol=1e-9)
    number = block_index(row, col, blocks.shape)
    i, j = np.indices(cells.shape)
    np.testing.assert_array_equal(number, i // factor * blocks.shape[1] + j // factor)


def test_blocks_of_a_curvilinear_grid_lie_at_the_middle_of_their_cells() -> None:
    cells = without_axes(Grid.of(fine_map(8, 10)))
    blocks = block_grid(cells, 2)
    assert cells.latitude is not None and blocks.latitude is not None and blocks.longitude is not None
    np.testing.assert_allclose(blocks.latitude, cells.latitude.reshape(4, 2, 5, 2).mean(axis=(1, 3)), atol=1e-9)
    turned = Grid(cells.y, cells.x, None, cells.latitude, wrap_degrees(cells.longitude + 179.0), has_axes=False)  # type: ignore[operator]
    across = block_grid(turned, 2).longitude  # the same cells across the date line
    np.testing.assert_allclose(wrap_degrees(across - blocks.longitude), 179.0, atol=1e-6)  # type: ignore[operator]


def test_crop_drops_what_the_factor_leaves_over() -> None:
    assert crop(rain(days=1), 4).shape == (1, 4, 8)
    with pytest.raises(UserError, match="holds no block of 8 x 8"):
        crop(rain(days=1), 8)
