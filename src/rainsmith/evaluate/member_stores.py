"""Members on disk, refused where they cannot be members of the days and cells of a store."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr

AGAIN = "run 'rainsmith sample' again"
_SAME = {"rtol": 1e-5, "atol": 1e-4}  # [degrees, m] coordinates that were rounded to float32 are the same


def open_members(path: Path, store: xr.Dataset) -> xr.Dataset:
    """Open a store of members.

    Args:
        path: the Zarr store.
        store: the prepared data, whose cells they must lie on.

    Returns:
        The store, with ``precip`` (time, member, y, x) [mm/day]. Where its values are read, they are checked: at every
        valid cell they must be finite and not negative.

    Raises:
        UserError: it is damaged, holds no members of rain, or lies on another grid; later, where values are read: they
            are no amounts of rain.
    """
    samples = open_zarr(path, AGAIN)
    if "precip" not in samples or not {TIME, Y, X} <= set(samples["precip"].dims) <= {TIME, MEMBER, Y, X}:
        held = ", ".join(f"{name} {field.dims}" for name, field in samples.data_vars.items()) or "nothing"
        raise UserError(f"{path} holds {held[:200]}; expected precip ('time', 'member', 'y', 'x'); {AGAIN}")
    if samples["precip"].dtype.kind not in "fiu":
        raise UserError(f"{path}: precip is of type {samples['precip'].dtype}; expected numbers; {AGAIN}")
    _refuse_other_cells(path, samples, store)
    days = _days_of(path, samples)
    if not days.size or np.unique(days).size < days.size:
        raise UserError(f"{path} holds {days.size} days, {np.unique(days).size} of them different; {AGAIN}")
    return samples.assign(precip=_checked(samples["precip"], store["mask"].compute(), path))


def _days_of(path: Path, samples: xr.Dataset) -> np.ndarray:
    try:
        return day_numbers(samples[TIME])
    except (AttributeError, TypeError, ValueError):
        raise UserError(f"{path}: 'time' is of type {samples[TIME].dtype}; expected dates; {AGAIN}") from None


def _refuse_other_cells(path: Path, samples: xr.Dataset, store: xr.Dataset) -> None:
    grid, expected = (samples.sizes[Y], samples.sizes[X]), (store.sizes[Y], store.sizes[X])
    if grid != expected:
        raise UserError(f"{path} has {grid} cells; the store has {expected}; {AGAIN}")
    for name in (Y, X, "latitude", "longitude"):
        if name in samples.coords and name in store.coords:
            ours, theirs = store[name].values, samples[name].values
            if ours.shape != theirs.shape or not np.allclose(ours, theirs, equal_nan=True, **_SAME):
                first = f"{theirs.flat[0]:g} to {theirs.flat[-1]:g}"
                wanted = f"{ours.flat[0]:g} to {ours.flat[-1]:g}"
                raise UserError(
                    f"{path} lies elsewhere: its '{name}' goes from {first}, that of the store from {wanted}; {AGAIN}"
                )


def _checked(precip: xr.DataArray, mask: xr.DataArray, path: Path) -> xr.DataArray:
    """The same members, whose values are looked at when they are read."""
    chunks = {dim: sizes for dim, sizes in precip.chunksizes.items() if dim in mask.dims}
    look = functools.partial(_refuse_no_rain, path=path)
    there = mask.drop_vars(mask.coords).chunk(chunks) if precip.chunks else mask.drop_vars(mask.coords)
    checked = xr.apply_ufunc(look, precip, there, dask="parallelized", output_dtypes=[precip.dtype], keep_attrs=True)
    return checked.transpose(*precip.dims)


def _refuse_no_rain(values: np.ndarray, mask: np.ndarray, *, path: Path) -> np.ndarray:
    wrong = mask & ~((values >= 0) & (values < np.inf))
    if wrong.any():
        first = np.broadcast_to(values, wrong.shape)[wrong][0]
        raise UserError(
            f"{path} holds {int(wrong.sum())} values that are no amounts of rain (the first is {first:g} mm/day), at "
            f"cells where the store has rain; expected finite values that are not negative; {AGAIN}"
        )
    return values
