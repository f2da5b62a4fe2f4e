"""What files hold: every variable of a file with its days, its grid and its levels, opened lazily."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.analogs import ordinals
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.sphere import typical_step
from rainsmith.data.sources.axes import is_horizontal, is_time, read_map
from rainsmith.data.sources.days import dated, refuse_short_steps
from rainsmith.data.sources.files import open_file
from rainsmith.data.sources.lead_times import with_valid_times
from rainsmith.data.sources.levels import choose, single_values
from rainsmith.data.sources.series import MOST_STATIONS
from rainsmith.data.sources.tables import SUFFIXES as TABLES
from rainsmith.data.sources.tables import read_table

Kind = Literal["field", "series", "column"]
KM_PER_DEGREE = 111.2
_BOUNDS_DIMS = ("bnds", "bounds", "nv", "nbnd", "vertices", "axis_nbounds")
_PLACES = frozenset({"latitude", "longitude", "degrees_north", "degrees_east", "degree_north", "degree_east"})


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable of one file, or one column of a table.

    Attributes:
        path: the file.
        name: of the variable or column.
        kind: a field on a grid, series of a NetCDF file without a grid, or a column of a table.
        about: an array without values, with the name and the attributes of the variable.
        days: (time,) YYYYMMDD, empty for a map without time.
        ordinals: (time,) [days] since 1900 in the calendar of the file.
        calendar: of the days.
        hour: of the first stamp, such as 12:00.
        day_rule: what was assumed of the days, "" where nothing was.
        grid: its cells; None where it has none.
        levels: values of each further dimension of more than one value, in the units of the file; positions where the
            dimension has no values.
        single: levels, members and the like that it has one of.
        column: the text of a column of a table.
        problem: why it cannot be a daily field, "" where it can.
    """

    path: Path
    name: str
    kind: Kind
    about: xr.DataArray
    days: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    ordinals: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    calendar: str = "standard"
    hour: str = "00:00"
    day_rule: str = ""
    grid: Grid | None = None
    levels: Mapping[str, list[Any]] = field(default_factory=dict)
    single: Mapping[str, Any] = field(default_factory=dict)
    column: pd.Series | None = None
    problem: str = ""

    @property
    def units(self) -> str:
        return str(self.about.attrs.get("units", "")).strip()

    @property
    def is_map(self) -> bool:
        """Whether it has a grid and no time, or a single one."""
        return self.kind == "field" and self.days.size <= 1


def look_into(path: Path) -> list[Variable]:
    """The variables of a file that may be rain, predictors or static maps.

    Raises:
        UserError: the file cannot be read, or a table holds no daily values.
    """
    if path.suffix.lower() in TABLES:
        return _columns(path)
    with open_file(path) as ds:
        found = [one for name in map(str, ds.data_vars) if (one := _variable(ds, name, path)) is not None]
    # time series beside fields, such as the numbers of dates of a climate model, are no predictors
    return [one for one in found if one.grid is not None] or found


def cell_km(grid: Grid) -> float:
    """[km] The distance between neighbouring cells; NaN where nothing tells it."""
    if grid.latitude is not None and grid.longitude is not None:
        return typical_step(grid.latitude, grid.longitude) * KM_PER_DEGREE
    if not grid.has_axes:
        return float("nan")
    steps = [float(np.median(np.abs(np.diff(axis)))) for axis in grid.metres() if len(axis) > 1]
    return min(steps, default=float("nan")) / 1000.0


def _variable(ds: xr.Dataset, name: str, path: Path) -> Variable | None:
    """One variable; None where it is no amount of anything: bounds, coordinates, text, numbers without dimensions."""
    da = ds[name]
    about = xr.DataArray(0.0, name=name, attrs=dict(da.attrs))
    said = {str(da.attrs.get(key, "")).lower() for key in ("standard_name", "units")}
    if da.dtype.kind not in "iuf" or da.ndim == 0 or said & _PLACES or _is_bounds(ds, name):
        return None
    chosen = choose(ds, name, {}, path)
    assert chosen is not None  # nothing was selected, so nothing is left out
    da = chosen[name]
    time = next((dim for dim in da.dims if is_time(da, dim)), None)
    further, on_grid = _dimensions(da, time)
    if not on_grid and time is None:
        return None
    levels = {str(dim): _values(da, dim) for dim in further}
    common: dict[str, Any] = {"levels": levels, "single": single_values(chosen, name)}
    try:
        days = {} if time is None else _days(chosen, name, time, path)
        if not on_grid:
            return Variable(path, name, "series", about, **days, **common)
        first = {dim: 0 for dim in further} | ({} if time is None else {time: slice(0, 1)})
        read = read_map(chosen[[name, *_companions(chosen, name)]].isel(first), name, path)
        return Variable(path, name, "field", about, **days, grid=Grid.of(read), **common)
    except UserError as error:
        return Variable(path, name, "field" if on_grid else "series", about, problem=str(error), **common)


