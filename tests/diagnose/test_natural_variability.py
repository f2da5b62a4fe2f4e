"""Differences between samples of observed years: what they bound, and where there is nothing to compare."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Config
from rainsmith.diagnose.natural_variability import NaturalVariability, natural_variability
from rainsmith.diagnose.registry import metrics_of_natural_variability
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics import pooled
from rainsmith.metrics.core import Settings

METRICS = [pooled.mean, pooled.p99, pooled.wet_fraction]


@pytest.fixture(scope="module")
def settings(climate_store: xr.Dataset, climate_config: Config) -> Settings:
    return settings_of(climate_store, climate_config)


def test_observations_differ_from_themselves_and_one_year_cannot_be_compared(
    climate_store: xr.Dataset, settings: Settings
) -> None:
    variability = natural_variability(climate_store, "test", metrics_of_natural_variability(), settings)
    assert variability.years == 2 and "2 years" in variability.origin
    for (_, metric), (warn, fail) in variability.log_ratios.items():
        assert 0 < warn <= fail < 2, metric
    single = climate_store.isel(time=climate_store["time"].dt.year.values == 2005)
    lone = natural_variability(single, "test", METRICS, settings)
    assert lone.years == 0 and lone.ratio("all", "mean").verdict(5.0) == "n/a"


def test_few_observed_years_warn_and_do_not_fail(climate_store: xr.Dataset, settings: Settings) -> None:
    short = climate_store.isel(time=climate_store["time"].dt.year.values <= 2003)
    one_year = short.assign(split=("time", np.where(short["time"].dt.year.values == 2003, 2, 0)))
    variability = natural_variability(one_year, "test", METRICS, settings)
    assert variability.years == 1 and variability.pairs == 3 and "3 pairs" in variability.origin
    assert variability.ratio("all", "mean").verdict(5.0) == "warn"


def test_samples_of_whole_years_say_nothing_of_some_days(climate_store: xr.Dataset, settings: Settings) -> None:
    test = climate_store["time"][climate_store["split"].values == 2]
    heavy = climate_store["time"][(climate_store["split"].values == 2) & climate_store["heavy_x"].values.astype(bool)]
    some = natural_variability(climate_store, "test", METRICS, settings, scored=heavy)
    assert some.ratio("heavy_x", "mean").verdict(5.0) == "fail" and some.ratio("all", "mean").verdict(5.0) == "n/a"
    for days in (heavy[:-1], test[:0]):
        none = natural_variability(climate_store, "test", METRICS, settings, scored=days)
        assert none.years == 0 and none.origin == "only some days of the split were scored"
    season = climate_store.assign(split=("time", np.where(np.arange(climate_store.sizes["time"]) < 200, 2, 0)))
    assert natural_variability(season, "test", METRICS, settings).origin == "less than a year was scored"


def winters(test_winters: int, *, noise: float = 0.3) -> xr.Dataset:
    """Twelve winters of a half-degree grid, each with a wetness of its own; the first one lacks its December."""
    days = np.arange("2001-01-01", "2012-12-20", dtype="datetime64[D]")
    month = days.astype("datetime64[M]").astype(int) % 12 + 1
    days = days[np.isin(month, [12, 1, 2])]
    year = days.astype("datetime64[Y]").astype(int) + 1970 + (days.astype("datetime64[M]").astype(int) % 12 == 11)
    wetness = np.exp(noise * np.random.default_rng(0).standard_normal(20))[year - 2001]
    fields = wetness[:, None, None] * np.random.default_rng(1).gamma(0.5, 8.0, size=(len(days), 4, 4))
    split = np.where((year > 2012 - test_winters) & (year <= 2012), 2, 0)
    return xr.Dataset(
        {
            "precip": (("time", "y", "x"), fields.astype("f4")),
            "split": ("time", split),
            "heavy_x": ("time", np.zeros(len(days), dtype=bool)),
        },
        coords={"time": days.astype("datetime64[ns]")},
    )


@pytest.mark.parametrize("count", [1, 4])
def test_winters_are_years(count: int) -> None:
    """Four winters of 90 days are four years, not one of 360 days; the parts at both ends are none."""
    variability = natural_variability(winters(count), "test", [pooled.mean], Settings())
    assert variability.years == count
    whole = 11  # 2002 to 2012
    assert variability.pairs == math.comb(whole, count) * math.comb(whole - count, count) // 2


def test_twice_the_observed_does_not_pass_on_four_winters() -> None:
    variability = natural_variability(winters(4), "test", [pooled.mean], Settings())
    assert variability.ratio("all", "mean").verdict(2.0) == "fail"
    assert variability.ratio("all", "mean").verdict(1.05) == "pass"
    part = winters(1)
    part["split"] = part["split"].where(part["time"].dt.month != 12, 0)
    assert natural_variability(part, "test", [pooled.mean], Settings()).why_not == "less than a year was scored"


def test_a_year_without_a_heavy_day_does_not_stop_the_diagnosis(climate_store: xr.Dataset, settings: Settings) -> None:
    drought = climate_store["heavy_x"].where(climate_store["time"].dt.year != 2002, False).astype(bool)
    variability = natural_variability(climate_store.assign(heavy_x=drought), "test", METRICS, settings)
    warn, fail = variability.log_ratios["heavy_x", "p99"]
    assert 0 < warn <= fail


def test_the_bounds_are_quantiles_of_differences_of_years_by_hand() -> None:
    """Rain that is the same everywhere and every day of a year: two samples of one year differ as the years do."""
    time = np.arange("2001-01-01", "2011-01-01", dtype="datetime64[D]").astype("datetime64[ns]")
    year = time.astype("datetime64[Y]").astype(int) + 1970
    amounts = 2.0 ** (year - 2000)
    store = xr.Dataset(
        {
            "precip": (("time", "y", "x"), np.broadcast_to(amounts[:, None, None], (len(time), 2, 2)).astype("f4")),
            "split": ("time", np.where(year == 2010, 2, 0)),
            "heavy_x": ("time", np.zeros(len(time), dtype=bool)),
        },
        coords={"time": time},
    )
    variability = natural_variability(store, "test", [pooled.mean], Settings())
    assert variability.years == 1 and variability.pairs == 45
    warn, fail = (bound / np.log(2) for bound in variability.log_ratios["all", "mean"])
    # |difference of two of ten years|: 1 to 9; P(>= 7) is 6 of 45, P(>= 9) is 1 of 45
    assert warn == pytest.approx(round(warn), abs=1e-5) and 6 <= round(warn) <= 8
    assert fail == pytest.approx(round(fail), abs=1e-5) and 8 <= round(fail) <= 9


def test_bounds_are_open_on_the_side_that_does_not_matter() -> None:
    variability = NaturalVariability({("all", "mean"): (0.1, 0.2)}, {("all", "mean"): (1.0, 2.0)}, 2, 50)
    assert variability.ratio("all", "mean").warn == pytest.approx((np.exp(-0.1), np.exp(0.1)))
    assert variability.ratio("all", "mean", low=False).fail == (-np.inf, pytest.approx(np.exp(0.2)))
    assert variability.difference("all", "mean", high=False).warn == (-1.0, np.inf)
    assert np.isnan(variability.difference("heavy_x", "mean").warn).all()
