"""Scores with intervals: they hold their value, shrink with days, and are those of the metric itself."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import estimates, pooled
from rainsmith.metrics.core import Settings
from rainsmith.metrics.ensemble import crps
from rainsmith.metrics.estimates import score_days, scores
from rainsmith.metrics.registry import METRICS
from rainsmith.metrics.tally import partition, tally
from tests.metrics.climate import GammaClimate


def test_intervals_hold_their_value_and_shrink_with_days(settings: Settings) -> None:
    """All metrics on ten weeks; the CRPS on a hundred weeks, too."""
    widths = []
    for days, metrics in ((70, list(METRICS)), (700, [crps])):
        climate = GammaClimate(days=days, ny=5, nx=5)
        fcst, obs = climate.draw(4, seed=0), climate.observed()
        parts = partition(obs["time"], {"all": np.ones(days, bool)}, block_days=7)
        sums = tally(fcst, obs, parts=parts, settings=settings, metrics=metrics)
        scored = scores(sums, {"all": parts.weights("all", 50, seed=0)}, metrics)["all"]
        pooled_sums = sums.pooled(parts.weights("all", 0, seed=0)[0])
        for metric in metrics:
            score = scored[metric.name]
            np.testing.assert_allclose(score.value, metric.value(pooled_sums), rtol=1e-6, err_msg=metric.name)
            assert (score.lower <= score.value).all() and (score.value <= score.upper).all(), metric.name
        widths.append(float(scored["crps"].upper - scored["crps"].lower))
    assert widths[1] < 0.6 * widths[0]


def test_one_week_has_values_without_intervals(few: tuple[xr.DataArray, xr.DataArray], settings: Settings) -> None:
    members, obs = few
    days = {"time": slice(6, 9)}
    parts = partition(obs["time"].isel(days), {"all": np.ones(3, bool)}, block_days=700)
    sums = tally(members.isel(days), obs.isel(days), parts=parts, settings=settings, metrics=[crps])
    estimate = scores(sums, {"all": parts.weights("all", 100, seed=0)}, [crps])["all"]["crps"]
    assert np.isfinite(estimate.value) and np.isnan(estimate.lower) and np.isnan(estimate.upper)


def test_sets_of_days_are_scored_together_as_each_by_itself(
    few: tuple[xr.DataArray, xr.DataArray], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day set of several weeks, another one, and one of a single week, whose intervals are undefined."""
    members, obs = few
    days = np.arange(obs.sizes["time"])
    sets = {"all": days >= 0, "some": days % 3 == 0, "week": days < 5}
    parts = partition(obs["time"], sets, block_days=7)
    total = tally(members, obs, parts=parts, settings=settings, metrics=METRICS)
    weights = {name: parts.weights(name, 20, seed=1) for name in sets}
    together = scores(total, weights, list(METRICS))
    monkeypatch.setattr(estimates, "_RESAMPLES_BYTES", 2**21)  # a few resamples at once
    for name in sets:
        alone = scores(total, {name: weights[name]}, list(METRICS))[name]
        for metric in METRICS:
            for bound in ("value", "lower", "upper", "observed", "by_member"):
                one, other = (getattr(found[metric.name], bound) for found in (together[name], alone))
                assert (one is None) == (other is None)
                if one is not None:
                    xr.testing.assert_allclose(one, other, rtol=1e-9)
    assert np.isnan(together["week"]["crps"].lower) == (len(weights["week"]) == 1)


def test_score_days_names_value_and_observation(few: tuple[xr.DataArray, xr.DataArray], settings: Settings) -> None:
    members, obs = few
    values = score_days(members, obs, METRICS, settings=settings, mode="posterior")
    assert values["crps"] == pytest.approx(float(crps(members, obs)))
    assert values["observed_p99"] == pytest.approx(float(obs.quantile(0.99)), rel=1e-3)
    assert "diversity_ratio" not in values and "csi" not in values
    single = score_days(members.isel(member=0), obs, [pooled.mean, crps], settings=settings)
    assert set(single) == {"mean", "observed_mean", "crps"}
