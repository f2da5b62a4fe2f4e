"""Scores against other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import scores.categorical
import scores.continuous
import scores.probability
import scoringrules
import xarray as xr

from rainsmith.metrics import ensemble, extremes, pooled, spatial
from rainsmith.metrics.core import Settings, pair
from tests.metrics.climate import GammaClimate


@pytest.fixture(scope="module")
def truth() -> xr.DataArray:
    return GammaClimate(days=60).draw(7, seed=1)


@pytest.fixture(scope="module")
def observed() -> xr.DataArray:
    return GammaClimate(days=60).observed()


@pytest.mark.parametrize("estimator", ["fair", "pwm"])
def test_crps_of_scoringrules(truth: xr.DataArray, observed: xr.DataArray, estimator: str) -> None:
    members = np.moveaxis(truth.values.astype(float), 1, -1)
    expected = scoringrules.crps_ensemble(observed.values.astype(float), members, estimator=estimator)
    assert float(ensemble.crps(truth, observed)) == pytest.approx(float(expected.mean()), rel=1e-5)


def test_twcrps_of_scoringrules(truth: xr.DataArray, observed: xr.DataArray) -> None:
    members, field = np.moveaxis(truth.values.astype(float), 1, -1), observed.values.astype(float)
    expected = scoringrules.twcrps_ensemble(field, members, v_func=lambda x: np.maximum(x, 9.0), estimator="fair")
    assert float(ensemble.twcrps_p99(truth, observed, p99=9.0)) == pytest.approx(float(expected.mean()), rel=1e-5)


def test_rank_histogram_of_scores(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """Equal without ties; with ties it shares them evenly, which random ranks do on average."""
    wet = (np.maximum(truth, 1) + 0.1, np.maximum(observed, 1) + 0.1)
    for fcst, obs, tolerance in ((truth + 1 + _jitter(truth), observed + 1.5e-4, 1e-9), (*wet, 0.01)):
        expected = scores.probability.rank_histogram(fcst, obs, "member")
        counts = ensemble.rank_terms(pair(fcst, obs), Settings())["ranks"].sum("time")
        np.testing.assert_allclose(counts / counts.sum(), expected, atol=tolerance)


def _jitter(truth: xr.DataArray) -> xr.DataArray:
    return xr.zeros_like(truth) + np.random.default_rng(0).random(truth.shape, dtype=np.float32) * 1e-4


def test_ks_of_scipy(truth: xr.DataArray, observed: xr.DataArray) -> None:
    for factor in (1.0, 1.3):
        expected = scipy.stats.ks_2samp((factor * truth).values.ravel(), observed.values.ravel()).statistic
        assert float(pooled.ks(factor * truth, observed)) == pytest.approx(float(expected), abs=1e-3)


def test_correlation_of_scores(truth: xr.DataArray, observed: xr.DataArray) -> None:
    expected = scores.continuous.correlation.pearsonr(truth, observed, preserve_dims=["time", "member"]).mean()
    assert float(spatial.spatial_correlation(truth, observed)) == pytest.approx(float(expected), abs=1e-6)


def test_contingency_scores_of_scores(truth: xr.DataArray, observed: xr.DataArray) -> None:
    table = scores.categorical.BinaryContingencyManager(truth >= 5, (observed >= 5).broadcast_like(truth))
    assert float(extremes.csi(truth, observed, thresholds_mm=(5.0,))[0]) == pytest.approx(
        float(table.critical_success_index())
    )
    assert float(extremes.frequency_bias(truth, observed, thresholds_mm=(5.0,))[0]) == pytest.approx(
        float(table.frequency_bias())
    )


def test_errors_of_scores(truth: xr.DataArray, observed: xr.DataArray) -> None:
    mean = truth.astype(float).mean("member")
    assert float(ensemble.rmse(truth, observed)) == pytest.approx(float(scores.continuous.rmse(mean, observed)))
    assert float(ensemble.mae(truth, observed)) == pytest.approx(float(scores.continuous.mae(mean, observed)))
    tail = observed >= 9
    expected = scores.continuous.mae(mean.where(tail), observed.where(tail))
    assert float(ensemble.mae_tail(truth, observed, p95=9.0)) == pytest.approx(float(expected))


def test_cosine_similarity_of_scipy(truth: xr.DataArray, observed: xr.DataArray) -> None:
    from scipy.spatial.distance import pdist

    expected = np.mean([pdist(day.reshape(7, -1).astype(float), "cosine").mean() for day in truth.values])
    assert float(spatial.diversity(truth, observed)) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("kept", ["time", "all", ["y", "x"]], ids=str)
def test_kept_dimensions_of_scores(truth: xr.DataArray, observed: xr.DataArray, kept: str | list[str]) -> None:
    """The same words keep the same dimensions as in ``scores``, missing cells included."""
    few = dict(time=slice(0, 10), y=slice(0, 4), x=slice(0, 5))
    fcst, obs = truth.isel(few).astype(float), observed.isel(few).astype(float).copy()
    obs[:, 1, 1], obs[3, 2, 2] = np.nan, np.nan
    expected = scores.probability.crps_for_ensemble(fcst, obs, "member", method="fair", preserve_dims=kept)
    xr.testing.assert_allclose(ensemble.crps(fcst, obs, preserve_dims=kept), expected, rtol=1e-5)
    mean = fcst.mean("member")
    expected = scores.continuous.rmse(mean, obs, preserve_dims=kept)
    xr.testing.assert_allclose(ensemble.rmse(fcst, obs, preserve_dims=kept), expected, rtol=1e-5)


def test_events_of_each_cell_of_scores(truth: xr.DataArray, observed: xr.DataArray) -> None:
    few = dict(y=slice(0, 4), x=slice(0, 5))
    fcst, obs = truth.isel(few), observed.isel(few)
    table = scores.categorical.BinaryContingencyManager(fcst >= 2, (obs >= 2).broadcast_like(fcst))
    expected = table.transform(preserve_dims=["y", "x"]).critical_success_index()
    score = extremes.csi(fcst, obs, preserve_dims=["y", "x"], thresholds_mm=(2.0,)).isel(threshold=0, drop=True)
    np.testing.assert_allclose(score, expected)
