"""Scores of quantiles: by hand, by ordering, with gaps, and of a climate whose quantiles are known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import ensemble
from rainsmith.metrics.quantiles import exceeded, level_name, level_weights, pinball, quantile_crps, quantile_metrics
from tests.metrics.climate import GammaClimate, array

LEVELS = [0.5, 0.95, 0.99, 0.999]


@pytest.fixture(scope="module")
def true_quantiles() -> xr.DataArray:
    """(time, quantile, y, x): cells of a day share one distribution, here from 400 draws of it."""
    drawn = GammaClimate(days=60).draw(400, seed=3)
    return drawn.quantile(LEVELS, ["member", "y", "x"]).transpose("time", "quantile").astype(np.float32)


@pytest.fixture(scope="module")
def fcst(true_quantiles: xr.DataArray) -> xr.DataArray:
    climate = GammaClimate(days=60)
    return true_quantiles.expand_dims(y=climate.ny, x=climate.nx).transpose("time", "quantile", "y", "x")


@pytest.fixture(scope="module")
def obs() -> xr.DataArray:
    return GammaClimate(days=60).observed()


def test_pinball_by_hand() -> None:
    """Four millimetres too low cost 0.9 each, two too high 0.1 each."""
    forecast, observed = array([[[1.0, 5.0]]], members=False), array([[[5.0, 3.0]]], members=False)
    assert float(pinball(forecast, observed, quantile=0.9)) == pytest.approx((0.9 * 4 + 0.1 * 2) / 2)
    assert float(exceeded(forecast, observed, quantile=0.9)) == 0.5


def test_pinball_of_the_median_is_half_the_absolute_error(fcst: xr.DataArray, obs: xr.DataArray) -> None:
    median = fcst.isel(quantile=0, drop=True)
    assert float(pinball(median, obs, quantile=0.5)) == pytest.approx(float(ensemble.mae(median, obs)) / 2, rel=1e-6)


def test_perfect_and_worst(obs: xr.DataArray) -> None:
    assert float(pinball(obs, obs, quantile=0.99)) == 0
    assert float(quantile_crps(obs.expand_dims(quantile=LEVELS, axis=1), obs)) == 0
    losses = [float(pinball(obs + far, obs, quantile=0.99)) for far in (1, 10, 1000)]
    assert losses == pytest.approx([0.01, 0.1, 10.0], rel=1e-4)  # without bound
    assert float(exceeded(obs - 1, obs, quantile=0.99)) == 1 and float(exceeded(obs, obs, quantile=0.99)) == 0


@pytest.mark.parametrize("index", range(4))
def test_true_quantiles_beat_wrong_ones_and_are_exceeded_as_they_say(
    index: int, fcst: xr.DataArray, obs: xr.DataArray
) -> None:
    truth, level = fcst.isel(quantile=index, drop=True), LEVELS[index]
    best = float(pinball(truth, obs, quantile=level))
    climate = xr.full_like(truth, float(obs.quantile(level)))
    for wrong in (0.7 * truth, 1.4 * truth, climate):
        assert float(pinball(wrong, obs, quantile=level)) > best
    error = 3 * np.sqrt(level * (1 - level) / obs.size)
    assert float(exceeded(truth, obs, quantile=level)) == pytest.approx(1 - level, abs=error)


def test_gaps_are_left_out(fcst: xr.DataArray, obs: xr.DataArray) -> None:
    holes, filled = obs.copy(), fcst.copy()
    holes[:, :3], holes[5] = np.nan, np.nan
    filled[:, :, :3] = 5000.0
    kept = dict(time=[day for day in range(60) if day != 5], y=slice(3, None))
    assert float(quantile_crps(filled, holes)) == pytest.approx(
        float(quantile_crps(fcst.isel(kept), obs.isel(kept))), rel=1e-6
    )
    assert np.isnan(pinball(fcst.isel(quantile=0), obs * np.nan, quantile=0.5))


def test_many_levels_come_to_the_crps() -> None:
    """The closed form of an exponential with mean m: its own distribution scores m / 2."""
    observed = array(np.random.default_rng(0).exponential(4.0, (40, 30, 30)), members=False)
    levels = (np.arange(99) + 0.5) / 99
    forecast = xr.DataArray(-4 * np.log(1 - levels), dims="quantile", coords={"quantile": levels})
    forecast = forecast.expand_dims(time=40, y=30, x=30).transpose("time", "quantile", "y", "x")
    assert float(quantile_crps(forecast, observed)) == pytest.approx(2.0, rel=0.02)


def test_weights_and_names_of_levels() -> None:
    np.testing.assert_allclose(level_weights(LEVELS), [0.725, 0.245, 0.0245, 0.0055])
    assert level_weights([0.2]).tolist() == [1.0]
    assert [level_name(level) for level in (0.5, 0.05, 0.95, 0.975, 0.999)] == ["p50", "p05", "p95", "p975", "p999"]
    names = [metric.name for metric in quantile_metrics([0.5, 0.99])]
    assert names == ["pinball_p50", "exceeded_p50", "pinball_p99", "exceeded_p99", "quantile_crps"]
    assert all(metric.__doc__ for metric in quantile_metrics(LEVELS))


@pytest.mark.parametrize("levels", [[], [0.9, 0.5], [0.5, 0.5], [0.0, 0.5], [0.5, 1.0]])
def test_levels_must_rise_between_0_and_1(levels: list[float]) -> None:
    with pytest.raises(ValueError, match="rising"):
        quantile_metrics(levels)


def test_another_number_of_quantiles_is_refused(fcst: xr.DataArray, obs: xr.DataArray) -> None:
    with pytest.raises(ValueError, match="found 4 quantiles, expected 2"):
        quantile_metrics([0.5, 0.9])[0](fcst.rename(quantile="member"), obs)
