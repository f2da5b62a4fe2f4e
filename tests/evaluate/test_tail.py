"""Verdicts on the tail: true members pass, planted tails are found, with few members, many, or one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.evaluate.criteria import verdict
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.grading import Criterion
from rainsmith.evaluate.tail import RARE_CELLS, TailWatch, tail_reference, tail_rows
from rainsmith.metrics.core import Settings, pair


def _fields(weather: np.ndarray, members: int, seed: int) -> np.ndarray:
    """(day, member, y, x) [mm/day] rain of a climate in which members and observation are drawn alike."""
    rng = np.random.default_rng(seed)
    storms = gaussian_filter(rng.standard_normal((len(weather), members, 16, 16)), (0, 0, 1, 1))
    amounts = np.exp(0.7 * storms / storms.std() + 0.3 * rng.standard_normal((len(weather), members, 1, 1)))
    return np.clip(amounts * np.exp(1 + 0.8 * weather)[:, None, None, None] - 1.5, 0, None).astype("f4")


class Climate:
    """Twelve winters of a half-degree grid, the last four of them the test split."""

    def __init__(self, seed: int) -> None:
        days = pd.date_range("2000-12-01", "2012-02-29")
        self.days = days[days.month.isin([12, 1, 2])]
        winter = self.days.year + (self.days.month == 12)
        self.weather = np.random.default_rng(seed).standard_normal(len(self.days))
        observed = _fields(self.weather, 1, seed + 100)[:, 0]
        split = np.where(winter > 2008, 2, np.where(winter > 2007, 1, 0))
        heavy = self.weather > 1.3
        self.store = xr.Dataset(
            {"precip": (("time", "y", "x"), observed), "split": ("time", split), "heavy_x": ("time", heavy)},
            coords={"time": self.days},
        )
        self.test = np.flatnonzero(split == 2)
        self.settings = Settings(p99=float(np.quantile(observed[split == 0], 0.99)))
        self.reference = tail_reference(self.store, self.settings)

    @property
    def observed(self) -> np.ndarray:
        return np.asarray(self.store["precip"].values[self.test])

    def members(self, count: int, seed: int = 7) -> np.ndarray:
        return _fields(self.weather[self.test], count, seed)

    def rows(self, members: np.ndarray, *, whole_split: bool = True) -> pd.DataFrame:
        labels = {"model": "m", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
        forecast = Forecast(labels, self.test, members.shape[1], lambda: iter([]), baseline=False)
        watch = TailWatch(self.reference, forecast, self.store)
        time = self.days[self.test]
        made = xr.DataArray(members, dims=("time", "member", "y", "x"), coords={"time": time})
        for days in np.array_split(np.arange(len(time)), 3):
            watch.add(days, pair(made.isel(time=days), self.store["precip"].isel(time=self.test[days])))
        return tail_rows(watch, forecast, whole_split=whole_split, seed=0)

    def verdict(self, members: np.ndarray) -> list[Criterion]:
        return [line for line in verdict(self.rows(members), "m", "test") if line.rule.of_tail]


@pytest.fixture(scope="module")
def winters() -> Climate:
    return Climate(0)


def failed(lines: list[Criterion]) -> set[str]:
    return {line.name for line in lines if line.grade == "fail"}


@pytest.mark.parametrize("count", [2, 10, 40])
def test_true_members_pass_and_every_extreme_is_judged(winters: Climate, count: int) -> None:
    lines = winters.verdict(winters.members(count))
    assert not failed(lines) and not [line.name for line in lines if line.grade == "n/a"]


def test_false_alarms_are_rare() -> None:
    """Each line fails true members with a probability of about 1 %."""
    lines = [line for seed in (1, 2, 3, 4) for line in Climate(seed).verdict(Climate(seed).members(6, seed))]
    assert sum(line.grade == "fail" for line in lines) <= 0.06 * len(lines)


@pytest.mark.parametrize("count", [4, 10, 40])
def test_twice_the_heavy_cells_is_found_with_any_number_of_members(winters: Climate, count: int) -> None:
    members, threshold = winters.members(count), float(np.quantile(winters.observed, 0.995))
    stretched = np.where(members > winters.settings.p99 / 2, members * 1.3, members)
    share = (stretched > threshold).mean() / (winters.observed > threshold).mean()
    assert 1.6 < share < 2.6
    assert {"heavy cells"} <= failed(winters.verdict(stretched))


def test_cells_beyond_all_that_was_observed_are_found(winters: Climate) -> None:
    """Sixteen cells in each member lie above half as much again as the largest amount of the record."""
    members, rng = winters.members(10), np.random.default_rng(1)
    largest = float(winters.store["precip"].max())
    for member in range(10):
        for day in rng.choice(len(members), 4, replace=False):
            members[day, member, 5:7, 5:7] = 1.5 * largest
    assert {"beyond record"} <= failed(winters.verdict(members))


def test_one_impossible_amount_of_one_member_is_found(winters: Climate) -> None:
    """It is within chance of all counts: one week of one member, and fewer such weeks than a record could lack."""
    members = winters.members(10)
    members[200, 3, 5, 5] = 10 * float(winters.store["precip"].max())
    assert failed(winters.verdict(members)) == {"largest of record"}
    members[200, 3, 5, 5] = 1.2 * float(winters.store["precip"].max())
    assert not failed(winters.verdict(members))


def test_a_tail_that_was_cut_off_is_found(winters: Climate) -> None:
    members = winters.members(10).clip(max=1.2 * winters.settings.p99)
    assert {"p999 all days", "rare cells", "p9999 of record"} <= failed(winters.verdict(members))


def test_a_largest_value_that_is_far_too_small_is_found_with_few_members(winters: Climate) -> None:
    """Only the record finds it: one in six of the series by chance holds the week of the observed largest value."""
    members = winters.members(5).clip(max=0.4 * float(winters.observed.max()))
    lines = failed(winters.verdict(members))
    assert "max of record" in lines and "max all days" not in lines


def test_a_single_forecast_is_judged_too(winters: Climate) -> None:
    mean = winters.members(40).mean(axis=1, keepdims=True)
    assert {"heavy cells", "p9999 of record"} <= failed(winters.verdict(mean))


def test_members_like_the_split_are_not_blamed_for_a_split_unlike_the_record(winters: Climate) -> None:
    wetter = winters.store.copy(deep=True)
    wetter["precip"][winters.test] *= 1.5
    climate = Climate(0)
    climate.store, climate.reference = wetter, tail_reference(wetter, winters.settings)
    lines = {line.name: line.grade for line in climate.verdict(1.5 * winters.members(10))}
    assert lines["p999 of record"] == lines["rare cells of record"] == "minimum"


def test_cells_above_thresholds_of_the_configuration_are_counted(winters: Climate) -> None:
    """Twice as many as observed above a fixed amount lie outside chance; true members lie inside."""
    climate = Climate(0)
    mm = float(np.round(np.quantile(climate.observed, 0.995)))
    climate.reference = tail_reference(climate.store, replace(climate.settings, thresholds_mm=(0.5, mm)))
    members = climate.members(10)
    for factor, inside in ((1.0, True), (1.35, False)):
        rows = climate.rows(np.where(members > mm / 2, members * factor, members)).set_index(["days", "metric"])
        row = rows.loc[("all", f"event_cells_{mm:g}_by_chance")]
        assert row["threshold"] == pytest.approx(mm, rel=0.02)
        assert (row["lower"] <= row["observed"] <= row["upper"]) == inside
    assert not [name for name in rows.index.get_level_values(1) if name.startswith("event_cells_0.5")], "below P99"


def test_the_range_holds_the_observed_figures_of_the_rows(winters: Climate) -> None:
    rows = winters.rows(winters.members(10)).set_index(["days", "metric"])
    row = rows.loc[("all", "max_by_chance")]
    assert row["observed"] == pytest.approx(winters.observed.max()) and row["lower"] <= row["observed"] <= row["upper"]
    rare = rows.loc[("all", f"{RARE_CELLS}_by_chance")]
    days = (winters.store["precip"] >= rare["threshold"]).any(("y", "x")).sum()
    assert 10 <= int(days) <= 13, "ten days of the record reach the threshold, a class of 2 % apart"
    assert rare["observed"] == (winters.observed >= np.float32(rare["threshold"])).sum()


def test_a_part_of_a_split_is_not_held_against_the_record(winters: Climate) -> None:
    names = set(winters.rows(winters.members(3), whole_split=False)["metric"])
    assert not any(name.endswith("record") for name in names) and "p999_by_chance" in names


def test_a_quantile_that_the_days_do_not_support_is_left_out() -> None:
    small = Climate(0)
    small.store = small.store.isel(y=slice(0, 4), x=slice(0, 4))
    assert len(small.test) * 16 * 0.0001 < 2
    small.reference = tail_reference(small.store, small.settings)
    names = set(small.rows(small.members(3)[..., :4, :4])["metric"])
    assert "p9999_by_chance" not in names and "p999_by_chance" in names
