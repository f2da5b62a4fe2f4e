"""All baselines: what they have in common, what they may not read, and their order of skill."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.baselines import registry
from rainsmith.baselines.registry import BASELINES, Baseline, NotApplicable, forecast
from tests.baselines.made import NX, NY, without_coarse_rain

BUILT_IN = (
    "climatology", "bilinear", "ratio", "quantile-mapping", "analogs", "scaled-analogs", "tuned-analogs", "rainfarm"
)  # fmt: skip
EVERY = tuple(baseline.name for baseline in BASELINES if baseline.name != "rainfarm")  # which has its own tests
ENSEMBLES = tuple(name for name in EVERY if not BASELINES[name].single_valued)


def fair_crps(fcst: xr.DataArray, obs: xr.DataArray) -> float:
    """Ferro (2014) from sorted members, over valid cells [mm/day]."""
    truth = obs.values
    valid = np.isfinite(truth)
    members = np.sort(np.moveaxis(fcst.values, 1, 0)[:, valid].astype(np.float64), axis=0)
    count = len(members)
    error = np.abs(members - truth[valid]).mean()
    if count == 1:
        return float(error)
    weight = 2.0 * np.arange(1, count + 1) - count - 1
    return float(error - (weight @ members).mean() / (count * (count - 1)))


@pytest.mark.parametrize("name", EVERY)
def test_shape_units_and_valid_cells(store: xr.Dataset, name: str) -> None:
    members = forecast(name, store, "test", 5)
    days = in_split(store, "test")
    assert members.dims == ("time", "member", "y", "x")
    assert members.dtype == np.float32
    assert members.attrs["units"] == "mm/day"
    assert members.sizes["member"] == (BASELINES[name].members_of(5))
    assert (members["time"] == days["time"]).all() and (members["y"] == store["y"]).all()
    assert (np.isfinite(members) == store["mask"]).all()
    assert float(members.min()) >= 0


@pytest.mark.parametrize("name", EVERY)
def test_the_rain_of_the_forecast_days_is_never_read(store: xr.Dataset, name: str) -> None:
    hidden = store.copy()
    hidden["precip"] = store["precip"].where(store["split"] == 0, 1e6)
    xr.testing.assert_equal(forecast(name, hidden, "test", 4), forecast(name, store, "test", 4))


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_member_does_not_depend_on_how_many_are_drawn_or_on_other_days(store: xr.Dataset, name: str) -> None:
    many = forecast(name, store, "test", 6)
    few = forecast(name, store, "test", 3)
    np.testing.assert_allclose(few, many.isel(member=slice(3)), rtol=1e-6)
    kinds = store["split"].values.copy()
    kept = np.flatnonzero(kinds == 2)[5:9]
    kinds[(kinds == 2) & ~np.isin(np.arange(len(kinds)), kept)] = -1
    some = forecast(name, store.assign(split=("time", kinds)), "test", 6)
    np.testing.assert_allclose(some, many.isel(time=slice(5, 9)), rtol=1e-6)


@pytest.mark.parametrize("name", ["bilinear", "ratio", "quantile-mapping", "scaled-analogs", "rainfarm"])
def test_without_coarse_rain_it_says_so(store: xr.Dataset, name: str) -> None:
    with pytest.raises(NotApplicable, match="found no coarse rain among the predictors"):
        forecast(name, without_coarse_rain(store), "test", 3)


def test_the_records_say_which_baselines_need_coarse_rain(store: xr.Dataset) -> None:
    bare = without_coarse_rain(store)
    able = [name for name in EVERY if not BASELINES[name].needs_coarse_rain]
    assert [name for name in able if name in BUILT_IN] == ["climatology", "analogs", "tuned-analogs"]
    for name in able:
        assert np.isfinite(forecast(name, bare, "validation", 2)).any()
    with pytest.raises(NotApplicable, match=re.escape(f"name another baseline ({', '.join(able)})")):
        forecast("bilinear", bare, "validation", 2)


def test_the_records_stand_in_order_and_say_what_a_reader_needs() -> None:
    built_in = [baseline for baseline in BASELINES if baseline.name in BUILT_IN]
    assert tuple(baseline.name for baseline in built_in) == BUILT_IN
    assert [baseline.name for baseline in built_in if not baseline.by_default] == ["rainfarm"]
    assert len({baseline.order for baseline in BASELINES}) == len({b.title for b in BASELINES}) == len(BASELINES)
    assert all(baseline.meaning and not baseline.meaning.endswith(".") for baseline in BASELINES)


def test_the_registry_needs_neither_torch_nor_pysteps() -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['pysteps'] = None\n"
        "from rainsmith.baselines.registry import BASELINES; print(*BASELINES.names())"
    )
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert tuple(names) == BASELINES.names()


def test_a_new_baseline_is_one_record(store: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def drizzle(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
        return np.full((len(days), 1, int(store["mask"].sum())), 0.5)

    list(BASELINES)  # the records of the package are there before the copy below
    monkeypatch.setattr(BASELINES, "_records", dict(BASELINES._records))
    BASELINES.add(Baseline("drizzle", 15, "drizzle", "half a millimetre", False, True, False, drizzle))
    places = [BASELINES.names().index(name) for name in ("climatology", "drizzle", "bilinear")]
    assert places == sorted(places)
    made = forecast("drizzle", store, "test", 7)
    assert made.sizes["member"] == 1 and float(made.max()) == 0.5 and "drizzle" in made.attrs["long_name"]


@pytest.mark.parametrize("name", ENSEMBLES)
def test_a_gap_of_a_training_day_is_filled_and_an_empty_day_is_left_out(store: xr.Dataset, name: str) -> None:
    train = np.flatnonzero(store["split"] == 0)
    holed = store.copy(deep=True)
    holed["precip"][train, 5, 5] = np.nan
    holed["precip"][train[::3]] = np.nan
    members = forecast(name, holed, "test", 5)
    assert (np.isfinite(members) == store["mask"]).all()
    if name == "analogs":
        kept = {field[6:].tobytes() for field in np.delete(store["precip"].values[train], np.s_[::3], axis=0)}
        assert all(field[6:].tobytes() in kept for field in members.values.reshape(-1, NY, NX))


def test_the_example_runs() -> None:
    result = doctest.testmod(registry)
    assert result.attempted > 3 and result.failed == 0


def test_what_cannot_be_made_is_refused(store: xr.Dataset) -> None:
    with pytest.raises(UserError, match="'analog'; expected one of climatology"):
        forecast("analog", store, "test", 3)
    with pytest.raises(UserError, match="found 0 members"):
        forecast("analogs", store, "test", 0)
    with pytest.raises(UserError, match="candidate days for 9999 analogs"):
        forecast("analogs", store, "test", 9999)
    with pytest.raises(UserError, match="no training day with a rain value"):
        forecast("analogs", store.assign(split=store["split"].where(store["split"] != 0, -1)), "test", 3)


def test_more_information_scores_better(store: xr.Dataset) -> None:
    obs = in_split(store, "test")["precip"]
    score: Callable[[str], float] = lambda name: fair_crps(forecast(name, store, "test", 10), obs)  # noqa: E731
    assert score("tuned-analogs") < score("scaled-analogs") < 0.95 * score("analogs") < 0.9 * score("climatology")
    assert score("ratio") < score("bilinear")


@pytest.mark.real_data
def test_on_real_rain_the_scaled_analogs_are_strong(real_data: Path, tmp_path: Path) -> None:
    from rainsmith.config import parse
    from rainsmith.prepare.stage import prepare
    from rainsmith.run_folder import Run

    data = {
        "kind": "gridded",
        "root": str(real_data),
        "target": {
            "files": [f"haduk-grid-12km/rainfall_hadukgrid_uk_12km_day_{year}.nc" for year in range(2013, 2016)]
        },
        "predictors": [{"from": "target", "coarsen": 8, "lags": [0]}],
        "splits": {
            "train": [2013, 2014],
            "validation": [["2015-01-01", "2015-01-31"]],
            "test": [["2015-03-01", "2015-12-31"]],
        },
    }
    run = Run(tmp_path)
    prepare(parse({"data": data}), run)
    store = run.open_store()
    days = in_split(store, "test")
    heavy = days["heavy_x"].values
    members = {name: forecast(name, store, "test", 10) for name in ENSEMBLES}
    score = {name: fair_crps(fcst, days["precip"]) for name, fcst in members.items()}
    assert score["tuned-analogs"] < 0.95 * score["scaled-analogs"]
    assert score["scaled-analogs"] < 0.75 * score["analogs"] < 0.5 * score["climatology"]
    mask = store["mask"].values
    observed = days["precip"].values[heavy][:, mask]
    for name, tolerance in (("scaled-analogs", 0.06), ("tuned-analogs", 0.10)):
        storms = members[name].values[heavy][:, :, mask]
        assert storms.mean() / observed.mean() == pytest.approx(1, abs=0.01)
        assert np.quantile(storms, 0.99) / np.quantile(observed, 0.99) == pytest.approx(1, abs=tolerance)
        assert storms.max(axis=2).mean() / observed.max(axis=1).mean() == pytest.approx(1, abs=tolerance)
