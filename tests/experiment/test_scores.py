"""Scores of one trial: the bias mapping, perfect forecasts, and sets of few days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.evaluate.settings import Resampling
from rainsmith.experiment.scores import bias_mapping, mapped, score_trial, scores_by_column
from rainsmith.metrics.core import Settings


def _rain(seed: int, days: int = 120) -> xr.DataArray:
    values = np.random.default_rng(seed).gamma(0.6, 9.0, (days, 8, 7)).astype("f4")
    values[:, 0, :3] = np.nan
    time = pd.date_range("2001-01-01", periods=days)
    return xr.DataArray(values, dims=("time", "y", "x"), coords={"time": time})


def _scored(fcst: xr.DataArray, obs: xr.DataArray, heavy: list[int] | None = None) -> xr.Dataset:
    days = xr.Dataset({"precip": obs, "category": ("time", np.zeros(obs.sizes["time"], int))})
    number = np.arange(obs.sizes["time"])
    days = days.assign(heavy_x=("time", number % 4 == 0 if heavy is None else np.isin(number, heavy)))
    limits = Settings(p90=15.0, p95=20.0, p99=35.0, thresholds_mm=(10.0,))
    knots = bias_mapping(fcst, obs, [10.0, 15.0, 20.0, 35.0])
    forecast = xr.Dataset({"precip": fcst})
    return score_trial(forecast, days, knots, settings=limits, resampling=Resampling(resamples=60))


def test_mapping_makes_the_frequency_bias_one_and_keeps_the_order() -> None:
    obs = _rain(0)
    fcst = (0.4 * _rain(1) + 1.0).astype("f4")
    thresholds = [10.0, 20.0, 35.0, 1e4]
    knots = bias_mapping(fcst, obs, thresholds)
    assert len(knots[0]) == 4  # the origin, and the three thresholds that are reached
    after = mapped(fcst, knots)
    for threshold in thresholds[:3]:
        assert (fcst >= threshold).sum() < (obs >= threshold).sum()
        assert int((after >= threshold - 1e-4).sum()) == int((obs >= threshold).sum())
    order = np.argsort(fcst.values.ravel(), kind="stable")
    rising = after.values.ravel()[order]  # what is missing comes last
    assert (np.diff(rising[np.isfinite(rising)]) >= -1e-5).all()
    assert np.isnan(after.values[:, 0, :3]).all()


def test_a_forecast_that_is_mostly_dry_is_not_mapped_to_rain_everywhere() -> None:
    obs = _rain(0)
    dry = xr.where(obs > 40.0, obs, 0.0 * obs)
    knots = bias_mapping(dry, obs, [1.0, 10.0, 45.0])
    assert len(knots[0]) == 2 and float((mapped(dry, knots) > 0).mean()) == float((dry > 0).mean())


def test_scores_of_a_perfect_forecast() -> None:
    obs = _rain(0)
    scores = scores_by_column(_scored(obs, obs))
    assert scores["mae"].shape == (61,) and scores["mae"][0] == 0 and scores["rmse"].max() == 0
    assert scores["mapped_sedi_p95"][0] == pytest.approx(1.0) and scores["frequency_bias_10"][0] == 1.0


def test_thresholds_are_called_by_their_quantile_or_their_amount() -> None:
    obs = _rain(0)
    scores = _scored(0.5 * obs, obs)
    columns = scores_by_column(scores)
    assert [name for name in columns if name.startswith("csi_")] == ["csi_10", "csi_p90", "csi_p95", "csi_p99"]
    at_p95 = scores["csi"].sel(days="all", threshold=20.0)
    np.testing.assert_array_equal(columns["csi_p95"], at_p95)


@pytest.mark.parametrize("heavy", [[], [3, 4]])
def test_few_days_of_a_set_give_gaps_and_no_crash(heavy: list[int]) -> None:
    obs = _rain(0)
    scores = _scored(obs * 0.9, obs, heavy)
    assert scores.sizes["resample"] == 61 and np.isfinite(scores_by_column(scores)["mae"]).all()
    mae = scores_by_column(scores, "heavy_x")["mae"]
    assert np.isfinite(mae[0]) == bool(heavy) and np.isnan(mae[1:]).all()
