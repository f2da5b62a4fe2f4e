"""Data in files and in memory: bounds of days, regular grids, grid mappings, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.cf import (
    cell_methods_of_rate,
    coordinates_of_cells,
    credit_of_both,
    derived_attributes,
    from_cf,
    to_cf,
)

NORTH, EAST = (
    {"standard_name": name, "units": f"degrees_{way}"} for name, way in (("latitude", "north"), ("longitude", "east"))
)


def regular(x: list[float], **time: Any) -> xr.Dataset:
    """Rain of two days on a regular grid, with latitudes and longitudes as maps too, as the program holds them."""
    y = [51.0, 50.5]
    latitude = np.repeat(np.array(y)[:, None], len(x), axis=1)
    longitude = np.repeat((np.array(x) + 180)[None] % 360 - 180, 2, axis=0)
    return xr.Dataset(
        {"precip": (("time", "y", "x"), np.ones((2, 2, len(x)), np.float32), {"units": "mm/day"})},
        coords={
            "time": xr.date_range(**{"start": "2001-02-27 09:00", "periods": 2, "use_cftime": False, **time}),
            "y": ("y", y, NORTH),
            "x": ("x", x, EAST),
            "latitude": (("y", "x"), latitude, NORTH),
            "longitude": (("y", "x"), longitude, EAST),
        },
    )


def projected() -> xr.Dataset:
    """Rain on a projected grid, with predictors on a coarse one."""
    data = regular([0.0, 1.0]).drop_vars(["y", "x"])
    data["precip"].attrs["grid_mapping"] = "crs"
    data["predictors"] = (("time", "channel", "y_lr", "x_lr"), np.zeros((2, 1, 1, 1), np.float32))
    mapping = {"grid_mapping_name": "transverse_mercator"}
    metres = {name: (name, [0.0, 12e3], {"units": "m"}) for name in ("y", "x")}
    return data.assign_coords(crs=((), 0, mapping), crs_lr=((), 0, mapping), channel=["rain"], **metres)


@pytest.mark.parametrize("x", [[-4.0, -3.5, -3.0], [356.0, 356.5, 357.0], [359.5, 360.0, 360.5], [179.0, 180.5, 182.0]])
def test_a_regular_grid_is_written_with_axes_alone_and_read_with_maps(x: list[float]) -> None:
    data = regular(x)
    written = to_cf(data)
    assert written["y"].dims == ("y",) and written["y"].attrs["standard_name"] == "latitude"
    assert not {"latitude", "longitude"} & set(written.variables)
    back = from_cf(written)
    np.testing.assert_allclose(back["longitude"].values, data["longitude"].values, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(back["latitude"].values, data["latitude"].values)


def test_maps_that_say_more_than_the_axes_are_written() -> None:
    data = regular([1.0, 2.0])
    data["latitude"] = data["latitude"] + 0.01
    assert {"latitude", "longitude"} <= set(to_cf(data).coords)
    xr.testing.assert_equal(from_cf(to_cf(data)), data)


@pytest.mark.parametrize(
    ("time", "unit", "last"),
    [
        ({"start": "2001-02-28"}, "days", "2001-03-02T00:00:00"),
        ({"start": "2001-02-28 09:00"}, "hours", "2001-03-02T00:00:00"),
        ({"start": "2001-02-28 11:30"}, "minutes", "2001-03-02T00:00:00"),
        ({"start": "2000-02-28", "calendar": "noleap"}, "days", "2000-03-02T00:00:00"),
        ({"start": "2001-02-29", "calendar": "360_day"}, "days", "2001-03-01T00:00:00"),
    ],
)
def test_days_have_bounds_in_whole_units(time: dict[str, str], unit: str, last: str) -> None:
    time = {**time, "use_cftime": "calendar" in time}  # type: ignore[dict-item]
    written = to_cf(regular([0.0, 1.0], **time))
    assert written["time"].attrs["bounds"] == "time_bnds" and "bounds" not in written["precip"].attrs
    bounds = written["time_bnds"]
    assert (
        str(
            np.datetime_as_string(bounds.values[-1, 1], "s")
            if bounds.dtype.kind == "M"
            else bounds.values[-1, 1].isoformat()
        )
        == last
    )
    inside = (bounds[:, 0] <= written["time"]) & (written["time"] < bounds[:, 1])
    assert inside.all()
    for name in ("time", "time_bnds"):
        assert written[name].encoding["units"] == f"{unit} since 1970-01-01"
        assert written[name].encoding["dtype"] == "int64"


def test_the_grid_mapping_is_a_variable_in_a_file_and_a_coordinate_in_memory() -> None:
    data = projected()
    written = to_cf(data)
    assert {"crs", "crs_lr"} <= set(written.data_vars)
    assert written["predictors"].attrs["grid_mapping"] == "crs_lr"
    assert written["y"].attrs["standard_name"] == "projection_y_coordinate"
    assert {"crs", "crs_lr"} <= set(from_cf(written)["precip"].coords)
    xr.testing.assert_equal(from_cf(written), data)


def test_the_data_that_are_given_stay_as_they_are() -> None:
    data = projected()
    before = data.copy(deep=True)
    to_cf(data)
    xr.testing.assert_identical(data, before)
    written = to_cf(data)
    kept = written.copy(deep=True)
    from_cf(written)
    xr.testing.assert_identical(written, kept)


def test_nothing_of_the_coarse_grid_is_a_coordinate_of_the_cells() -> None:
    cells = coordinates_of_cells(projected().assign_coords(height=2.0))
    assert set(cells.variables) == {"time", "y", "x", "latitude", "longitude", "crs"}


@pytest.mark.parametrize(
    ("of_source", "of_rate"),
    [
        ("", "time: mean"),
        ("time: sum", "time: mean"),
        ("area: mean time: sum (interval: 1 hour)", "area: mean time: mean"),
    ],
)
def test_a_rate_is_a_mean_over_its_day(of_source: str, of_rate: str) -> None:
    assert cell_methods_of_rate(of_source) == of_rate


def test_history_and_credit_go_on() -> None:
    data = {"title": "Rain", "source": "gauges", "history": "2020 made", "terms": "CC-BY", "kind": "gridded"}
    attrs = derived_attributes(data, "sample", "checkpoint best_prior")
    first, second = attrs["history"].split("\n")
    assert first.endswith("sample") and second == "2020 made"
    assert attrs["terms"] == "CC-BY" and "kind" not in attrs
    assert "checkpoint best_prior; trained on: Rain, gauges" in attrs["source"]


def test_members_of_a_new_period_credit_both_its_predictors_and_the_training() -> None:
    training = derived_attributes({"title": "Rain", "terms": "CC-BY", "institution": "A"}, "sample", "checkpoint x")
    new = {"title": "Scenario", "terms": "Open", "institution": "A", "license": "MIT", "days_dropped": 1}
    both = credit_of_both(training, new)
    assert both["source"].endswith("checkpoint x; trained on: Rain; predictors: Scenario")
    assert {k: both[k] for k in both if k != "source"} == {"terms": "CC-BY; Open", "institution": "A", "license": "MIT"}
    assert credit_of_both(training, {}) == {key: training[key] for key in ("source", "terms", "institution")}
