"""Fixtures of the tests of areas."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Config
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def config() -> Config:
    return config_of()


@pytest.fixture(scope="module")
def store(config: Config) -> xr.Dataset:
    return store_of(rain(400, 9, 8), config)


@pytest.fixture
def labels(store: xr.Dataset) -> xr.DataArray:
    """Two areas by number on the store's grid; the second holds sea cells and one land cell in the corner's row."""
    field = np.zeros((9, 8), dtype=np.int16)
    field[6:, :4] = 2
    field[:3, :3] = 7
    field[2, 3] = 7
    return xr.DataArray(field, dims=("y", "x"), coords={dim: store[dim] for dim in ("y", "x")})
