"""Where in an array a value lies, for messages."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from rainsmith.base.dims import TIME, X, Y


def place_of(field: xr.DataArray, index: Sequence[int]) -> tuple[str, float, float]:
    """The day and the coordinates of a value.

    Args:
        field: (time, y, x).
        index: position of the value along time, y and x.

    Returns:
        The date, y and x; the row and column number where the field has no coordinates.
    """
    t, row, column = (int(number) for number in index)
    cell = field.isel({TIME: t, Y: row, X: column})
    return (
        str(cell[TIME].values)[:10],
        float(cell[Y]) if Y in cell.coords else float(row),
        float(cell[X]) if X in cell.coords else float(column),
    )
