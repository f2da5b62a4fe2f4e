"""Zarr stores: written whole with consolidated metadata, and opened only where they can be read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
import zarr

from rainsmith.base.cf import from_cf, to_cf
from rainsmith.base.errors import UserError


def open_zarr(path: Path, advice: str) -> xr.Dataset:
    """Open a finished Zarr store; its values are read when they are used.

    Args:
        path: the folder of the store.
        advice: what to do where it is missing, such as "run 'rainsmith prepare' first".

    Raises:
        UserError: the store is missing, unfinished or unreadable.
    """
    if not path.is_dir():
        raise UserError(f"{path} not found; {advice}")
    try:
        return from_cf(xr.open_zarr(path, consolidated=False, decode_timedelta=False))
    except Exception as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}: {error}); delete it and {advice}") from None


def write_zarr(
    path: Path, data: xr.Dataset, *, encoding: Mapping[str, Any] | None = None, compute: bool = True
) -> None:
    """Write a Zarr store after the CF conventions, with consolidated metadata; give it the path of ``atomic``.

    Args:
        path: the folder of the store.
        data: the data; dask arrays keep their chunks.
        encoding: encoding of variables, such as ``{"precip": {"chunks": (16, 20, 18)}}``.
        compute: False writes all but the values of dask arrays, which are written region by region afterwards.
    """
    how: dict[str, Any] = {"mode": "w", "zarr_format": 3, "consolidated": False, "compute": compute}
    to_cf(data).to_zarr(path, encoding=encoding, **how)
    with warnings.catch_warnings():  # consolidated metadata is not yet in the specification of Zarr 3, but all read it
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(path, zarr_format=3)
