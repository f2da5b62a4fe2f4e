"""Members of the embedded climate whose truth is known: healthy ones pass, each planted failure is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.config import Demo
from rainsmith.data.demo.climate import climate
from rainsmith.diagnose import members as output
from rainsmith.diagnose import neighbours
from rainsmith.diagnose.natural_variability import Natural, natural
from rainsmith.evaluate.stage import Resampling, score, settings_of
from rainsmith.evaluate.table import MetricTable
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.small import small_config

DEMO = {"ny": 20, "nx": 18, "ny_lr": 5, "nx_lr": 4, "first_year": 2001, "years": 6, "seed": 7}
CONFIG = small_config(
    data__demo=DEMO, data__splits={"train": [2001, 2003], "validation": [2004, 2004], "test": [2005, 2006]}
)
Plant = Callable[[xr.DataArray], xr.DataArray]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    run = Run(tmp_path_factory.mktemp("demo"))
    prepare(CONFIG, run)
    return run.open_store().load()


@pytest.fixture(scope="module")
def days(store: xr.Dataset) -> xr.Dataset:
    return store.isel(time=np.flatnonzero(store["split"].values == 2))


@pytest.fixture(scope="module")
def true(store: xr.Dataset) -> xr.DataArray:
    """True members of the test days."""
    weather = climate(Demo(**DEMO))
    start = np.flatnonzero(store["split"].values == 2) + (weather.time.sizes["time"] - store.sizes["time"])
    return weather.truth_ensemble(start, 5, seed=3)


@pytest.fixture(scope="module")
def yardstick(store: xr.Dataset) -> Natural:
    return natural(store, "test", output.COMPARED, settings_of(store, CONFIG))


def verdicts(members: xr.DataArray, days: xr.Dataset, yardstick: Natural) -> dict[str, str]:
    labels = {"model": "made", "mode": "prior", "split": "test"}
    settings = settings_of(days, CONFIG)
    table = score(members, days, settings=settings, labels=labels, resampling=Resampling(resamples=50))
    found = output.findings(output.Output(MetricTable(table, "test"), "made", yardstick))
    return {finding.name: finding.verdict for finding in found}


def test_days_of_the_truth_are_those_of_the_store(true: xr.DataArray, days: xr.Dataset) -> None:
    assert np.array_equal(true["time"].values, days["time"].values)


def test_true_members_are_in_order(true: xr.DataArray, days: xr.Dataset, yardstick: Natural) -> None:
    assert set(verdicts(true, days, yardstick).values()) == {"pass"}


def _smooth(members: xr.DataArray, width: float) -> xr.DataArray:
    filled = gaussian_filter(np.nan_to_num(members.values), (0, 0, width, width))
    return members.copy(data=np.where(np.isfinite(members.values), filled, np.nan))


def _grainy(members: xr.DataArray) -> xr.DataArray:
    noise = np.random.default_rng(0).standard_normal(members.shape)
    return members * np.exp(1.5 * noise - 1.1).astype(np.float32)


def _spread(members: xr.DataArray, factor: float) -> xr.DataArray:
    mean = members.mean("member")
    return (mean + factor * (members - mean)).clip(min=0).transpose(*members.dims)


PLANTED: dict[str, Plant] = {
    "mean-collapse": lambda m: (m.mean(("y", "x")) + 0 * m).transpose(*m.dims),
    "drizzle": lambda m: m + 0.3,
    "tail-deficit": lambda m: m.clip(max=12.0),
    "tail-excess": lambda m: m.where(m < 10, 10 + 4 * (m - 10)).where(m.notnull()),
    "blur": lambda m: _smooth(m, 2.0),
    "noise": _grainy,
    "mass-drift": lambda m: 2 * m,
    "under-dispersion": lambda m: _spread(m, 0.3),
    "over-dispersion": lambda m: _spread(m, 2.5),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_failure_is_found(name: str, true: xr.DataArray, days: xr.Dataset, yardstick: Natural) -> None:
    assert verdicts(PLANTED[name](true), days, yardstick)[name] == "fail"


def test_a_threshold_on_normalised_values_is_found(true: xr.DataArray, days: xr.Dataset) -> None:
    one, wet = true.isel(member=0), CONFIG.data.wet_mm
    assert output.threshold_in_mm(one, days["precip"], wet).verdict == "pass"
    normalised = (np.log1p(one) - days["log_mean"]) / np.maximum(days["log_std"], 0.1)
    wrong = one.where((normalised >= 0.1) | one.isnull(), 0.0)
    assert output.threshold_in_mm(wrong, days["precip"], wet).verdict == "fail"
    cut = one.where((one >= 0.5) | one.isnull(), 0.0)  # as sampling.pixel_threshold: 0.5 does, in mm
    assert output.threshold_in_mm(cut, days["precip"], 0.5).verdict == "pass"


def test_copies_of_training_days_are_found(true: xr.DataArray, store: xr.Dataset, days: xr.Dataset) -> None:
    one = true.isel(member=0)
    found = {finding.name: finding for finding in neighbours.findings(store, one, "test")}
    assert found["memorisation"].verdict == "pass" and found["leakage"].verdict == "pass"
    training = store["precip"].values[store["split"].values == 0]
    near = [np.nanargmin(np.nansum((training - day) ** 2, axis=(1, 2))) for day in days["precip"].values]
    copied = one.copy(data=training[near] * np.float32(1.0001))
    assert next(neighbours.findings(store, copied, "test")).verdict == "fail"
    grains = np.random.default_rng(1).standard_normal(copied.shape).astype(np.float32)
    noisy = next(neighbours.findings(store, copied * np.exp(0.3 * grains), "test"))
    assert noisy.figures[0].verdict == "fail"  # not the day itself, but nothing new
    smooth = next(neighbours.findings(store, _smooth(true, 3.0).isel(member=0), "test"))
    assert smooth.verdict == "pass"


def test_training_days_among_the_scored_ones_are_found(store: xr.Dataset, true: xr.DataArray) -> None:
    one = true.isel(member=0)
    rain = store["precip"].values.copy()
    test, train = (np.flatnonzero(store["split"].values == kind) for kind in (2, 0))
    rain[test[:50]] = rain[train[:50]]
    leaky = store.assign(precip=store["precip"].copy(data=rain))
    assert list(neighbours.findings(leaky, one, "test"))[1].verdict == "fail"
    shuffled = store["split"].values.copy()
    shuffled[shuffled >= 0] = np.resize([0, 0, 2], (shuffled >= 0).sum())
    mixed = store.assign(split=("time", shuffled))
    chosen = one.isel(time=slice(0, 20))
    leakage = list(neighbours.findings(mixed, chosen, "test"))[1]
    assert leakage.figures[1].verdict == "fail"


def test_observations_differ_from_themselves_and_one_year_cannot_be_compared(store: xr.Dataset) -> None:
    settings = settings_of(store, CONFIG)
    found = natural(store, "test", output.COMPARED, settings)
    assert found.years == 2 and "2 years" in found.origin
    for (_, metric), (warn, fail) in found.log_ratio.items():
        assert 0 < warn <= fail < 2, metric
    single = store.isel(time=store["time"].dt.year.values == 2005)
    lone = natural(single, "test", output.COMPARED, settings)
    assert lone.years == 0 and lone.ratio("all", "mean").verdict(5.0) == "n/a"


def test_few_observed_years_warn_and_do_not_fail(store: xr.Dataset) -> None:
    settings = settings_of(store, CONFIG)
    short = store.isel(time=store["time"].dt.year.values <= 2003)
    one_year = short.assign(split=("time", np.where(short["time"].dt.year.values == 2003, 2, 0)))
    found = natural(one_year, "test", output.COMPARED, settings)
    assert found.years == 1 and found.pairs == 3 and "3 pairs" in found.origin
    assert found.ratio("all", "mean").verdict(5.0) == "warn"


def test_samples_of_whole_years_say_nothing_of_some_days(store: xr.Dataset) -> None:
    settings = settings_of(store, CONFIG)
    test = store["time"][store["split"].values == 2]
    heavy = store["time"][(store["split"].values == 2) & store["heavy_x"].values.astype(bool)]
    some = natural(store, "test", output.COMPARED, settings, scored=heavy)
    assert some.ratio("heavy_x", "mean").verdict(5.0) == "fail" and some.ratio("all", "mean").verdict(5.0) == "n/a"
    for days in (heavy[:-1], test[:0]):
        none = natural(store, "test", output.COMPARED, settings, scored=days)
        assert none.years == 0 and none.origin == "only some days of the split were scored"
    season = store.assign(split=("time", np.where(np.arange(store.sizes["time"]) < 200, 2, 0)))
    assert natural(season, "test", output.COMPARED, settings).origin == "less than a year was scored"


def test_a_year_without_a_heavy_day_does_not_stop_the_diagnosis(store: xr.Dataset) -> None:
    drought = store["heavy_x"].where(store["time"].dt.year != 2002, False).astype(bool)
    found = natural(store.assign(heavy_x=drought), "test", output.COMPARED, settings_of(store, CONFIG))
    warn, fail = found.log_ratio["heavy_x", "p99"]
    assert 0 < warn <= fail


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
    memorised, leaked = neighbours.findings(made, members, "test")
    assert memorised.verdict in ("pass", "n/a") and leaked.verdict == "pass"
