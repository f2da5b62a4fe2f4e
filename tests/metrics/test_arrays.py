"""Metrics as functions of two arrays: dimensions by the caller's names, kept dimensions, and what is refused."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr

import rainsmith.metrics
from rainsmith.metrics import METRICS, Metric, arrays, ensemble, pinball
from rainsmith.metrics.core import Settings
from tests.metrics.climate import GammaClimate

EVERY = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
OF_CELLS = pytest.mark.parametrize(
    "metric", [metric for metric in METRICS if metric.of_single_cells], ids=lambda metric: metric.name
)
SETTINGS = asdict(Settings(p95=6.0, p99=9.0, thresholds_mm=(2.0, 5.0), coarsen=2))


@pytest.fixture(scope="module")
def pair() -> tuple[xr.DataArray, xr.DataArray]:
    """Five days of 4 x 3 cells without ties; a cell without data, a cell without a day, a member that lacks one."""
    climate = GammaClimate(days=5)
    few = dict(y=slice(0, 4), x=slice(0, 3))
    fcst, obs = climate.draw(6, seed=1).isel(few).copy(), climate.observed().isel(few).copy()
    fcst += 0.2 + np.random.default_rng(0).random(fcst.shape, dtype=np.float32) * 1e-3
    obs += np.float32(0.2)  # amounts below wet_mm are ties
    obs[:, 0, 0], obs[2, 1, 1], fcst[3, 4, 2, 2] = np.nan, np.nan, np.nan
    return fcst, obs


@EVERY
def test_a_score_a_day_is_the_score_of_that_day_alone(metric: Metric, pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    fcst, obs = pair
    daily = metric(fcst, obs, preserve_dims="time", **SETTINGS)
    assert daily.dims[0] == "time" and daily["time"].equals(obs["time"])
    for day in range(5):
        alone = metric(fcst.isel(time=[day]), obs.isel(time=[day]), **SETTINGS)
        np.testing.assert_allclose(daily.isel(time=day), alone, rtol=1e-6, atol=1e-9)


@OF_CELLS
def test_a_score_a_cell_is_the_score_of_that_cell_alone(
    metric: Metric, pair: tuple[xr.DataArray, xr.DataArray]
) -> None:
    fcst, obs = pair
    score = metric(fcst, obs, preserve_dims=["x", "y"], **SETTINGS)
    assert score.dims[:2] == ("y", "x") and np.isnan(score.isel(y=0, x=0)).all()
    for y, x in ((0, 1), (1, 1), (2, 2), (3, 0)):
        alone = metric(fcst.isel(y=[y], x=[x]), obs.isel(y=[y], x=[x]), **SETTINGS)
        np.testing.assert_allclose(score.isel(y=y, x=x), alone, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("limit", [1, 2**25], ids=["one row at once", "all at once"])
def test_rows_are_pooled_alike_however_many_are_held(
    limit: int, pair: tuple[xr.DataArray, xr.DataArray], monkeypatch: pytest.MonkeyPatch
) -> None:
    fcst, obs = pair
    monkeypatch.setattr(arrays, "_BLOCK_BYTES", limit)
    rows = METRICS["p95"](fcst, obs, preserve_dims="y")
    largest = METRICS["max"](fcst, obs, preserve_dims="y")
    for y in range(4):
        alone = fcst.isel(y=[y]), obs.isel(y=[y])
        assert float(rows[y]) == pytest.approx(float(METRICS["p95"](*alone)))
        assert float(largest[y]) == float(METRICS["max"](*alone))


def test_means_of_kept_scores_weighted_by_cells_are_the_score(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    fcst, obs = pair
    whole = float(ensemble.crps(fcst, obs))
    every = ensemble.crps(fcst, obs, preserve_dims="all")
    assert every.dims == ("time", "y", "x") and float(every.mean()) == pytest.approx(whole)
    assert (every.isnull() == (obs.isnull() | fcst.isnull().any("member"))).all()


@EVERY
def test_names_of_dimensions_are_the_callers(metric: Metric, pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    """Names that swap meanings, too: rows called x."""
    fcst, obs = pair
    names = dict(member="number", time="day", y="x", x="lon")
    dims = dict(member_dim="number", time_dim="day", space_dims=("x", "lon"))
    renamed = metric(fcst.rename(names).transpose(), obs.rename(time="day", y="x", x="lon"), **dims, **SETTINGS)
    np.testing.assert_array_equal(renamed, metric(fcst, obs, **SETTINGS))


def test_kept_dimensions_bear_the_callers_names(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    fcst, obs = (array.rename(y="lat", x="lon").assign_coords(name=("lon", list("abc"))) for array in pair)
    score = METRICS["csi"](fcst, obs, space_dims=("lat", "lon"), preserve_dims="lon", **SETTINGS)
    assert score.dims == ("lon", "threshold") and score["lon"].equals(obs["lon"].reset_coords(drop=True))


def test_a_quantile_is_scored_by_day(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    fcst, obs = pair
    error = obs - fcst.isel(member=0)
    expected = np.maximum(0.9 * error, -0.1 * error).mean(["y", "x"])
    np.testing.assert_allclose(pinball(fcst.isel(member=0), obs, quantile=0.9, preserve_dims="time"), expected, 1e-6)


def test_what_cannot_be_scored_is_refused_in_a_line(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    fcst, obs = pair
    score = METRICS["crps"]
    with pytest.raises(ValueError, match=r"found preserve_dims \['y'\]; fss is a score of whole fields; keep 'time'"):
        METRICS["fss"](fcst, obs, preserve_dims="y", **SETTINGS)
    with pytest.raises(ValueError, match=r"found preserve_dims \['member'\]; expected some of"):
        score(fcst, obs, preserve_dims=["member", "time"])
    with pytest.raises(ValueError, match="name the dimensions with member_dim, time_dim and space_dims"):
        score(fcst.rename(y="lat"), obs.rename(y="lat"))
    with pytest.raises(ValueError, match="found different coordinates y in fcst and obs"):
        score(fcst.assign_coords(y=range(4)).isel(y=slice(None, None, -1)), obs.assign_coords(y=range(4)))
    with pytest.raises(ValueError, match="different days"):
        score(fcst, obs.assign_coords(time=obs["time"] + np.timedelta64(1, "D")))
    with pytest.raises(ValueError, match="found one member; rank_deviation is a score of spread"):
        METRICS["rank_deviation"](fcst.isel(member=0), obs)
    with pytest.raises(ValueError, match=r"found settings \['wet'\]; expected some of wet_mm"):
        score(fcst, obs, wet=1.0)
    with pytest.raises(ValueError, match="found coarsen = 0; block_borders needs it"):
        METRICS["block_borders"](fcst, obs)


def test_metrics_are_imported_by_their_names_and_explain_themselves() -> None:
    assert rainsmith.metrics.crps is ensemble.crps and {"ks", "fss", "max"} <= set(dir(rainsmith.metrics))
    assert repr(ensemble.crps).startswith("crps(fcst, obs, *, member_dim='member', time_dim='time'")
    with pytest.raises(AttributeError, match="no metric 'crsp'"):
        _ = rainsmith.metrics.crsp
    for metric in METRICS:
        parts = [metric.__doc__.find(part) for part in ("\nArgs:", "\nReturns:", "\nRaises:", "\nReferences:")]
        assert 0 < parts[0] < parts[1] < parts[2] and (parts[3] == -1 or parts[3] > parts[2])
    assert "needs ``p99`` [mm/day]" in METRICS["twcrps_p99"].__doc__
