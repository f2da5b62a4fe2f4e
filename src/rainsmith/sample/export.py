"""Samples in other formats: NetCDF, and the files of the reference."""

from __future__ import annotations

import re
from pathlib import Path

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.processes import is_main
from rainsmith.base.scratch import remove_leftovers
from rainsmith.base.zarr_files import open_zarr
from rainsmith.data.legacy.write import write_day
from rainsmith.data.statistics import cell_statistics
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.sample.files import copy_to_netcdf


def export(samples: Path, loaded: Checkpoint, *, netcdf: bool, legacy_npy: Path | None) -> None:
    """Write finished samples in the other formats that were asked for; one process of several does it.

    Args:
        samples: the Zarr store.
        loaded: the checkpoint that they were drawn from.
        netcdf: whether a NetCDF file is written beside the store.
        legacy_npy: folder of the reference's normalised per-day files, or None.

    Raises:
        UserError: the store's attributes name a folder elsewhere.
    """
    if not is_main():
        return
    if netcdf:
        copy_to_netcdf(samples)
    if legacy_npy is not None:
        remove_leftovers(legacy_npy)
        mean, std = cell_statistics(loaded.domain)
        with open_zarr(samples, "run the command that writes it") as opened:
            mode = f"{opened.attrs['mode']}{opened.attrs.get('variant', '')}"
            if not re.fullmatch(r"\w[\w.+-]*", mode):  # it becomes the name of a folder
                raise UserError(
                    f"{samples}: its attributes mode and variant are '{mode}'; expected a name; draw it again"
                )
            for day, number in enumerate(day_numbers(opened["time"])):
                members = opened["precip"].isel(time=day).values
                for member, field in enumerate(members):
                    folder = legacy_npy / mode / f"member_{member:03d}"
                    write_day(folder, int(number), field, mean, std)
