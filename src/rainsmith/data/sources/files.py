"""Variables from NetCDF files and Zarr stores, brought to the dimensions (time, y, x) with their CF coordinates."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cf_xarray  # noqa: F401  registers the accessor .cf
import numpy as np
import xarray as xr

from rainsmith.base.array_pieces import Shelf
from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.object_mirror import zarr_source
from rainsmith.base.workers import in_order
from rainsmith.base.zarr_metadata import refuse_codecs_that_run_code
from rainsmith.data.checks.valid_range import LIMITS, mask_outside
from rainsmith.data.sources.axes import is_time, read_days, read_map
from rainsmith.data.sources.fill_values import mend_fill_values, unpacked_limits
from rainsmith.data.sources.join import dates_of, join, refuse_other_than_daily
from rainsmith.data.sources.levels import Value, choose, refuse_other_level, single_values
from rainsmith.data.sources.objects import fetch_matches, url_below
from rainsmith.data.sources.other_formats import (
    refuse_cut_off,
    refuse_damaged,
    refuse_groups,
    refuse_undecodable_times,
    what_it_is,
)
from rainsmith.data.sources.rain_names import only_precipitation


def resolve_files(patterns: str | Sequence[str], root: Path) -> list[Path]:
    """Files and Zarr stores that match paths or globs below ``root``, sorted and without repetition.

    Those of buckets and web servers are fetched; their paths are those of the mirror (``base/object_mirror.py``).

    Raises:
        UserError: a pattern matches nothing, or a link that leads nowhere.
    """
    paths: list[Path] = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if (url := url_below(root, pattern)) is not None:
            paths += [match for match in fetch_matches(url) if match not in paths]
            continue
        matches = _matches(root, pattern)
        if not matches:
            folder = (root / pattern).parent
            here = sorted(p.name for p in folder.glob("*"))[:5] if folder.is_dir() else None
            what = (
                f"{folder} holds {', '.join(here) or 'nothing'}" if here is not None else f"there is no folder {folder}"
            )
            raise UserError(
                f"no file matches {root / pattern} ({what}); correct 'files:', 'data.root' or RAINSMITH_DATA"
            )
        for match in matches:
            if not match.exists():
                raise UserError(f"{match} {what_it_is(match)}")
        paths += [match for match in matches if match not in paths]
    return paths


def _matches(root: Path, pattern: str) -> list[Path]:
    """Brackets in ``root`` are plain letters; those in the pattern are so too where nothing matches otherwise."""
    folder = "" if Path(pattern).is_absolute() else glob.escape(str(root))
    for tried in (pattern, pattern.replace("[", "[[]")):
        matches = glob.glob(os.path.join(folder, tried), recursive=True)
        if matches:
            return sorted(Path(match) for match in matches)
    return []


def open_file(path: Path) -> xr.Dataset:
    """Open one NetCDF file or Zarr store lazily.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        refuse_cut_off(path)
        if path.is_dir():
            refuse_codecs_that_run_code(path)
            encoded = xr.open_zarr(zarr_source(path), chunks=None, consolidated=False, decode_cf=False)
        else:
            encoded = xr.open_dataset(path, decode_cf=False)
        decoded = xr.decode_cf(mend_fill_values(encoded), decode_timedelta=False)
        for name in decoded.data_vars:
            decoded[name].attrs = unpacked_limits(decoded[name])
        refuse_groups(path, decoded)
        return decoded
    except UserError:
        raise
    except Exception as error:
        if what := what_it_is(path):
            raise UserError(f"{path} {what}") from None
        refuse_undecodable_times(path)
        refuse_damaged(path)
        raise UserError(
            f"{path} cannot be read ({type(error).__name__}: {' '.join(str(error).split())[:200]}); "
            "expected a NetCDF file or a Zarr store"
        ) from None


def find_variable(ds: xr.Dataset, variable: str | None, where: str = "the file") -> str:
    """Find a variable by its name or CF standard name; None finds the only precipitation.

    Args:
        ds: the opened file.
        variable: name or CF standard name, or None.
        where: the name of the file in error messages.

    Returns:
        The name of the variable.

    Raises:
        UserError: no variable or more than one fits; the message names those that exist.
    """
    existing = [str(v) for v in ds.data_vars if ds[v].ndim >= 2]
    listed = ", ".join(_described(ds, v) for v in existing) or "none"
    if variable is not None:
        if variable in ds.variables:
            return variable
        fits = [str(v) for v in ds.cf.standard_names.get(variable, []) if v in existing]
        if len(fits) == 1:
            return fits[0]
        problem = "has no variable" if not fits else "has several variables of standard name"
        raise UserError(f"{where} {problem} '{variable}'; it holds: {listed}; correct 'variable:'")
    total, problem = only_precipitation(ds, existing)
    if total is not None:
        return total
    raise UserError(f"{where} holds {problem}; it holds: {listed}; name one with 'variable:'")


def only_field(ds: xr.Dataset) -> str | None:
    """The only variable of a file that has times and is none of coordinates, None where there are more or none."""
    bounds = {str(ds[v].attrs.get("bounds", ds[v].encoding.get("bounds", ""))) for v in ds.variables}
    fits = [
        str(v)
        for v in ds.data_vars
        if any(is_time(ds[v], dim) for dim in ds[v].dims)
        and ds[v].dtype.kind in "iuf"
        and str(v) not in bounds
        and not {"bnds", "bounds", "nv", "nbnd"} & set(ds[v].dims)
    ]
    return fits[0] if len(fits) == 1 else None


