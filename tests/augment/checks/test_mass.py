"""Rain that contradicts the coarse rain of the input is rejected."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.augment.judge import Judge
from rainsmith.base.dims import in_split
from rainsmith.config import Augment
from tests.augment.planted import all_fail, days_and_members, failed, texts


def test_doubled_and_misplaced_mass_is_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray
) -> None:
    sources, members = days_and_members(stores["blocks"], truth, "blocks")
    assert (judges["blocks"](members, sources)["mass"] < 1e-3).all()
    doubled = judges["blocks"](2 * members, sources)
    assert all_fail(doubled, "mass") and doubled["mass"].to_numpy() == pytest.approx(1, abs=1e-3)
    assert texts(doubled, "mass").str.startswith("mass: 100 % of the rain is off the block means").all()
    others = judges["blocks"](np.roll(members, 1, axis=0), sources)  # the right rain on the wrong day
    assert all_fail(others, "mass")


def test_mass_is_held_against_coarse_rain_of_another_origin(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray
) -> None:
    """Such rain does not settle the total: only what hardly any training day shows is refused."""
    sources, members = days_and_members(stores["forcing"], truth, "forcing")
    assert (np.abs(judges["forcing"](members, sources)["mass"]) < 1).all()
    for factor, text in ((12.0, "too much for the coarse rain"), (0.05, "too little for the coarse rain")):
        table = judges["forcing"](factor * members, sources)
        assert all_fail(table, "mass") and texts(table, "mass").str.contains(text).all()


def test_without_coarse_rain_there_is_no_mass_to_check(stores: dict[str, xr.Dataset], truth: xr.DataArray) -> None:
    training = in_split(stores["forcing"], "train").assign_attrs(coarse_rain_channel="")
    judge = Judge.from_training_days(training, Augment(), 0.1)
    table = judge(50 * training["precip"].values[:3], training.isel(time=slice(0, 3)))
    assert table["mass"].isna().all() and "mass" not in judge.bounds()
    assert not any("mass" in checks for checks in failed(table))
