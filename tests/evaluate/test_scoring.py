"""Scoring of any forecast: its rows, what it takes from training days, and that arrays alone are enough."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.evaluate import scoring
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.score_rows import member_range
from rainsmith.evaluate.scoring import COLUMNS, LOST, assess, on_cells, score
from rainsmith.evaluate.settings import Resampling
from rainsmith.metrics.core import Settings, pair
from rainsmith.metrics.ensemble import crps
from rainsmith.metrics.registry import METRICS
from tests.fake_run import rain

FEW = Resampling(resamples=50)


@pytest.fixture(scope="module")
def observed() -> xr.DataArray:
    return rain(70, 9, 8)


@pytest.fixture(scope="module")
def forecast(observed: xr.DataArray) -> xr.DataArray:
    noise = np.random.default_rng(1).lognormal(0, 0.5, size=(70, 4, 9, 8)).astype("f4")
    members = xr.DataArray(noise, dims=("time", "member", "y", "x")) * observed
    return members.transpose("time", "member", "y", "x")


def value(table: pd.DataFrame, metric: str, days: str = "all") -> float:
    return float(table.loc[(table["metric"] == metric) & (table["days"] == days), "value"].item())


def test_the_example_runs() -> None:
    result = doctest.testmod(scoring)
    assert result.attempted > 5 and result.failed == 0


def test_every_metric_that_applies_has_its_row_with_an_interval(forecast: xr.DataArray, observed: xr.DataArray) -> None:
    training = rain(200, 9, 8, seed=2)
    table = score(forecast, observed, training=training, resampling=FEW)
    assert list(table.columns) == COLUMNS and set(table["days"]) == {"all"}
    settings = Settings(p90=1.0, p95=1.0, p99=1.0)
    applying = [metric.name for metric in METRICS if metric.applies(4, "prior", settings)]
    named = [name for name in dict.fromkeys(table["metric"]) if not name.endswith("_range")]
    assert named == applying
    assert value(table, "crps") == pytest.approx(float(crps(forecast, observed)), rel=1e-6)
    p99 = np.quantile(training.values[np.isfinite(training.values)], 0.99)
    assert table.loc[table["metric"] == "twcrps_p99", "threshold"].item() == pytest.approx(p99, rel=1e-6)
    known = table.dropna(subset="lower")
    inside = known[~known["metric"].str.endswith("_range")]
    assert (inside["lower"] <= inside["value"]).all() and (inside["value"] <= inside["upper"]).all()


def test_without_training_days_scores_of_their_quantiles_are_left_out(
    forecast: xr.DataArray, observed: xr.DataArray
) -> None:
    names = ["crps", "twcrps_p99", "csi"]
    table = score(forecast, observed, metrics=names, resampling=FEW)
    assert set(table["metric"]) == {"crps", "csi"}
    assert set(table.loc[table["metric"] == "csi", "threshold"]) <= {20.0, 50.0, 100.0}
    own = score(forecast, observed, metrics=names, settings=Settings(p99=8.0, thresholds_mm=(5.0,)), resampling=FEW)
    assert own.loc[own["metric"] == "twcrps_p99", "threshold"].item() == 8.0
    assert set(own.loc[own["metric"] == "csi", "threshold"]) == {5.0, 8.0}


def test_a_perfect_forecast_is_better_than_a_noisy_one_and_that_than_a_dry_one(
    forecast: xr.DataArray, observed: xr.DataArray
) -> None:
    perfect = observed.expand_dims(member=4, axis=1)
    scores = [
        value(score(members, observed, metrics=["crps"], resampling=FEW), "crps")
        for members in (perfect, forecast, 0 * perfect)
    ]
    assert scores[0] == 0 < scores[1] < scores[2]


def test_sets_of_days_are_scored_by_themselves(forecast: xr.DataArray, observed: xr.DataArray) -> None:
    first = np.arange(70) < 30
    sets = {"all": np.ones(70, dtype=bool), "first": first, "none": np.zeros(70, dtype=bool)}
    table = score(forecast, observed, metrics=["crps"], day_sets=sets, resampling=FEW)
    assert list(table["days"]) == ["all", "first"] and list(table["n_days"]) == [70, 30]
    alone = score(forecast[first], observed[first], metrics=["crps"], resampling=FEW)
    assert value(table, "crps", "first") == pytest.approx(value(alone, "crps"), rel=1e-12)


def test_units_are_read_and_a_single_value_needs_no_member(observed: xr.DataArray) -> None:
    mm = (2 * observed).assign_attrs(units="mm/day")
    flux = (mm / 86400).assign_attrs(units="kg m-2 s-1")
    one, other = (score(fcst, observed, metrics=["mean", "mae"], resampling=FEW) for fcst in (mm, flux))
    assert list(one["members"]) == [1, 1]
    np.testing.assert_allclose(other["value"], one["value"], rtol=1e-5)
    with pytest.raises(UserError, match="the forecast has units 'K'"):
        score(mm.assign_attrs(units="K"), observed)


def test_what_cannot_be_scored_is_refused(forecast: xr.DataArray, observed: xr.DataArray) -> None:
    with pytest.raises(UserError, match="there is no metric 'crpss'"):
        score(forecast, observed, metrics=["crpss"])
    with pytest.raises(UserError, match="expected a coordinate 'time'"):
        score(forecast.drop_vars("time"), observed.drop_vars("time"))
    with pytest.raises(ValueError, match="same days"):
        score(forecast[1:], observed, resampling=FEW)
    with pytest.raises(UserError, match="no finite value in the training rain"):
        score(forecast, observed, training=observed * np.nan)


def test_curves_are_made_where_they_are_asked_for(forecast: xr.DataArray, observed: xr.DataArray) -> None:
    """And a metric alone needs no other: the days and cells are counted in any case."""
    labels = {"model": "m", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    one = Forecast(labels, np.arange(70), 4, lambda: iter([(slice(None), forecast)]), baseline=False)
    about = one, observed, {"all": np.ones(70, dtype=bool)}, Settings(p90=5.0, p95=8.0, p99=15.0), FEW
    whole = assess(*about)
    assert {"spectrum", "quantile", "rank_count", "member_value", "daily_crps"} <= set(whole.curves)
    brier = assess(*about, metrics=[METRICS["brier"]], with_curves=False)
    assert set(brier.table["metric"]) == {"brier"} and not set(brier.curves.data_vars)
    rows = whole.table[whole.table["metric"] == "brier"]
    np.testing.assert_array_equal(brier.table["value"], rows["value"])


def test_cell_days_where_a_member_is_missing_are_counted(forecast: xr.DataArray, observed: xr.DataArray) -> None:
    labels = {"model": "m", "checkpoint": "", "seed": 0, "mode": "prior", "split": "test"}
    there = np.argwhere(observed.notnull().values)[:2]
    gaps = forecast.copy(deep=True)
    for day, row, column in there:
        gaps[day, 1, row, column] = np.nan
    for members, notes in ((forecast, 0), (gaps, 1)):
        one = Forecast(labels, np.arange(70), 4, lambda members=members: iter([(slice(None), members)]), baseline=False)
        about = one, observed, {"all": np.ones(70, dtype=bool)}, Settings(p90=5.0, p95=8.0, p99=15.0), FEW
        scored = assess(*about, metrics=[METRICS["brier"]], with_curves=False)
        assert len([note for note in scored.notes if note.endswith(LOST)]) == notes
    assert scored.notes[0].startswith(f"2 of {int(observed.notnull().sum())} ")


def test_the_range_of_members_is_that_of_several() -> None:
    assert member_range(np.arange(101.0)) == (5.0, 95.0)
    assert np.isnan(member_range(np.ones(1))).all()


def test_cells_of_a_block_are_put_on_the_cells_of_the_domain() -> None:
    obs = xr.DataArray(np.arange(12.0, dtype="f4").reshape(1, 3, 4) + 1, dims=("time", "y", "x"))
    obs[0, 0, :], obs[0, 2, 1] = np.nan, np.nan
    pairs = pair(obs.expand_dims(member=2, axis=1), obs)
    cells = np.array([4, 5, 8, 9, 11])
    fields, valid = on_cells(pairs, cells)
    np.testing.assert_array_equal(fields[0, 2], [5, 6, 9, 0, 12])
    np.testing.assert_array_equal(valid[0], [True, True, True, False, True])
    assert on_cells(pairs, pairs.cells)[0] is pairs.fields
