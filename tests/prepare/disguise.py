"""A field in one of the many legal forms of a file: its place, order, units, packing, calendar, chunks and format."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cftime
import numpy as np
import xarray as xr
from hypothesis import strategies as st

from tests.prepare.fields import DAYS, NUMBERS


@dataclass(frozen=True)
class Disguise:
    """How a file looks.

    Attributes:
        order: of the dimensions.
        falling: latitudes fall.
        west_first: longitudes rise; False: they fall.
        longitudes: counted from -180, from 0, or without a jump and from a turn further on.
        sorted_longitudes: columns stand in the order of these numbers, whatever the place.
        planes: latitudes and longitudes are maps beside bare axes.
        single: axes are in single precision.
        units: of the rain, with the factor from mm/day.
        dtype: of the values; whole numbers are packed with scale and offset.
        missing: how missing values are marked.
        calendar: of the time axis.
        since: the units of the time axis.
        hour: at which the day begins, of stamps without bounds and of bounds.
        bounds: where the stamp lies in bounds that say the day; "" without bounds.
        kind: of the file.
        chunks: number of days, rows and columns of a chunk; None as the library likes it.
        shards: a shard of Zarr 3 holds several chunks.
        compression: of the values.
        pieces: number of files.
        names: of latitude, longitude and time.
        more: what else the file holds.
    """

    order: tuple[str, ...] = ("time", "lat", "lon")
    falling: bool = False
    west_first: bool = True
    longitudes: str = "-180"
    sorted_longitudes: bool = False
    planes: bool = False
    single: bool = False
    units: tuple[str, float] = ("mm/day", 1.0)
    dtype: str = "f8"
    missing: str = "_FillValue"
    calendar: str = "standard"
    since: str = "days since 2001-01-01 00:00:00"
    hour: int = 0
    bounds: str = ""
    kind: str = "NETCDF4"
    chunks: tuple[int, int, int] | None = None
    shards: bool = False
    compression: str = "none"
    pieces: int = 1
    names: tuple[str, str, str] = ("lat", "lon", "time")
    more: str = ""


UNITS = (
    ("mm/day", 1.0),
    ("mm", 1.0),
    ("mm d-1", 1.0),
    ("kg m-2 s-1", 1 / 86400),
    ("kg m-2 day-1", 1.0),
    ("m", 1e-3),
    ("m/day", 1e-3),
    ("cm/day", 0.1),
    ("mm h-1", 1 / 24),
    ("mm/hr", 1 / 24),
    ("inch/day", 1 / 25.4),
)
DISGUISES = st.builds(
    Disguise,
    order=st.permutations(("time", "lat", "lon")).map(tuple),
    falling=st.booleans(),
    west_first=st.booleans(),
    longitudes=st.sampled_from(("-180", "0", "turned")),
    sorted_longitudes=st.booleans(),
    planes=st.booleans(),
    single=st.booleans(),
    units=st.sampled_from(UNITS),
    dtype=st.sampled_from(("f8", "f4", ">f4", "i2", ">i2", "i4", "u2")),
    missing=st.sampled_from(("_FillValue", "missing_value", "both", "NaN", "valid_range", "unnamed code")),
    calendar=st.sampled_from(
        ("standard", "gregorian", "proleptic_gregorian", "noleap", "365_day", "julian", "366_day")
    ),
    since=st.sampled_from(
        (
            "days since 2001-01-01 00:00:00",
            "days since 1900-01-01",
            "hours since 1970-01-01T00:00:00Z",
            "seconds since 1970-01-01",
            "minutes since 2001-01-01 09:00",
        )
    ),
    hour=st.sampled_from((0, 6, 9, 11)),
    bounds=st.sampled_from(("", "begin", "middle", "end")),
    kind=st.sampled_from(("NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_64BIT", "NETCDF3_CLASSIC", "zarr2", "zarr3")),
    chunks=st.none() | st.tuples(st.integers(1, DAYS), st.integers(1, 4), st.integers(1, 5)),
    shards=st.booleans(),
    compression=st.sampled_from(("none", "usual", "checked")),
    pieces=st.sampled_from((1, 1, 2, 3)),
    names=st.sampled_from(
        (("lat", "lon", "time"), ("latitude", "longitude", "time"), ("nav_lat", "nav_lon", "t"), ("y", "x", "date"))
    ),
    more=st.sampled_from(("", "level", "height", "mapping", "bounds of cells", "map")),
)


def write(field: xr.DataArray, name: str, standard_name: str, look: Disguise, folder: Path) -> str:
    """Write a field in its disguise.

    Returns:
        A pattern that finds the file or files; they do not stand in order of time.
    """
    data, encoding = _values(_turned(field, look), name, look)
    data[name].attrs |= {"units": look.units[0], "standard_name": standard_name}
    data = _surrounded(_dated(data, look), name, look)
    borders = np.linspace(0, DAYS, look.pieces + 1).astype(int)
    dims = dict(zip(("lat", "lon", "time"), look.names, strict=True))
    for number, (first, last) in enumerate(itertools.pairwise(borders)):
        piece = data.isel(time=slice(int(first), int(last)))
        piece = piece.rename({old: new for old, new in dims.items() if old in piece.variables or old in piece.dims})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries have opinions on some of these formats
            _write(piece, name, encoding, look, folder / f"{name}{look.pieces - number}")
    return f"{name}*.zarr" if look.kind.startswith("zarr") else f"{name}*.nc"


def _turned(field: xr.DataArray, look: Disguise) -> xr.DataArray:
    """The field with its rows, columns and longitudes as the file has them."""
    lon = field["lon"].values
    if look.longitudes == "turned":
        counted = lon + 360
    else:
        counted = (lon + 180) % 360 - 180 if look.longitudes == "-180" else lon % 360
    field = field.assign_coords(lon=counted)
    if look.sorted_longitudes and not look.planes:  # 2-D coordinates must stand side by side
        field = field.sortby("lon")
    field = field.isel(
        lat=slice(None, None, -1 if look.falling else 1), lon=slice(None, None, 1 if look.west_first else -1)
    )
    if look.single:
        field = field.assign_coords({axis: field[axis].astype("f4") for axis in ("lat", "lon")})
    field["lat"].attrs = {"units": "degrees_north", "standard_name": "latitude"}
    field["lon"].attrs = {"units": "degrees_east", "standard_name": "longitude"}
    if look.planes:
        lat, lon_2d = xr.broadcast(field["lat"], field["lon"])
        planes = {
            "plane_lat": lat.assign_attrs(field["lat"].attrs),
            "plane_lon": lon_2d.assign_attrs(field["lon"].attrs),
        }
        field = field.drop_vars(("lat", "lon")).assign_coords(
            {key: (plane.dims, plane.values, plane.attrs) for key, plane in planes.items()}
        )
    return field


def _values(field: xr.DataArray, name: str, look: Disguise) -> tuple[xr.Dataset, dict[str, Any]]:
    """The values in their unit, with the attributes that mark missing ones, and how they are encoded."""
    factor = look.units[1]
    classic = look.kind.startswith("NETCDF3") or look.kind.endswith("CLASSIC")
    dtype = np.dtype(
        "i2" if classic and look.dtype == "u2" else look.dtype
    )  # the classic model has no unsigned numbers
    values, kind = field * factor, dtype.kind
    attrs: dict[str, Any] = {}
    encoding: dict[str, Any] = {"dtype": dtype}
    code, missing = -9999.0 if kind != "u" else 65535, look.missing
    if kind in "iu":
        # rain in half millimetres and pressure in steps of 2 Pa about its mean
        step, offset = (0.5 * factor, 0.0) if name == "pr" else (2.0, 9e4)
        encoding |= {"scale_factor": step, "add_offset": offset}
        if missing in ("NaN", "unnamed code"):
            missing = "_FillValue"  # whole numbers have no NaN, and a packed code has the size of a value
    code_in_file = dtype.type(code)
    if missing in ("_FillValue", "both"):
        encoding["_FillValue"] = code_in_file
    if missing in ("missing_value", "both"):
        encoding["missing_value"] = code_in_file
    if missing == "NaN":
        encoding["_FillValue"] = None
    if missing in ("unnamed code", "valid_range"):
        if missing == "valid_range":
            low, high = (0, 20_000) if kind in "iu" else (0.0, 200_000.0)
            attrs["valid_range"] = np.array([low, high], dtype.newbyteorder("="))
        if kind in "iu":
            code = code * encoding["scale_factor"] + encoding["add_offset"]
        values, encoding["_FillValue"] = values.fillna(float(code)), None
    data = values.transpose(*look.order).to_dataset(name=name)
    data[name].attrs = attrs
    return data, encoding


def _dated(data: xr.Dataset, look: Disguise) -> xr.Dataset:
    """The same data with stamps, and with bounds where they say the day."""
    begin = look.hour / 24
    bounds = np.stack([NUMBERS + begin, NUMBERS + begin + 1], axis=1)
    stamps = bounds[:, 0] + {"": 0.0, "begin": 0.0, "middle": 0.5, "end": 1.0}[look.bounds]
    unit, _, epoch = look.since.partition(" since ")
    per_day = {"days": 1, "hours": 24, "minutes": 1440, "seconds": 86400}[unit]
    away = _days_from(epoch, look.calendar)
    attrs = {"units": look.since, "calendar": look.calendar, "standard_name": "time"}
    data = data.assign_coords(time=("time", (stamps + away) * per_day, attrs))
    if look.bounds:
        data["time"].attrs["bounds"] = "time_bnds"
        data["time_bnds"] = (("time", "nv"), (bounds + away) * per_day)
    return data


def _days_from(epoch: str, calendar: str) -> float:
    """[days] From the reference date of a time axis to 2001-01-01 in its calendar."""
    text = epoch.replace("T", " ").replace("Z", "")
    start = cftime.num2date(0, f"days since {text}", calendar=calendar)
    return float((cftime.datetime(2001, 1, 1, calendar=start.calendar) - start).total_seconds()) / 86400


def _surrounded(data: xr.Dataset, name: str, look: Disguise) -> xr.Dataset:
    """The same data with what files hold beside their values."""
    if look.more == "level":
        data[name] = data[name].expand_dims(level=[2.0], axis=1)
    if look.more == "height":
        data = data.assign_coords(height=((), 2.0, {"units": "m", "standard_name": "height"}))
    if look.more == "mapping":
        data["crs"] = ((), 0, {"grid_mapping_name": "latitude_longitude"})
        data[name].attrs["grid_mapping"] = "crs"
    if look.more == "bounds of cells" and not look.planes:
        half = 0.05 if name == "pr" else 0.25
        for axis in ("lat", "lon"):
            both = np.stack([data[axis].values - half, data[axis].values + half], axis=1)
            data[f"{axis}_bnds"] = ((axis, "nv"), both)
            data[axis].attrs["bounds"] = f"{axis}_bnds"
    if look.more == "map":
        data["orog"] = (("lat", "lon"), np.ones((data.sizes["lat"], data.sizes["lon"])), {"units": "m"})
    return data


def _write(data: xr.Dataset, name: str, encoding: dict[str, Any], look: Disguise, path: Path) -> None:
    encoding = dict(encoding)
    sizes = data[name].sizes
    if look.chunks is not None:
        wanted = dict(zip(look.names[2:] + look.names[:2], look.chunks, strict=True))
        chunks = tuple(min(wanted.get(str(dim), 1), size) for dim, size in sizes.items())
    if look.kind.startswith("zarr"):
        version = int(look.kind[-1])
        if look.chunks is not None:
            encoding["chunks"] = chunks
            if look.shards and version == 3:
                encoding["shards"] = tuple(2 * n for n in chunks)
        if look.compression == "none":
            encoding["compressors"] = None
        data.to_zarr(
            path.with_suffix(".zarr"),
            zarr_format=version,
            consolidated=look.compression != "checked",
            encoding={name: encoding},
        )
        return
    if look.kind.startswith("NETCDF4"):
        if look.chunks is not None:
            encoding["chunksizes"] = chunks
        if look.compression != "none":
            encoding |= {"zlib": True, "shuffle": True, "fletcher32": look.compression == "checked"}
    first = look.order[0] == "time" or look.kind == "NETCDF4"  # only NetCDF-4 lets any dimension grow
    unlimited = [look.names[2]] if look.shards and first else []
    data.to_netcdf(path.with_suffix(".nc"), format=look.kind, encoding={name: encoding}, unlimited_dims=unlimited)
