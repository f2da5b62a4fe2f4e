"""Fields on large grids, of which only the part around the target is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.config import PredictorSource
from rainsmith.data.grids.grid import Grid, move_seam_away
from rainsmith.data.grids.locate import locate_points
from rainsmith.data.grids.sphere import wrap_degrees
from rainsmith.data.sources.axes import is_horizontal
from rainsmith.data.sources.files import open_variable
from rainsmith.data.sources.series import ReadVariable
from rainsmith.data.splits import Span

LARGE = 3000
"""Cells above which a grid is not read as a whole."""
ACROSS = 40
"""Cells that are kept along each axis, the target in their middle, and all that it covers."""


def read_near(source: PredictorSource, grid: Grid, target: Grid, span: Span) -> Iterator[ReadVariable]:
    """Read the part around the target of a source on a large grid, for each of its levels.

    Args:
        source: one entry of ``data.predictors`` of one variable, with whole paths.
        grid: its cells.
        target: the fine grid.
        span: first and last day to read, as YYYYMMDD.

    Raises:
        UserError: what ``open_variable`` refuses.
    """
    if target.longitude is not None:  # a grid round the earth begins far from the target
        grid, _ = move_seam_away(grid, float(target.longitude.flat[target.longitude.size // 2]))
    crop = _crop(grid, target)
    lists = {key: value if isinstance(value, list) else [value] for key, value in source.select.items()}
    for chosen in product(*lists.values()):
        select: dict[str, Any] = dict(zip(lists, chosen, strict=True))
        name = source.variable if isinstance(source.variable, str) else None
        values = open_variable(source.files or [], name, Path("/"), source.units, span=span, select=select, adapt=crop)
        several = [
            f"{value:g}" if isinstance(value, float) else str(value)
            for key, value in select.items()
            if len(lists[key]) > 1
        ]
        yield ReadVariable("_".join([str(values.name), *several]), values)


def _crop(grid: Grid, target: Grid) -> Callable[[xr.Dataset, str], xr.Dataset]:
    """A function that cuts a file down to the rows and columns around the target; it keeps what it does not know."""
    row, column, _ = locate_points(grid, target)
    around = [_around(index, axis) for index, axis in ((row, grid.y), (column, grid.x))]
    turns = grid.crs is not None and grid.crs.is_geographic

    def cut(ds: xr.Dataset, name: str) -> xr.Dataset:
        da = ds[name]
        places = [dim for dim in da.dims if is_horizontal(da, dim) and dim in da.coords and da[dim].ndim == 1]
        kept = {}
        for dim in places:
            values = np.asarray(da[dim].values, dtype=np.float64)
            for axis, wanted, is_x in ((grid.y, around[0], False), (grid.x, around[1], True)):
                if _are_the_same(values, axis, turns and is_x):
                    kept[dim] = np.flatnonzero(_is_among(values, wanted, turns and is_x))
        return ds.isel(kept) if len(kept) == 2 else ds

    return cut if grid.has_axes else lambda ds, name: ds


def _around(index: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Values of an axis at the target and some to both sides."""
    first, last = int(np.floor(index.min())), int(np.ceil(index.max()))
    more = max(2, (ACROSS - (last - first)) // 2)
    return axis[max(first - more, 0) : last + more + 1]


def _are_the_same(values: np.ndarray, axis: np.ndarray, turns: bool) -> bool:
    """Whether a coordinate of a file is this axis, in any order."""
    if turns:
        values, axis = wrap_degrees(values), wrap_degrees(axis)
    return values.size == axis.size and bool(np.allclose(np.sort(values), np.sort(axis), rtol=1e-5, atol=1e-4))


def _is_among(values: np.ndarray, wanted: np.ndarray, turns: bool) -> np.ndarray:
    """Which values of a coordinate are wanted."""
    away = values[:, None] - wanted[None, :]
    return np.asarray(
        (np.abs(wrap_degrees(away) if turns else away) < 1e-4 * max(1.0, np.abs(wanted).max())).any(axis=1)
    )
