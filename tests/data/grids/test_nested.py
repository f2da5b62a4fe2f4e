"""Fine cells in a coarse grid that covers the same area."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.data.grids.nested import nested_index, nested_rows_and_columns


@pytest.mark.parametrize(("fine", "coarse"), [(12, 4), (13, 5), (5, 5), (7, 1)])
def test_centres_keep_their_place_along_the_axis(fine: int, coarse: int) -> None:
    index = nested_index(fine, coarse)
    np.testing.assert_allclose((index + 0.5) / coarse, (np.arange(fine) + 0.5) / fine)  # shares of the whole length
    assert index.mean() == pytest.approx((coarse - 1) / 2)


def test_a_coarse_cell_of_three_lies_at_the_middle_one() -> None:
    np.testing.assert_allclose(nested_index(6, 2), [-1 / 3, 0, 1 / 3, 2 / 3, 1, 4 / 3])


def test_rows_vary_along_y_and_columns_along_x() -> None:
    row, col = nested_rows_and_columns((6, 8), (2, 4))
    assert row.dims == col.dims == ("y", "x") and row.dtype == col.dtype == np.float32
    np.testing.assert_allclose(row, np.broadcast_to(nested_index(6, 2)[:, None], (6, 8)), rtol=1e-6)
    np.testing.assert_allclose(col, np.broadcast_to(nested_index(8, 4), (6, 8)), rtol=1e-6)
