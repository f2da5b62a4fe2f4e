"""Where fine cells lie in the coarse grid when both grids cover the same box (the demo, and the reference's files)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import GRID


def position(fine: int, coarse: int) -> np.ndarray:
    """Fractional coarse index of each fine cell centre along one axis (fine,); 0.0 is the first coarse centre."""
    return (np.arange(fine) + 0.5) * coarse / fine - 0.5


def positions(fine: tuple[int, int], coarse: tuple[int, int]) -> tuple[xr.DataArray, xr.DataArray]:
    """Fractional coarse row and column of every fine cell: two (y, x) float32 arrays.

    Args:
        fine: (rows, columns) of the fine grid.
        coarse: (rows, columns) of the coarse grid.
    """
    row, col = position(fine[0], coarse[0]), position(fine[1], coarse[1])
    rows, cols = np.meshgrid(row.astype(np.float32), col.astype(np.float32), indexing="ij")
    return xr.DataArray(rows, dims=GRID), xr.DataArray(cols, dims=GRID)
