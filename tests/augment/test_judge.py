"""Rejection works: planted bad days are rejected for the right reason, and days of the true climate are accepted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.augment.judge import Judge, physical_range
from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Augment
from rainsmith.data.demo.climate import climate
from rainsmith.data.grids.block_means import block_means
from rainsmith.data.store import build_store
from tests.fake_run import store_of
from tests.small import small_config

CONFIG = small_config(
    data__demo={"ny": 40, "nx": 36, "ny_lr": 7, "nx_lr": 6, "first_year": 2001, "years": 3, "seed": 7}
)
SIDE = 4  # [cells] of the blocks of the store whose coarse rain is block means


@pytest.fixture(scope="module")
def truth() -> xr.DataArray:
    """A member of the true climate for every day of its record: (time, y, x) [mm/day]."""
    demo = climate(CONFIG.data.demo)
    return demo.truth_ensemble(range(demo.time.size), 1).isel(member=0)


@pytest.fixture(scope="module")
def stores() -> dict[str, xr.Dataset]:
    """The same rain with the coarse rain that made it (``forcing``) and with its own block means (``blocks``)."""
    raw = climate(CONFIG.data.demo).raw()
    return {"forcing": build_store(raw, CONFIG, {}), "blocks": store_of(raw.precip, CONFIG, coarsen=SIDE)}


@pytest.fixture(scope="module")
def judges(stores: dict[str, xr.Dataset]) -> dict[str, Judge]:
    return {name: Judge.from_training_days(in_split(store, "train"), Augment(), 0.1) for name, store in stores.items()}


@pytest.fixture(params=["forcing", "blocks"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def heavy_days(store: xr.Dataset) -> xr.Dataset:
    training = in_split(store, "train")
    return training.isel(time=np.flatnonzero(training["heavy_x"].values))


def days_and_members(
    store: xr.Dataset, truth: xr.DataArray, kind: str, days: str = "heavy_x"
) -> tuple[xr.Dataset, np.ndarray]:
    """Training days of a set and a true member for each; where the input is block means, it is made those of the member."""
    chosen = in_split(store, "train") if days == "all" else heavy_days(store)
    members = truth.sel(time=chosen["time"].values)
    if kind == "blocks":
        means = block_means(members, SIDE)[:, None]
        chosen = chosen.assign(predictors=chosen["predictors"].copy(data=means))
    return chosen, members.values


def names(table: pd.DataFrame) -> list[set[str]]:
    """The checks that each day failed."""
    return [{part.split(":")[0] for part in reason.split("; ") if part} for reason in table["reason"]]


def everywhere(table: pd.DataFrame, check: str) -> bool:
    return all(check in found for found in names(table)) and not table["accepted"].any()


@pytest.mark.parametrize("days", ["heavy_x", "all"])
def test_members_of_the_true_climate_are_accepted(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str, days: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind, days)
    table = judges[kind](members, sources)
    assert len(table) >= 20
    assert table["accepted"].mean() >= 0.95
    assert (table["accepted"] == (table["reason"] == "")).all()


def test_copies_are_rejected(stores: dict[str, xr.Dataset], judges: dict[str, Judge], kind: str) -> None:
    sources = heavy_days(stores[kind])
    observed = sources["precip"].values
    table = judges[kind](observed, sources)
    assert names(table) == [{"copy"}] * len(table)
    assert (table["nearest_day"] == table["source_day"]).all() and (table["source_distance"] < 0.01).all()
    disguised = observed * 1.5 * np.exp(0.03 * np.random.default_rng(0).standard_normal(observed.shape))
    assert everywhere(judges[kind](disguised, sources), "copy")
    another = np.roll(observed, 1, axis=0)  # a copy of another training day is one too
    table = judges[kind](another, sources)
    assert everywhere(table, "copy") and (table["nearest_day"] != table["source_day"]).all()


def test_blurred_days_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind)
    valid = np.isfinite(members)
    share = gaussian_filter(valid.astype(float), (0, 1.5, 1.5))
    blurred = np.where(valid, gaussian_filter(np.nan_to_num(members), (0, 1.5, 1.5)) / np.maximum(share, 1e-9), np.nan)
    table = judges[kind](blurred, sources)
    assert everywhere(table, "spectrum")
    assert table["reason"].str.contains("too little power in the").all() and (table["spectrum"] < -1).all()
    flat = np.where(valid, np.nanmean(members, axis=(1, 2), keepdims=True), np.nan)
    assert everywhere(judges[kind](flat, sources), "spectrum")


def test_noise_is_rejected(stores: dict[str, xr.Dataset], judges: dict[str, Judge], kind: str) -> None:
    """The amounts of the very day, shuffled among its cells."""
    sources = heavy_days(stores[kind])
    rng = np.random.default_rng(0)
    shuffled = sources["precip"].values.copy()
    for field in shuffled:
        field[np.isfinite(field)] = rng.permutation(field[np.isfinite(field)])
    table = judges[kind](shuffled, sources)
    assert everywhere(table, "spectrum")
    assert table["reason"].str.contains("too much power in the").all()


def test_impossible_amounts_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind)
    row, column = np.argwhere(np.isfinite(members).all(axis=0))[0]
    for amount in (3000.0, -1.0, np.nan, np.inf):
        planted = members.copy()
        planted[:, row, column] = amount
        table = judges[kind](planted, sources)
        assert all(reason.startswith("physical_range:") for reason in table["reason"])
        assert everywhere(table, "physical_range")


def test_rain_that_is_too_rare_is_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind)
    place = np.argwhere(np.isfinite(members).all(axis=0))[0]
    for years, rejected in ((5000.0, True), (500.0, False)):
        planted = members.copy()
        planted[:, *place] = judges[kind].tail.level(years)
        table = judges[kind](planted, sources)
        assert table["return_period"].to_numpy() == pytest.approx(years, rel=0.01)
        assert [("return_level" in found) for found in names(table)] == [rejected] * len(table)
        assert not any("physical_range" in found for found in names(table))


def test_doubled_and_misplaced_mass_is_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray
) -> None:
    sources, members = days_and_members(stores["blocks"], truth, "blocks")
    assert (judges["blocks"](members, sources)["mass"] < 1e-3).all()
    doubled = judges["blocks"](2 * members, sources)
    assert everywhere(doubled, "mass") and doubled["mass"].to_numpy() == pytest.approx(1, abs=1e-3)
    assert doubled["reason"].str.startswith("mass: 100 % of the rain is off the block means").all()
    others = judges["blocks"](np.roll(members, 1, axis=0), sources)  # the right rain on the wrong day
    assert everywhere(others, "mass")


def test_mass_is_held_against_coarse_rain_of_another_origin(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray
) -> None:
    """Such rain does not settle the total: only what hardly any training day shows is refused."""
    sources, members = days_and_members(stores["forcing"], truth, "forcing")
    assert (np.abs(judges["forcing"](members, sources)["mass"]) < 1).all()
    for factor, text in ((12.0, "too much for the coarse rain"), (0.05, "too little for the coarse rain")):
        table = judges["forcing"](factor * members, sources)
        assert everywhere(table, "mass") and table["reason"].str.contains(text).all()


def test_strangers_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    """All rain of a day that is wet everywhere, in one smooth cell of it."""
    sources, members = days_and_members(stores[kind], truth, kind)
    row, column = np.mgrid[: members.shape[1], : members.shape[2]]
    place = np.argwhere(np.isfinite(members).all(axis=0))[-1]
    shape = np.exp(-((row - place[0]) ** 2 + (column - place[1]) ** 2) / 4)
    storms = np.where(np.isfinite(members), shape, np.nan)
    storms *= np.nanmean(members, axis=(1, 2), keepdims=True) / np.nanmean(storms, axis=(1, 2), keepdims=True)
    assert everywhere(judges[kind](storms, sources), "stranger")


def test_days_from_outside_the_training_split_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    """Whatever they look like, and whichever checks are asked for."""
    test = in_split(stores[kind], "test")
    members = truth.sel(time=test["time"].values).values
    for judge in (judges[kind], Judge(**{**vars(judges[kind]), "settings": Augment(checks=[])})):
        table = judge(members, test)
        assert everywhere(table, "source") and table["reason"].str.contains("is not a training day").all()
        assert table["source_distance"].isna().all()


def test_only_the_checks_that_are_asked_for_reject_but_all_are_measured(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    sources = heavy_days(stores["blocks"])
    lenient = Judge(**{**vars(judges["blocks"]), "settings": Augment(checks=["physical_range"])})
    table = lenient(2 * sources["precip"].values, sources)
    assert table["accepted"].all()
    assert (table["mass"] > 0.9).all() and (table["nearest_distance"] < 0.01).all()
    assert {"return_period", "stranger", "spectrum"} <= set(table.columns)
    assert set(lenient.bounds()) <= set(table.columns)


def test_dry_days_are_neither_rough_nor_strange_and_missing_cells_are_not_looked_at(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    sources = in_split(stores["blocks"], "train").isel(time=slice(0, 3)).copy(deep=True)
    dry = judges["blocks"](np.zeros_like(sources["precip"].values), sources)
    assert not any(found & {"spectrum", "stranger", "copy"} for found in names(dry))
    gap = np.argwhere(np.isfinite(sources["precip"].values).all(axis=0))[0]
    sources["precip"][:, *gap] = np.nan
    planted = sources["precip"].values.copy()
    planted[:, *gap] = 3000
    assert not any("physical_range" in found for found in names(judges["blocks"](planted, sources)))


def test_too_few_wet_days_to_know(stores: dict[str, xr.Dataset]) -> None:
    with pytest.raises(UserError, match="wet training days; augmentation needs 50"):
        Judge.from_training_days(in_split(stores["forcing"], "train").isel(time=slice(0, 60)), Augment(), 5.0)


def test_without_coarse_rain_there_is_no_mass_to_check(stores: dict[str, xr.Dataset], truth: xr.DataArray) -> None:
    training = in_split(stores["forcing"], "train").assign_attrs(coarse_rain_channel="")
    judge = Judge.from_training_days(training, Augment(), 0.1)
    table = judge(50 * training["precip"].values[:3], training.isel(time=slice(0, 3)))
    assert table["mass"].isna().all() and "mass" not in judge.bounds()
    assert not any("mass" in found for found in names(table))


def test_physical_range() -> None:
    source = np.array([1.0, np.nan])
    assert physical_range(np.array([5.0, np.nan]), source) == ""
    assert "missing" in physical_range(np.array([np.nan, 1.0]), source)
    assert "outside" in physical_range(np.array([3000.0, np.nan]), source)
    assert "outside" in physical_range(np.array([-1.0, np.nan]), source)
