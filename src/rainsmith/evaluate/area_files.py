"""Areas read from a NetCDF file on the fine grid: maps of numbers, or of true and false."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import X, Y
from rainsmith.base.errors import UserError
from rainsmith.evaluate.areas import Areas, training_quantiles


def read_areas(path: Path, store: xr.Dataset) -> Areas:
    """Areas from a NetCDF file on the fine grid of the store.

    The file holds either one variable (y, x) of whole numbers: a number for each area, 0 or missing outside, and the
    names in ``flag_values`` and ``flag_meanings``. Or it holds variables (y, x) of true and false, or 1 and 0: one for
    each area, which has the name of the variable.

    Args:
        path: the file.
        store: the prepared data.

    Raises:
        UserError: the file cannot be read, is of another grid, or holds neither; an area has no valid cell.
    """
    data = _opened(path)
    maps = _maps(path, data, store)
    flags = {name: np.isin(field, (0, 1)).all() for name, field in maps.items()}
    if len(maps) > 1 and not all(flags.values()):
        raise UserError(
            f"{path} holds {len(maps)} maps ({', '.join(maps)}); expected one of area numbers, or only maps of "
            "true and false, one an area; leave the others out"
        )
    named = any("flag_meanings" in data[name].attrs for name in maps)
    if all(flags.values()) and not named:
        areas = {name: np.asarray(field == 1) for name, field in maps.items()}
    else:
        name, numbers = next(iter(maps.items()))
        areas = _by_number(path, numbers, data[name].attrs)
    cells = np.flatnonzero(store["mask"].values)
    inside = np.stack([area.reshape(-1)[cells] for area in areas.values()], axis=1).astype(np.float64)
    for name, size in zip(areas, inside.sum(axis=0), strict=True):
        if size == 0:
            raise UserError(f"{path}: the area '{name}' holds no valid cell of the domain; leave it out")
    return Areas(tuple(areas), cells, inside, training_quantiles(store, cells, inside))


def _opened(path: Path) -> xr.Dataset:
    if not path.is_file():
        raise UserError(f"{path} not found; evaluate.areas (--areas) names a NetCDF file of areas on the fine grid")
    try:
        with xr.open_dataset(path, decode_timedelta=False) as opened:
            return opened.load()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); give a NetCDF file of areas on the fine grid") from None


def _maps(path: Path, data: xr.Dataset, store: xr.Dataset) -> dict[str, np.ndarray]:
    """The variables of a file that are maps of numbers on the grid of the store, 0 where missing."""
    fields = {str(name): _on_grid(path, field, store) for name, field in data.data_vars.items() if field.ndim == 2}
    maps = {name: field for name, field in fields.items() if field is not None}
    if not maps:
        grid = (store.sizes[Y], store.sizes[X])
        shapes = ", ".join(f"{name} {field.shape}" for name, field in data.data_vars.items()) or "no variables"
        raise UserError(f"{path} holds {shapes}; expected areas as maps of {grid} cells, the fine grid of store.zarr")
    return maps


def _on_grid(path: Path, field: xr.DataArray, store: xr.Dataset) -> np.ndarray | None:
    """The values of a map on the grid of the store, 0 where missing; None where it is of another size or no number."""
    if set(field.dims) == {Y, X}:
        field = field.transpose(Y, X)
    if field.shape != (store.sizes[Y], store.sizes[X]) or field.dtype.kind not in "biuf":
        return None
    for dim in (Y, X):
        if dim in field.coords and dim in store.coords:
            ours, theirs = store[dim].values.astype(np.float64), field[dim].values.astype(np.float64)
            step = np.abs(np.diff(ours)).min(initial=np.inf)
            if not np.allclose(theirs, ours, atol=0.01 * step if np.isfinite(step) else 1e-6, rtol=0):
                raise UserError(
                    f"{path}: '{dim}' begins with {theirs[0]:g} and ends with {theirs[-1]:g}; the store's with "
                    f"{ours[0]:g} and {ours[-1]:g}; put the areas on the cells of store.zarr, in the same order"
                )
    return np.nan_to_num(field.values.astype(np.float64))


def _by_number(path: Path, numbers: np.ndarray, attrs: Mapping[str, object]) -> dict[str, np.ndarray]:
    """The areas of one map of numbers, in rising order, by their names in the attributes, else by their numbers."""
    fractions = numbers[numbers != np.round(numbers)]
    if fractions.size:
        raise UserError(f"{path}: areas are numbered by whole numbers; found {fractions[0]:g}")
    used = [int(number) for number in np.unique(numbers) if number != 0]
    if not used:
        raise UserError(f"{path} holds no area: every cell is 0 or missing; number the cells of each area from 1 on")
    names = str(attrs.get("flag_meanings", "")).split()
    values = [int(value) for value in np.atleast_1d(np.asarray(attrs.get("flag_values", range(1, len(names) + 1))))]
    if len(names) != len(values):
        raise UserError(f"{path}: {len(values)} flag_values and {len(names)} flag_meanings; expected one name a number")
    name_of = dict(zip(values, names, strict=True))
    return {name_of.get(number, str(number)): numbers == number for number in used}
