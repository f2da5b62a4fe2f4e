"""Fields that stay the same from day to day."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Data
from rainsmith.data.checks.stuck_values import warn_of_stuck_values
from tests.data.made import pressure, rain


def repeated(field: xr.DataArray, days: int) -> xr.DataArray:
    """Means of so many days, repeated on each of them."""
    blocks = [field.values[k : k + days].mean(axis=0, keepdims=True) for k in range(0, field.sizes["time"], days)]
    return field.copy(data=np.concatenate([np.repeat(block, days, axis=0) for block in blocks])[: field.sizes["time"]])


@pytest.mark.parametrize("days", [2, 7, 30])
@pytest.mark.parametrize("made", [rain, pressure])
def test_means_of_several_days_are_found(made: object, days: int) -> None:
    field = repeated(made(days=1500), days)  # type: ignore[operator]
    outcome = warn_of_stuck_values(field, Data())
    assert outcome.attributes["days_like_the_day_before"] == 1499 - (1500 - 1) // days
    assert "WARNING" in outcome.warning and "is that of the day before on" in outcome.warning


def test_a_field_that_never_changes_is_found() -> None:
    field = pressure(days=50)
    assert "is the same on all days" in warn_of_stuck_values(field.copy(data=field.values * 0 + 5), Data()).warning


def test_what_may_stay_the_same_is_left_alone() -> None:
    types = np.repeat(np.random.default_rng(0).integers(0, 20, 100), 10).astype(float)[:, None, None]
    rare = rain(days=600, ny=1, nx=1, sea=False)
    rare.values[np.random.default_rng(1).random(600) < 0.9] = 0
    for field in (rain(days=300), pressure(days=300), rare, xr.DataArray(types, dims=("time", "y", "x"), name="type")):
        assert not warn_of_stuck_values(field, Data()).warning
