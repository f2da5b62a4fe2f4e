"""Climatology draws training days of the season, by the seed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.baselines.registry import forecast
from tests.baselines.made import make_store


@pytest.mark.parametrize("calendar", ["standard", "360_day"])
@pytest.mark.parametrize("split", ["train", "test"])
def test_climatology_draws_other_training_days_of_the_season(calendar: str, split: str) -> None:
    store = make_store(calendar=calendar)
    train, target = in_split(store, "train"), in_split(store, split)
    members = forecast("climatology", store, split, 8)
    mask = store["mask"].values
    library = {field[mask].tobytes(): index for index, field in enumerate(train["precip"].values)}
    season, own = train["time"].dt.dayofyear.values, day_numbers(train["time"])
    length = 360 if calendar == "360_day" else 365
    for day in range(0, target.sizes["time"], 7):
        chosen = [library[member[mask].tobytes()] for member in members.values[day]]
        assert len(set(chosen)) == 8
        away = np.abs(season[chosen] - int(target["time"].dt.dayofyear[day]))
        assert np.minimum(away, length - away).max() <= 15
        assert day_numbers(target["time"])[day] not in own[chosen]


def test_climatology_changes_with_the_seed_only(store: xr.Dataset) -> None:
    first = forecast("climatology", store, "test", 4, seed=1)
    xr.testing.assert_equal(first, forecast("climatology", store, "test", 4, seed=1))
    assert not first.equals(forecast("climatology", store, "test", 4, seed=2))


def test_climatology_repeats_days_only_when_the_season_is_used_up(store: xr.Dataset) -> None:
    short = store.isel(time=np.flatnonzero((store["split"] != 0) | (store["time"].dt.year == 2001)))
    members = forecast("climatology", short, "test", 30)
    season = members["time"].dt.dayofyear.values
    day = int(np.abs(season - 180).argmin())
    candidates = (np.abs(in_split(short, "train")["time"].dt.dayofyear.values - season[day]) <= 15).sum()
    assert 5 < candidates < 30
    assert len({field.tobytes() for field in members.values[day]}) == candidates
    winter = store.isel(time=np.flatnonzero((store["split"] != 0) | (store["time"].dt.month == 1)))
    with pytest.raises(UserError, match="no training day within 15 calendar days"):
        forecast("climatology", winter, "test", 2)
