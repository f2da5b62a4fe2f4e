"""What a source was found to be."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.found import corners, found, outline, spacing
from tests.data.made import mapped, pressure, rain


def regular(latitude: np.ndarray, longitude: np.ndarray) -> Grid:
    places = {
        "y": ("y", latitude, {"standard_name": "latitude", "units": "degrees_north"}),
        "x": ("x", longitude, {"standard_name": "longitude", "units": "degrees_east"}),
    }
    return Grid.of(xr.DataArray(np.zeros((len(latitude), len(longitude))), dims=("y", "x"), coords=places))


def test_corners_lie_between_centres_and_half_a_cell_beyond_them() -> None:
    y, x = np.meshgrid([10.0, 12.0, 14.0], [1.0, 2.0], indexing="ij")
    np.testing.assert_allclose(corners(y)[:, 0], [9, 11, 13, 15])
    np.testing.assert_allclose(corners(x)[0], [0.5, 1.5, 2.5])
    np.testing.assert_allclose(corners(np.array([[5.0]])), [[5.0, 5.0], [5.0, 5.0]])  # a single cell has no size


def test_an_outline_goes_round_the_cells_once() -> None:
    border = np.array(outline(regular(np.array([50.0, 51.0, 52.0]), np.array([0.0, 2.0]))))
    assert border[0].tolist() == border[-1].tolist() and len(border) == 5
    np.testing.assert_allclose([border.min(axis=0), border.max(axis=0)], [[-1.0, 49.5], [3.0, 52.5]])
    thirds = outline(regular(np.arange(0, 5, 1 / 3), np.arange(7, 9, 1 / 7)))
    assert len(thirds) == 5
    x, y = border.T
    area = abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2
    assert area == pytest.approx(4.0 * 3.0)


def test_an_outline_across_the_date_line_is_not_torn() -> None:
    border = np.array(outline(regular(np.array([0.0, 1.0]), np.array([178.0, 179.0, 180.0, 181.0]))))
    assert np.ptp(border[:, 0]) == pytest.approx(4.0)
    poles = np.array(outline(regular(np.arange(-90.0, 91.0, 30.0), np.arange(0.0, 360.0, 30.0))))
    assert abs(poles[:, 1]).max() == 90.0


def test_spacing_is_in_km_and_shrinks_towards_the_pole() -> None:
    rows, columns = spacing(regular(np.array([59.0, 60.0, 61.0]), np.array([0.0, 1.0])))
    assert rows == pytest.approx(111.2, abs=0.1) and columns == pytest.approx(rows / 2, rel=0.01)


def test_a_curved_border_keeps_its_points() -> None:
    curved = np.array(outline(Grid.of(mapped(rain(days=1, ny=200, nx=250)).set_coords("utm")["pr"])))
    assert len(curved) > 20 and curved[0].tolist() == curved[-1].tolist()


def test_a_field_without_a_place_has_neither() -> None:
    bare = rain(days=2).drop_vars(["y", "x"])
    values = found(bare, "predictor", "pr", "")
    assert values["outline"] == [] and values["spacing"] == [] and values["unit_found"] == ""


def test_a_static_map_has_no_days() -> None:
    values = found(pressure(days=3).isel(time=0, drop=True).rename(lat="y", lon="x"), "static", "height", "m")
    assert "first" not in values and values["rows"] == 6 and values["columns"] == 8
