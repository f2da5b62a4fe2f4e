"""Where fine cells lie in a coarse grid that covers the same area: the demo's, and that of the reference's files."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import GRID


def nested_index(fine: int, coarse: int) -> np.ndarray:
    """Fractional coarse index of each fine cell centre along one axis.

    Args:
        fine: number of fine cells.
        coarse: number of coarse cells over the same length.

    Returns:
        (fine,); 0.0 is the centre of the first coarse cell.
    """
    return (np.arange(fine) + 0.5) * coarse / fine - 0.5


def nested_rows_and_columns(fine: tuple[int, int], coarse: tuple[int, int]) -> tuple[xr.DataArray, xr.DataArray]:
    """Fractional coarse row and column of every fine cell: two (y, x) float32 arrays.

    Args:
        fine: (rows, columns) of the fine grid.
        coarse: (rows, columns) of the coarse grid.
    """
    row, col = nested_index(fine[0], coarse[0]), nested_index(fine[1], coarse[1])
    rows, cols = np.meshgrid(row.astype(np.float32), col.astype(np.float32), indexing="ij")
    return xr.DataArray(rows, dims=GRID), xr.DataArray(cols, dims=GRID)
