"""The size of a cell, from whatever the coordinates tell."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.plots.cells import cell_size


def domain(y: np.ndarray, x: np.ndarray, units: str = "", **coords: object) -> xr.Dataset:
    axes = {"y": ("y", y, {"units": units}), "x": ("x", x, {"units": units})}
    return xr.Dataset({"mask": (("y", "x"), np.ones((len(y), len(x)), dtype=bool))}, coords={**axes, **coords})


STEPS = np.arange(6.0)


def test_metres_and_kilometres_are_told_by_the_units() -> None:
    size = cell_size(domain(5000 * STEPS, 5000 * STEPS, "m"))
    assert (size.height, size.width, size.unit, size.words) == (5.0, 5.0, "km", "5 km")
    assert cell_size(domain(12 * STEPS, 12 * STEPS, "km")).side == pytest.approx(12.0)


def test_a_degree_of_longitude_shrinks_with_the_cosine_of_latitude() -> None:
    size = cell_size(domain(59.75 + 0.1 * STEPS, 0.1 * STEPS, "degrees_north"))
    assert size.height == pytest.approx(11.12)
    assert size.width == pytest.approx(5.56, rel=0.001), "half as long at 60 degrees"
    assert size.aspect == pytest.approx(2.0, rel=0.001)
    assert size.side == pytest.approx(np.sqrt(11.12 * 5.56), rel=0.001)
    assert size.words == "11.1 km north to south, 5.56 km east to west"


def test_without_units_latitudes_and_longitudes_tell_it() -> None:
    latitude, longitude = np.meshgrid(59.75 + 0.1 * STEPS, 179.8 + 0.1 * STEPS, indexing="ij")
    places = {"latitude": (("y", "x"), latitude), "longitude": (("y", "x"), (longitude + 180) % 360 - 180)}
    size = cell_size(domain(STEPS, STEPS, "", **places))
    assert (size.height, size.width) == pytest.approx((11.12, 5.56), rel=0.005), "over the date line, too"


def test_where_nothing_tells_it_a_cell_is_a_cell() -> None:
    size = cell_size(domain(3 * STEPS, 2 * STEPS))
    assert (size.unit, size.side, size.words) == ("cells", 1.0, "") and size.aspect == pytest.approx(1.5)
    assert cell_size(domain(STEPS, STEPS).drop_vars(["y", "x"])).unit == "cells"
