"""Projections from the attributes of files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.grids.projection import WGS84, projected_units, projection_of, transform
from tests.data.made import UTM31

AXES: dict[str, dict[str, Any]] = {"y": {}, "x": {}}


@pytest.mark.parametrize(
    "mapping",
    [
        UTM31,
        {"crs_wkt": pyproj.CRS.from_epsg(32631).to_wkt()},
        {"spatial_ref": pyproj.CRS.from_epsg(32631).to_wkt()},
        {"proj4": "+proj=utm +zone=31 +datum=WGS84"},
        {"crs_wkt": "damaged", **UTM31},
    ],
)
def test_every_way_to_describe_a_projection_gives_the_same_places(mapping: dict[str, Any]) -> None:
    crs = projection_of({**AXES, "crs": mapping})
    assert crs is not None
    oracle = pyproj.Transformer.from_crs(32631, 4326, always_xy=True).transform(420_000.0, 4_625_000.0)
    np.testing.assert_allclose(transform(crs, WGS84, np.array(420_000.0), np.array(4_625_000.0)), oracle, atol=1e-8)


def test_latitudes_and_longitudes_are_known_by_their_standard_names() -> None:
    assert projection_of({"y": {"standard_name": "latitude"}, "x": {"standard_name": "longitude"}}) == WGS84
    assert projection_of({"y": {"standard_name": "latitude"}, "x": {}}) is None


def test_what_describes_no_projection_gives_none() -> None:
    assert projection_of(AXES) is None
    assert projection_of({**AXES, "crs": {"grid_mapping_name": "no_such_projection"}}) is None


def test_there_and_back() -> None:
    utm = pyproj.CRS.from_epsg(32631)
    x, y = np.array([[4e5, 4.5e5]]), np.array([[4.6e6, 4.7e6]])
    np.testing.assert_allclose(transform(WGS84, utm, *transform(utm, WGS84, x, y)), (x, y), atol=1e-6)
    np.testing.assert_array_equal(transform(utm, utm, x, y)[0], x)


@pytest.mark.parametrize("false_easting", [500_000.0, 500.0])
def test_false_eastings_of_axes_in_km_are_in_km_or_in_m(false_easting: float) -> None:
    km = {axis: {"units": "km"} for axis in "yx"}
    crs = projection_of({**km, "crs": {**UTM31, "false_easting": false_easting}})
    assert crs is not None
    oracle = pyproj.Transformer.from_crs(32631, 4326, always_xy=True).transform(420_000.0, 4_625_000.0)
    np.testing.assert_allclose(transform(crs, WGS84, np.array(420_000.0), np.array(4_625_000.0)), oracle, atol=1e-8)


def test_axes_are_brought_to_the_unit_of_their_projection() -> None:
    metres = pyproj.CRS.from_epsg(32631)
    kilometres = pyproj.CRS("+proj=utm +zone=31 +units=km")
    for unit, factor in (("m", 1.0), ("metres", 1.0), ("km", 1000.0), ("Kilometers", 1000.0), ("", 1.0)):
        assert projected_units({"units": unit}, metres, {}) == factor
    assert projected_units({"units": "km"}, kilometres, {}) == 1.0
    assert projected_units({"units": "m"}, kilometres, {}) == 0.001
    assert projected_units({}, kilometres, {}) == 1.0
    assert projected_units({"units": "degrees"}, WGS84, {}) == 1.0
    assert projected_units({"units": "rad"}, metres, {"perspective_point_height": 35786023.0}) == 35786023.0
    with pytest.raises(UserError, match="in 'degrees'; expected m or km"):
        projected_units({"units": "degrees"}, metres, {})
