"""Scores ordered by a climate whose truth is known: true members, then wrong spread, then one value."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Demo
from rainsmith.data.demo.climate import climate
from rainsmith.metrics import ensemble, pooled, spatial
from rainsmith.metrics.bootstrap import calendar_blocks, paired_difference
from rainsmith.metrics.core import Settings
from rainsmith.metrics.tally import partition, tally
from tests.metrics.climate import GammaClimate

Pair = tuple[xr.DataArray, xr.DataArray]


def _demo() -> Pair:
    weather = climate(Demo(ny=20, nx=18, years=3))
    days = np.arange(0, 1000, 4)
    members = weather.truth_ensemble(days, 11, seed=0)
    return members.isel(member=slice(0, 10)), members.isel(member=10, drop=True)


def _gamma() -> Pair:
    rain = GammaClimate(days=250)
    return rain.draw(10, seed=1), rain.observed()


@pytest.fixture(scope="module", params=[_gamma, _demo], ids=["gamma", "demo"])
def true(request: pytest.FixtureRequest) -> Pair:
    return request.param()


def _stretched(members: xr.DataArray, factor: float) -> xr.DataArray:
    mean = members.mean("member")
    return (mean + factor * (members - mean)).clip(min=0)


@pytest.fixture(scope="module")
def ladder(true: Pair) -> list[xr.Dataset]:
    """Daily sums of true members, of members with half their spread, and of their mean alone."""
    members, obs = true
    days = np.ones(obs.sizes["time"], dtype=bool)
    parts = partition(obs["time"], {"all": days}, block_days=7)
    settings = Settings(p99=float(obs.quantile(0.99)))
    return [
        tally(fcst, obs, parts=parts, settings=settings, metrics=[ensemble.crps, ensemble.twcrps_p99]).daily
        for fcst in (members, _stretched(members, 0.5), members.mean("member").expand_dims(member=1, axis=1))
    ]


@pytest.mark.parametrize("term", ["crps", "twcrps"])
def test_truth_beats_wrong_spread_beats_one_value(term: str, ladder: list[xr.Dataset]) -> None:
    """Each step is significant in the paired test that the comparisons use."""
    for better, worse in itertools.pairwise(ladder):
        test = paired_difference(
            better[term].values,
            worse[term].values,
            better["cells"].values,
            calendar_blocks(better["time"], 7),
            resamples=200,
            seed=0,
        )
        assert test.upper < 0 and test.p < 0.10


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_truth_beats_too_little_and_too_much_rain(true: Pair, factor: float) -> None:
    """No hedging: neither a dry nor a wet bias gains, in the body or in the tail."""
    members, obs = true
    p99 = float(obs.quantile(0.99))
    for metric in (ensemble.crps, ensemble.twcrps_p99):
        assert float(metric(members, obs, p99=p99)) < float(metric(members * factor, obs, p99=p99))


def test_reliability_of_the_truth(true: Pair) -> None:
    members, obs = true
    assert float(ensemble.spread_skill(members, obs)) == pytest.approx(1, abs=0.08)
    assert float(ensemble.rank_deviation(members, obs)) < 0.06
    assert float(spatial.diversity_ratio(members, obs)) == pytest.approx(1, abs=0.05)
    blurred = members.rolling(x=3, y=3, center=True, min_periods=1).mean()
    assert 3 * float(spatial.ralsd(members, obs)) < float(spatial.ralsd(blurred, obs))
    assert float(pooled.ks(members.isel(member=slice(0, 3)), obs)) < 0.02
    assert abs(float(pooled.mass_bias(members, obs))) < 0.04


def test_reliability_of_the_wrong_spread(true: Pair) -> None:
    members, obs = true
    narrow, wide = _stretched(members, 0.5), _stretched(members, 1.7)
    assert float(ensemble.spread_skill(narrow, obs)) < 0.8 < 1.1 < float(ensemble.spread_skill(wide, obs))
    assert float(ensemble.rank_deviation(narrow, obs)) > 3 * float(ensemble.rank_deviation(members, obs))
    assert float(spatial.diversity_ratio(narrow, obs)) < 0.8


def test_shuffled_days_lose_correlation_and_skill_but_keep_the_distribution(true: Pair) -> None:
    members, obs = true
    order = np.random.default_rng(0).permutation(obs.sizes["time"])
    shuffled = members.isel(time=order).assign_coords(time=members["time"])
    assert float(ensemble.crps(shuffled, obs)) > 1.05 * float(ensemble.crps(members, obs))
    some = dict(member=slice(0, 3))
    in_order, in_disorder = (pooled.ks.sums(fcst.isel(some), obs) for fcst in (members, shuffled))
    for metric in (pooled.ks, pooled.p99):
        assert float(metric.value(in_disorder)) == pytest.approx(float(metric.value(in_order)), abs=1e-6)


def test_the_truth_itself_is_noisy_on_few_days() -> None:
    """The ranges that docs/method.md quotes: true members on the 73 wettest days of two years, four true outcomes."""
    weather = climate(Demo())
    last = np.arange(len(weather.time))[-730:]
    rain = np.array([weather.predictors[day][5].mean() for day in last])
    draws = weather.truth_ensemble(last[np.sort(np.argsort(-rain)[:73])], 14)
    members = draws.isel(member=slice(4, 14))
    metrics = (spatial.ralsd, ensemble.rank_deviation, ensemble.spread_skill, pooled.ks)
    scores = np.array([[float(m(members, draws.isel(member=i, drop=True))) for m in metrics] for i in range(4)])
    np.testing.assert_allclose(scores.min(axis=0), [0.015, 0.012, 0.977, 0.0045], rtol=0.02)
    np.testing.assert_allclose(scores.max(axis=0), [0.036, 0.099, 1.059, 0.034], rtol=0.02)