def open_variable(
    files: str | Sequence[str],
    variable: str | None,
    root: Path,
    units: str | None = None,
    *,
    span: tuple[int, int] | None = None,
    select: Mapping[str, Value] | None = None,
    adapt: Callable[[xr.Dataset, str], xr.Dataset] = lambda ds, name: ds,
) -> xr.DataArray:
    """Read the days of one variable from many files.

    Files are joined in order of time and not of their names; the day of each value is that of ``days.dated``.

    Args:
        files: paths or globs below ``root``.
        variable: name or CF standard name; None for the only precipitation.
        root: folder of the data.
        units: replaces the attribute ``units``.
        span: first and last day to read, as YYYYMMDD.
        select: a value of each further dimension; files with another single value of it are left out.
        adapt: changes an opened file, of which the variable is named, before it is read.

    Returns:
        float32 (time, y, x), in memory, in the units of the file, with coordinates as in ``axes.read_days``.

    Raises:
        UserError: a file or the variable is missing, dimensions are not understood, days are repeated or unsorted,
            the step is not a day, or files differ in grid, level, member, calendar or units.
    """
    pieces: list[xr.DataArray] = []
    shelf = Shelf()
    first: tuple[Path, Mapping[str, Any]] | None = None
    jobs = ((path, variable, span, select or {}, adapt) for path in resolve_files(files, root))
    for (path, *_), read in in_order(_read_file, jobs, threads=1):
        if read is None:
            continue
        name, values, piece = read
        held = path, values
        first = held if first is None else first
        refuse_other_level(name, first, held, "files:")
        if piece.sizes[TIME]:
            shelf.add(piece.values)
            piece = piece.copy(data=np.broadcast_to(np.float32(0), piece.shape))  # its values lie on the shelf
            piece.encoding["source"] = str(path)
            if units is not None:
                piece.attrs["units"] = units
            pieces.append(piece)
    if first is None:
        chosen_values = ", ".join(f"{key}: {value}" for key, value in (select or {}).items())
        raise UserError(f"none of {files} holds {chosen_values}; correct 'select:' or 'files:'")
    if not pieces:
        raise UserError(f"no day of {files} lies within {dates_of(span)}; correct 'data.period' or 'files:'")
    pieces = [piece.copy(data=values) for piece, values in zip(pieces, shelf.arrays(), strict=True)]
    del shelf
    pieces.sort(key=lambda piece: int(day_numbers(piece[TIME][:1])[0]))
    if len({tuple(piece.attrs.get(key) for key in LIMITS) for piece in pieces}) > 1:
        pieces = [mask_outside(piece) for piece in pieces]  # packed in other ways, files have other valid ranges
    da = join(pieces)
    refuse_other_than_daily(da)
    return da


def open_map(
    files: str | Sequence[str], variable: str | None, root: Path, select: Mapping[str, Value] | None = None
) -> xr.DataArray:
    """Read a map without time, (y, x) float32, from the one file that holds it; ``select`` as in ``open_variable``.

    Raises:
        UserError: several files fit, or what ``open_variable`` refuses.
    """
    paths = resolve_files(files, root)
    if len(paths) > 1:
        raise UserError(f"{len(paths)} files match {files}; expected one with the static map; name it")
    with open_file(paths[0]) as ds:
        if variable is None:
            maps = [str(v) for v in ds.data_vars if ds[v].ndim >= 2 and not {"bnds", "bounds", "nv"} & set(ds[v].dims)]
            if len(maps) != 1:
                raise UserError(f"{paths[0]} holds {', '.join(maps) or 'no map'}; name one with 'variable:'")
            variable = maps[0]
        name = find_variable(ds, variable, str(paths[0]))
        chosen = choose(ds, name, select or {}, paths[0])
        if chosen is None:
            raise UserError(f"{paths[0]}: '{name}' holds none of 'select: {dict(select or {})}'; correct 'select:'")
        return _read(read_map, chosen, name, paths[0])


def _read_file(
    path: Path,
    variable: str | None,
    span: tuple[int, int] | None,
    select: Mapping[str, Value],
    adapt: Callable[[xr.Dataset, str], xr.Dataset],
) -> tuple[str, Mapping[str, Any], xr.DataArray] | None:
    """The variable of one file: its name, the single values of its other dimensions, and its days; None without any."""
    with open_file(path) as ds:
        name = find_variable(ds, variable, str(path))
        chosen = choose(ds, name, select, path)
        if chosen is None:
            return None
        return name, single_values(chosen, name), _read(read_days, adapt(chosen, name), name, path, span)


def _described(ds: xr.Dataset, name: str) -> str:
    standard = ds[name].attrs.get("standard_name")
    return f"{name} ({standard})" if standard else name


def _read(reader: Callable[..., xr.DataArray], ds: xr.Dataset, name: str, path: Path, *options: Any) -> xr.DataArray:
    """Read the values, and turn the traceback of a file that is cut off into a message."""
    try:
        return reader(ds, name, path, *options)
    except (OSError, RuntimeError) as error:
        text = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: '{name}' cannot be read ({text}); the file may be cut off; fetch it again") from None
