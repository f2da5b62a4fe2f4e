"""The domain of a checkpoint, in NetCDF: the store without its time."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.netcdf_files import read_netcdf, write_netcdf

_SAY_WHEN = ("history", "provenance")  # attributes in the JSON file, so that equal trainings have equal checksums
_NEEDED = ("mask", "statics", "channel", "log_mean", "log_std")


def when_made(domain: xr.Dataset) -> dict[str, Any]:
    """The attributes that say when and how a domain was made, which its file lacks."""
    return {key: domain.attrs[key] for key in _SAY_WHEN if key in domain.attrs}


def write_domain(path: Path, domain: xr.Dataset, *, written: Path | None = None) -> None:
    """Write a domain; equal domains make equal files, whenever they were made.

    Args:
        path: the file.
        domain: the store without its time.
        written: a file of an equal domain, which is copied; None writes it anew.
    """
    timeless = domain.copy()
    timeless.attrs = domain.attrs | dict.fromkeys(when_made(domain), "in the JSON file of the same name")
    with atomic(path) as scratch:
        if written is None:
            write_netcdf(scratch, timeless)
        else:
            shutil.copyfile(written, scratch)


def read_domain(path: Path, damaged: str) -> xr.Dataset:
    """Read a domain.

    Args:
        path: the file.
        damaged: what to do where it is damaged.

    Raises:
        UserError: the file is missing or damaged, or lacks a variable that a checkpoint needs.
    """
    all_three = "a checkpoint is three files of one name (.safetensors, .json, .nc); copy all of them, "
    domain = read_netcdf(path, all_three + "or train again where an earlier version wrote it", damaged)
    missing = [name for name in _NEEDED if name not in domain.variables]
    if missing:
        raise UserError(f"{path} lacks '{missing[0]}'; expected the domain of a checkpoint; {damaged}")
    return domain
