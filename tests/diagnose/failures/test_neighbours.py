"""Copies of training days among the members, and training days among the scored ones: planted, and not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.base.dims import in_split
from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.nearest_days import rain_patterns
from tests.diagnose.evidence import ask, evidence_of
from tests.small import small_config


def neighbours(store: xr.Dataset, member: xr.DataArray) -> Evidence:
    cells = np.asarray(store["mask"].values, dtype=bool)
    return evidence_of(
        config=small_config(),
        store=store,
        first_member=member,
        valid_cells=cells,
        training_patterns=rain_patterns(in_split(store, "train")["precip"], cells),
    )


def test_copies_of_training_days_are_found(
    true_members: xr.DataArray, climate_store: xr.Dataset, scored_days: xr.Dataset
) -> None:
    one = true_members.isel(member=0)
    healthy = neighbours(climate_store, one)
    assert ask("memorisation", healthy).verdict == "pass" and ask("leakage", healthy).verdict == "pass"
    training = climate_store["precip"].values[climate_store["split"].values == 0]
    near = [np.nanargmin(np.nansum((training - day) ** 2, axis=(1, 2))) for day in scored_days["precip"].values]
    copied = one.copy(data=training[near] * np.float32(1.0001))
    assert ask("memorisation", neighbours(climate_store, copied)).verdict == "fail"
    grains = np.random.default_rng(1).standard_normal(copied.shape).astype(np.float32)
    noisy = ask("memorisation", neighbours(climate_store, copied * np.exp(0.3 * grains)))
    assert noisy.figures[0].verdict == "fail"  # not the day itself, but nothing new
    smooth = one.copy(data=gaussian_filter(np.nan_to_num(one.values), (0, 3.0, 3.0))).where(one.notnull())
    assert ask("memorisation", neighbours(climate_store, smooth)).verdict == "pass"


def test_training_days_among_the_scored_ones_are_found(climate_store: xr.Dataset, true_members: xr.DataArray) -> None:
    one = true_members.isel(member=0)
    rain = climate_store["precip"].values.copy()
    test, train = (np.flatnonzero(climate_store["split"].values == kind) for kind in (2, 0))
    rain[test[:50]] = rain[train[:50]]
    leaky = climate_store.assign(precip=climate_store["precip"].copy(data=rain))
    assert ask("leakage", neighbours(leaky, one)).verdict == "fail"
    shuffled = climate_store["split"].values.copy()
    shuffled[shuffled >= 0] = np.resize([0, 0, 2], (shuffled >= 0).sum())
    mixed = climate_store.assign(split=("time", shuffled))
    leakage = ask("leakage", neighbours(mixed, one.isel(time=slice(0, 20))))
    assert leakage.figures[1].verdict == "fail"
    assert leakage.question == "Are test days known from training?"


@pytest.mark.parametrize(("side", "wet"), [(2, 0.4), (4, 0.4), (5, 0.1)])
def test_independent_days_on_a_tiny_grid_are_no_copies(side: int, wet: float) -> None:
    """Few cells have few patterns: days that are alike by chance are neither leaked nor learned by heart."""
    random = np.random.default_rng(side)
    time = np.arange("2001-01-01", "2007-01-01", dtype="datetime64[D]").astype("datetime64[ns]")

    def draw(days: int) -> np.ndarray:
        shape = (days, side, side)
        return np.where(random.random(shape) < wet, random.gamma(0.7, 8.0, shape), 0.0).astype(np.float32)

    split = np.where(time < np.datetime64("2006-01-01"), 0, 2)
    made = xr.Dataset(
        {
            "precip": (("time", "y", "x"), draw(len(time))),
            "split": ("time", split),
            "mask": (("y", "x"), np.ones((side, side), dtype=bool)),
        },
        coords={"time": time},
    )
    members = made["precip"].isel(time=split == 2).copy(data=draw(int((split == 2).sum())))
    evidence = neighbours(made, members)
    assert ask("memorisation", evidence).verdict in ("pass", "n/a") and ask("leakage", evidence).verdict == "pass"
