"""Fixtures of the tests of baselines."""

from __future__ import annotations

import pytest
import xarray as xr

from tests.baselines.made import make_store


@pytest.fixture(scope="session")
def store() -> xr.Dataset:
    """Six years of every third day, whose coarse rain is block means of the target; read only."""
    return make_store()
