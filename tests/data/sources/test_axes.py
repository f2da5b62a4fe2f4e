"""Axes of files: what tells time, y and x, and the coordinates that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.sources.axes import read_any_map, read_days, read_map
from tests.data.made import rain


def unnamed(**attrs: dict[str, Any]) -> xr.Dataset:
    """Rain whose dimensions p (time), q (y) and r (x) have these attributes and telling values."""
    made = rain(days=4, ny=3, nx=3, sea=False).rename(time="p", y="q", x="r")
    # divided by 1e5 they are possible latitudes and longitudes
    return (
        made.drop_attrs()
        .assign_coords({d: (d, made[d].values / 1e5, attrs.get(d, {})) for d in ("q", "r")})
        .to_dataset()
    )


@pytest.mark.parametrize(
    ("y", "x"),
    [
        ({"standard_name": "latitude"}, {"standard_name": "longitude"}),
        ({"standard_name": "grid_latitude"}, {"standard_name": "grid_longitude"}),
        ({"standard_name": "projection_y_coordinate"}, {"standard_name": "projection_x_coordinate"}),
        ({"units": "degrees_north"}, {"units": "degrees_east"}),
        ({"units": "Degrees_North"}, {"units": "DEGREES_E"}),
        ({"units": "degrees_N"}, {"units": "degree_E"}),
        ({"axis": "Y"}, {"axis": "X"}),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_attributes_tell_the_axes_whatever_their_order(y: dict[str, str], x: dict[str, str], turned: bool) -> None:
    ds = unnamed(q=y, r=x)
    read = read_days(ds.transpose("r", "q", "p") if turned else ds, "pr", "made")
    assert read.dims == ("time", "y", "x")
    np.testing.assert_array_equal(read.values, ds["pr"].values)
    assert (read["y"].attrs["axis"], read["x"].attrs["axis"]) == ("Y", "X")


def test_attributes_go_before_names() -> None:
    ds = unnamed(q={"axis": "X"}, r={"axis": "Y"}).rename(q="y", r="x")
    np.testing.assert_array_equal(read_days(ds, "pr", "made").values, ds["pr"].transpose("p", "x", "y").values)


def test_a_name_that_begins_like_an_axis_is_no_axis() -> None:
    """cf_xarray's guess would take initial_time for x."""
    ds = rain(days=4).expand_dims(initial_time=[0.0]).to_dataset()
    np.testing.assert_array_equal(read_days(ds, "pr", "made").values, rain(days=4).values)


def test_names_alone_make_latitudes_and_longitudes() -> None:
    ds = unnamed().rename(q="lat", r="lon")
    read = read_days(ds, "pr", "made")
    assert read["y"].attrs["standard_name"] == "latitude" and read["x"].attrs["units"] == "degrees_east"


def test_latitudes_beside_a_dimension_become_its_coordinate() -> None:
    made = rain(days=3, ny=2, nx=2).drop_vars(["y", "x"]).rename(y="row", x="col")
    beside = made.assign_coords(lat=("row", [41.0, 42.0]), lon=("col", [1.0, 2.0])).to_dataset()
    read = read_days(beside, "pr", "made")
    np.testing.assert_array_equal(read["y"], [41.0, 42.0])
    assert read["y"].attrs["standard_name"] == "latitude"


def test_a_span_of_days_is_cut_out() -> None:
    read = read_days(rain(days=40).to_dataset(), "pr", "made", (20010105, 20010107))
    np.testing.assert_array_equal(read.values, rain(days=40).values[4:7])


def test_the_only_grid_mapping_is_taken_where_none_is_named() -> None:
    ds = rain(days=2).to_dataset().assign(crs=((), 0, {"grid_mapping_name": "transverse_mercator"}))
    assert read_days(ds, "pr", "made").attrs["grid_mapping"] == "crs"
    two = ds.assign(other=((), 0, {"crs_wkt": "..."}))
    assert "grid_mapping" not in read_days(two, "pr", "made").attrs
    assert (
        read_days(two.assign(pr=two["pr"].assign_attrs(grid_mapping="other")), "pr", "made").attrs["grid_mapping"]
        == "other"
    )


def test_what_is_not_understood_is_named() -> None:
    with pytest.raises(
        UserError, match=r"made: 'pr' has dimensions \(n: 4\); expected time, y, x; found no time or y or x"
    ):
        read_days(xr.Dataset({"pr": ("n", np.zeros(4))}), "pr", "made")
    with pytest.raises(UserError, match="3 times; expected a map without time"):
        read_map(rain(days=3).to_dataset(), "pr", "made")


def test_the_grid_is_taken_from_a_variable_and_not_from_its_bounds() -> None:
    ds = xr.Dataset(
        {"lat_bnds": (("lat", "bnds"), np.zeros((2, 2))), "z": (("time", "lat", "lon"), np.ones((3, 2, 4)))},
        coords={"lat": [41.0, 42.0], "lon": [1.0, 2.0, 3.0, 4.0]},
    )
    assert read_any_map(ds, "made").shape == (2, 4)
    with pytest.raises(UserError, match="made holds no grid"):
        read_any_map(ds[["lat_bnds"]], "made")
