"""Where cells lie: axes, projections and 2-D coordinates of files, read right or refused in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.checks.cell_places import NOTICE
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.axes import read_days, read_map
from tests.data.made import UTM31, fine_map, mapped, pressure, rain

POLE = {
    "grid_mapping_name": "rotated_latitude_longitude",
    "grid_north_pole_latitude": 39.25,
    "grid_north_pole_longitude": -162.0,
    "north_pole_grid_longitude": 0.0,
}
RLAT, RLON = -4.0 + 0.11 * np.arange(6), -8.5 + 0.11 * np.arange(5)
TRUE_LON, TRUE_LAT = pyproj.Transformer.from_crs(pyproj.CRS.from_cf(POLE), 4326, always_xy=True).transform(
    *np.meshgrid(RLON, RLAT)
)
LABELS = [
    ({"standard_name": "grid_latitude", "units": "degrees"}, {"standard_name": "grid_longitude", "units": "degrees"}),
    (
        {"standard_name": "latitude", "units": "degrees_north"},
        {"standard_name": "longitude", "units": "degrees_east"},
    ),
    ({"units": "degrees_north"}, {"units": "degrees_east"}),
]


def rotated(
    labels: tuple[dict[str, str], dict[str, str]], *, planes: bool, pole: bool, named: bool = True, dims: str = "rlat"
) -> xr.Dataset:
    y, x = ("rlat", "rlon") if dims == "rlat" else ("lat", "lon")
    values = np.zeros((2, 6, 5), dtype=np.float32)
    time = xr.date_range("2001-01-01", periods=2)
    attrs = {"units": "mm"} | ({"grid_mapping": "rotated_pole"} if named else {})
    ds = xr.Dataset(
        {"pr": (("time", y, x), values, attrs)},
        coords={"time": time, y: (y, RLAT, labels[0]), x: (x, RLON, labels[1])},
    )
    if planes:
        ds = ds.assign_coords(
            lat2d=((y, x), TRUE_LAT, {"standard_name": "latitude"}),
            lon2d=((y, x), TRUE_LON, {"standard_name": "longitude"}),
        )
    if pole:
        ds["rotated_pole"] = ((), np.int32(0), POLE)
    return ds


def assert_true_places(read: xr.DataArray) -> None:
    grid = Grid.of(read)
    assert grid.latitude is not None and grid.longitude is not None
    np.testing.assert_allclose(grid.latitude, TRUE_LAT, atol=1e-6)
    np.testing.assert_allclose(grid.longitude, TRUE_LON, atol=1e-6)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(("planes", "pole"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("named", [True, False])
def test_a_rotated_pole_is_found_whatever_its_axes_are_called(
    labels: tuple[dict[str, str], dict[str, str]], planes: bool, pole: bool, named: bool
) -> None:
    read = read_days(rotated(labels, planes=planes, pole=pole, named=named), "pr", "made")
    assert_true_places(read)
    mislabelled = labels is not LABELS[0]
    assert (NOTICE in read.attrs) == mislabelled


def test_a_rotated_pole_that_is_named_goes_before_axes_called_lat_and_lon() -> None:
    assert_true_places(read_days(rotated(LABELS[1], planes=False, pole=True, dims="lat"), "pr", "made"))
    # a mapping that nothing names may be a leftover of a file that was regridded
    kept = read_days(rotated(LABELS[1], planes=False, pole=True, named=False, dims="lat"), "pr", "made")
    np.testing.assert_allclose(Grid.of(kept).latitude[:, 0], RLAT)  # type: ignore[index]


def test_rotated_axes_called_latitude_without_anything_else_are_refused() -> None:
    with pytest.raises(UserError, match=r"made: 'rlat' and 'rlon' are said to be latitude .* add one of them"):
        read_days(rotated(LABELS[1], planes=False, pole=False), "pr", "made")


def test_true_latitudes_with_a_leftover_projection_stay() -> None:
    ds = pressure(days=2).assign_attrs(grid_mapping="utm").to_dataset().assign(utm=((), 0, UTM31))
    read = read_days(ds, "msl", "made")
    np.testing.assert_allclose(Grid.of(read).latitude[:, 0], ds["lat"])  # type: ignore[index]
    assert NOTICE not in read.attrs


LCC = {"proj": "lcc", "lat_1": 44, "lat_2": 48, "lat_0": 46, "lon_0": 6, "datum": "WGS84"}


@pytest.mark.parametrize(
    ("scale", "unit", "mapping"),
    [
        (1, "m", {"crs_wkt": pyproj.CRS(LCC).to_wkt()}),
        (1000, "km", {"crs_wkt": pyproj.CRS(LCC).to_wkt()}),
        (1000, "km", {"crs_wkt": pyproj.CRS({**LCC, "units": "km"}).to_wkt()}),
        (1, "m", {"crs_wkt": pyproj.CRS({**LCC, "units": "km"}).to_wkt()}),
        (1000, "", {"crs_wkt": pyproj.CRS({**LCC, "units": "km"}).to_wkt()}),
        (1000, "kilometers", {"spatial_ref": pyproj.CRS({**LCC, "units": "km"}).to_wkt()}),
        (
            1000,
            "km",
            {"proj4": "+proj=lcc +lat_1=44 +lat_2=48 +lat_0=46 +lon_0=6 +units=km", "grid_mapping_name": "unknown"},
        ),
        (1000, "km", {"grid_mapping_name": "lambert_conformal_conic", "standard_parallel": [44.0, 48.0],
                      "latitude_of_projection_origin": 46.0, "longitude_of_central_meridian": 6.0}),
    ],
)  # fmt: skip
def test_axes_and_projections_in_km_give_the_same_places(scale: float, unit: str, mapping: dict[str, Any]) -> None:
    x, y = 5000.0 * np.arange(-3, 3), 5000.0 * np.arange(-2, 3)
    lon, lat = pyproj.Transformer.from_crs(pyproj.CRS(LCC), 4326, always_xy=True).transform(*np.meshgrid(x, y))
    units = {"units": unit} if unit else {}
    da = xr.DataArray(
        np.zeros((5, 6)),
        dims=("y", "x"),
        coords={"y": ("y", y / scale, units), "x": ("x", x / scale, units)},
        name="h",
        attrs={"grid_mapping": "crs"},
    )
    grid = Grid.of(read_map(da.to_dataset().assign(crs=((), 0, mapping)), "h", "made"))
    np.testing.assert_allclose(grid.latitude, lat, atol=1e-6)  # type: ignore[arg-type]
    np.testing.assert_allclose(grid.longitude, lon, atol=1e-6)  # type: ignore[arg-type]


def test_a_projection_without_units_whose_cells_would_be_metres_wide_is_refused() -> None:
    ds = mapped(rain(days=2))
    km = ds.assign_coords({d: (d, ds[d].values / 1000, {}) for d in ("y", "x")})
    with pytest.raises(UserError, match="'y' has no units, and its cells would be 5 m wide"):
        read_days(km, "pr", "made")
    read_days(ds.assign_coords({d: (d, ds[d].values, {}) for d in ("y", "x")}), "pr", "made")
    feet = ds.assign_coords({d: (d, ds[d].values, {"units": "ft"}) for d in ("y", "x")})
    with pytest.raises(UserError, match="in 'ft'; expected m or km"):
        read_days(feet, "pr", "made")


def curvilinear(fill: float, *, axes: bool = False) -> xr.Dataset:
    """Rain with 2-D coordinates, the first row of which is filled."""
    cells = Grid.of(fine_map())
    planes = [np.array(plane) for plane in (cells.latitude, cells.longitude)]
    for plane in planes:
        plane[0] = fill
    ds = mapped(rain(days=2)) if axes else rain(days=2).drop_vars(["y", "x"]).to_dataset()
    return ds.assign_coords(
        lat=(("y", "x"), planes[0], {"units": "degrees_north"}), lon=(("y", "x"), planes[1], {"units": "degrees_east"})
    )


@pytest.mark.parametrize("fill", [np.nan, 0.0, -9999.0])
def test_filled_places_are_refused_or_computed_from_the_axes(fill: float) -> None:
    with pytest.raises(UserError, match=r"made: 9 of 63 cells have no usable 2-D latitude .*row 0, column 0"):
        read_days(curvilinear(fill), "pr", "made")
    read = read_days(curvilinear(fill, axes=True), "pr", "made")
    np.testing.assert_allclose(Grid.of(read).latitude, Grid.of(fine_map()).latitude)  # type: ignore[arg-type]
    assert "9 of 63 cells" in read.attrs[NOTICE]


def test_a_gap_between_2d_rows_is_refused() -> None:
    cells = Grid.of(fine_map())
    assert cells.latitude is not None
    apart = cells.latitude + np.where(np.arange(7) > 3, 2.0, 0.0)[:, None]
    ds = rain(days=2).drop_vars(["y", "x"]).to_dataset()
    ds = ds.assign_coords(latitude=(("y", "x"), apart), longitude=(("y", "x"), cells.longitude))
    with pytest.raises(UserError, match="gap between rows 3 and 4"):
        read_days(ds, "pr", "made")


def moved(**axes: Any) -> xr.Dataset:
    da = pressure(days=2)
    return da.assign_coords({d: (d, np.asarray(v), da[d].attrs) for d, v in axes.items()}).to_dataset()


LAT, LON = pressure(days=1)["lat"].values, pressure(days=1)["lon"].values


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"lat": np.where(LAT < 42, np.nan, LAT)}, "'lat' has 3 missing values .first at position 3"),
        ({"lat": np.where(LAT == LAT[2], -9999.0, LAT)}, "'lat' holds -9999 as latitude"),
        ({"lat": LAT + 80}, "'lat' holds 123 as latitude; .*exchanged"),
        ({"lon": np.where(LON > 3, 9.96921e36, LON)}, "'lon' holds 9.96921e.36 as longitude"),
        ({"lat": LAT[[0, 1, 3, 2, 4, 5]]}, "'lat' goes from 41.5 to 42; .*only rise or only fall"),
        ({"lat": np.where(LAT < 42, LAT - 1, LAT)}, "'lat' has a gap between 42 and 40.5"),
        ({"lon": np.where(LON > 1.6, LON + 0.5, LON)}, "'lon' has a gap between 1.5 and 2.5"),
        ({"lon": np.where(LON > 1.6, LON + 200, LON)}, "'lon' has a gap between"),
    ],
)
def test_axes_that_are_no_line_of_cells_are_refused(axes: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(UserError, match=rf"made: {message}"):
        read_days(moved(**axes), "msl", "made")


@pytest.mark.parametrize("west", [-1.5, 178.25])
@pytest.mark.parametrize("count_from", [-180.0, 0.0])
@pytest.mark.parametrize("in_order", [True, False])
def test_values_stay_with_their_longitudes_across_the_seams(west: float, count_from: float, in_order: bool) -> None:
    true = west + 0.5 * np.arange(8)
    counted = (true - count_from) % 360.0 + count_from
    ds = pressure(days=2).assign_coords(lon=("lon", counted, {"units": "degrees_east"})).to_dataset(name="msl")
    ds = ds.sortby("lon") if in_order else ds
    read = read_days(ds, "msl", "made")
    np.testing.assert_allclose((read["x"] - true + 180) % 360 - 180, 0, atol=1e-9)
    np.testing.assert_array_equal(read.values, pressure(days=2).values.astype(np.float32))


def test_2d_coordinates_decide_where_axes_disagree() -> None:
    """A grid mapping of another zone than that of the axes."""
    cells = Grid.of(fine_map())
    ds = mapped(rain(days=2))
    ds["utm"].attrs = {**UTM31, "longitude_of_central_meridian": 9.0}
    ds = ds.assign_coords(lat=(("y", "x"), cells.latitude), lon=(("y", "x"), cells.longitude))
    read = read_days(ds, "pr", "made")
    grid = Grid.of(read)
    assert grid.crs is None and "grid_mapping" not in read.attrs
    np.testing.assert_array_equal(grid.longitude, cells.longitude)  # type: ignore[arg-type]
    assert "do not agree with the 2-D latitudes" in read.attrs[NOTICE]