def _is_bounds(ds: xr.Dataset, name: str) -> bool:
    named = {str(ds[v].attrs.get("bounds", ds[v].encoding.get("bounds", ""))) for v in ds.variables}
    return name in named or any(str(dim).lower() in _BOUNDS_DIMS for dim in ds[name].dims)


def _dimensions(da: xr.DataArray, time: Hashable | None) -> tuple[list[Hashable], bool]:
    """Dimensions of several values beside time and place, and whether there is a grid.

    Where attributes and names do not tell rows and columns, they are the last two dimensions, as CF recommends.
    """
    places = [dim for dim in da.dims if dim != time and is_horizontal(da, dim)]
    others = [dim for dim in da.dims if dim != time and dim not in places and da.sizes[dim] > 1]
    lacking = 2 - len(places)
    if lacking == 2 and time is not None and (len(others) < 2 and _few_series(da, others)):
        return others, False
    if len(others) >= lacking:
        return others[: len(others) - lacking], True
    return others, len(places) == 2


def _few_series(da: xr.DataArray, others: list[Hashable]) -> bool:
    return all(da.sizes[dim] <= MOST_STATIONS for dim in others)


def _values(da: xr.DataArray, dim: Hashable) -> list[Any]:
    if dim not in da.coords:
        return list(range(da.sizes[dim]))
    values = [v.decode(errors="replace") if isinstance(v, bytes) else v for v in da[dim].values.tolist()]
    return [float(f"{v:.9g}") if isinstance(v, float) else v for v in values]


def _companions(ds: xr.Dataset, name: str) -> list[str]:
    """Variables that place the cells: everything of the same grid or without dimensions that is no field of days."""
    dims = set(ds[name].dims)
    return [str(v) for v in ds.data_vars if v != name and set(ds[v].dims) <= dims and ds[v].ndim <= 1]


def _days(ds: xr.Dataset, name: str, dim: Hashable, path: Path) -> dict[str, Any]:
    """The days of a variable.

    Raises:
        UserError: its steps are no days, or its days are not understood.
    """
    if dim not in ds[name].coords:
        raise UserError(f"{path}: the time axis '{dim}' of '{name}' holds no times")
    stamps, dated_ds = with_valid_times(ds, name, dim)
    time = (
        dated(stamps, dated_ds, name, path).rename({dim: TIME}) if dim != TIME else dated(stamps, dated_ds, name, path)
    )
    refuse_short_steps(time, f"'{name}'")
    numbers = ordinals(time)
    if numbers.size > 2 and np.median(np.diff(numbers)) > 1:
        raise UserError(f"'{name}' has one value every {np.median(np.diff(numbers)):.0f} days; expected daily data")
    if (np.diff(numbers) <= 0).any():
        raise UserError(f"{path}: the days of '{name}' are repeated or not in order of time; sort the file")
    first = time.dt
    return {
        "days": day_numbers(time),
        "ordinals": numbers,
        "calendar": str(first.calendar),
        "hour": f"{int(first.hour.values[0]):02d}:{int(first.minute.values[0]):02d}" if time.size else "00:00",
        "day_rule": str(time.attrs.get("day_rule", "")),
    }


def _columns(path: Path) -> list[Variable]:
    """The columns of a table of daily values.

    Raises:
        UserError: the file is no such table.
    """
    table = read_table(path)
    time = xr.DataArray(table.index.values, dims=TIME)
    numbers = ordinals(time)
    if (np.diff(numbers) <= 0).any() or (numbers.size > 2 and np.median(np.diff(numbers)) > 1):
        raise UserError(f"{path} does not hold one line a day")
    rule = str(table.attrs["day_rule"])
    days: dict[str, Any] = {"days": day_numbers(time), "ordinals": numbers, "day_rule": rule}
    return [
        Variable(path, name, "column", xr.DataArray(0.0, name=name), column=table[name], **days)
        for name in map(str, table.columns)
        if name
    ]
