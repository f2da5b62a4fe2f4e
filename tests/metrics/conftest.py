"""Members and observations of a known climate."""

from __future__ import annotations

import pytest
import xarray as xr

from rainsmith.metrics.core import Settings
from tests.metrics.climate import GammaClimate


@pytest.fixture(scope="session")
def gamma() -> GammaClimate:
    return GammaClimate()


@pytest.fixture(scope="session")
def observed(gamma: GammaClimate) -> xr.DataArray:
    return gamma.observed()


@pytest.fixture(scope="session")
def truth(gamma: GammaClimate) -> xr.DataArray:
    """Ten members of the true distribution of each day."""
    return gamma.draw(10, seed=1)


@pytest.fixture(scope="session")
def few(truth: xr.DataArray, observed: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Four members and the observation of six weeks: enough where numbers are compared, not estimated."""
    return truth.isel(time=slice(0, 42), member=slice(0, 4)), observed.isel(time=slice(0, 42))


@pytest.fixture(scope="session")
def settings(observed: xr.DataArray) -> Settings:
    p95, p99 = (float(observed.quantile(q)) for q in (0.95, 0.99))
    return Settings(wet_mm=0.1, p95=p95, p99=p99, thresholds_mm=(5.0, 20.0), coarsen=4)
