"""Return levels: L-moments and distributions against scipy and closed forms, and what too few data are answered."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import gamma

from rainsmith.metrics.bootstrap import resampling_weights
from rainsmith.metrics.climate import Peaks
from rainsmith.metrics.return_levels import (
    MIN_PEAKS,
    MIN_YEARS,
    PERIODS,
    fit_gev,
    fit_gpd,
    gev_level,
    gpd_level,
    l_moments,
    levels_of_maxima,
    levels_of_peaks,
)

lmoment = pytest.importorskip("scipy", minversion="1.15").stats.lmoment


def sorted_moments(values: np.ndarray) -> list[np.ndarray]:
    return l_moments(np.sort(values, axis=-1), np.ones(values.shape))


def test_l_moments_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).gamma(0.7, 8, (5, 40))
    count, *moments = sorted_moments(values)
    np.testing.assert_allclose(count, 40)
    np.testing.assert_allclose(moments, lmoment(values, axis=1, order=[1, 2, 3], standardize=False), rtol=1e-10)


def test_only_pairs_and_triples_of_different_values_count() -> None:
    rng = np.random.default_rng(1)
    values = np.sort(rng.gamma(0.7, 8, 9))
    weights = rng.integers(0, 4, 9).astype(float)
    pairs = [(weights[i] * weights[j], values[j] - values[i]) for i, j in itertools.combinations(range(9), 2)]
    triples = [
        (weights[i] * weights[j] * weights[k], values[k] - 2 * values[j] + values[i])
        for i, j, k in itertools.combinations(range(9), 3)
    ]
    expected = [weights.sum(), np.average(values, weights=weights)]
    for part, order in ((pairs, 2), (triples, 3)):
        expected.append(sum(w * d for w, d in part) / sum(w for w, _ in part) / order)
    np.testing.assert_allclose(l_moments(values, weights), expected, rtol=1e-10)
    padded = l_moments(np.append(values, 0.0), np.append(weights, 0.0))
    np.testing.assert_allclose(padded, expected, rtol=1e-10)
    two = l_moments(np.array([1.0, 5.0]), np.array([1.0, 1.0]))
    assert two[:3] == [2, 3, 2] and np.isnan(two[3])
    assert np.isnan(l_moments(np.zeros(3), np.zeros(3))[1:]).all()
    assert np.isnan(l_moments(np.array([3.0, 4.0]), np.array([5.0, 0.0]))[2])  # copies of one value


def test_resampled_l_moments_are_those_of_the_sample_on_average() -> None:
    """Eight values: with copies as values of their own, l2 of a resample would be an eighth too small."""
    values = np.sort(np.random.default_rng(2).gamma(0.7, 8, 8))
    weights = resampling_weights(8, 20_000, seed=0)
    moments = np.stack(l_moments(values, weights))
    sample, mean = moments[:, 0], np.nanmean(moments[:, 1:], axis=1)
    np.testing.assert_allclose(mean[1:3], sample[1:3], rtol=0.02)
    assert mean[3] == pytest.approx(sample[3], abs=0.03 * sample[2])


@pytest.mark.parametrize("shape", [-0.3, -0.1, 0.0, 0.1, 0.3])
def test_gev_from_its_own_l_moments(shape: float) -> None:
    """Closed forms of Hosking (1990): location 30, scale 8."""
    k, scale = -shape, 8.0
    if k:
        l1 = 30 + scale * (1 - gamma(1 + k)) / k
        l2 = scale * (1 - 2**-k) * gamma(1 + k) / k
        l3 = l2 * (2 * (1 - 3**-k) / (1 - 2**-k) - 3)
    else:
        l1, l2 = 30 + np.euler_gamma * scale, scale * np.log(2)
        l3 = l2 * (2 * np.log(3) / np.log(2) - 3)
    location, fitted_scale, xi = fit_gev(*(np.array(moment) for moment in (l1, l2, l3)))
    assert xi == pytest.approx(shape, abs=1e-3)
    assert location == pytest.approx(30, abs=0.02) and fitted_scale == pytest.approx(8, rel=3e-3)


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.2])
def test_gpd_from_its_own_l_moments(shape: float) -> None:
    l1 = 6 / (1 - shape)
    scale, xi = fit_gpd(np.array(l1), np.array(l1 / (2 - shape)))
    assert scale == pytest.approx(6) and xi == pytest.approx(shape, abs=1e-12)


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.15])
def test_levels_are_quantiles_of_scipy_and_samples_recover_them(shape: float) -> None:
    """scipy's shape is -xi for the GEV and xi for the GPD."""
    rng = np.random.default_rng(2)
    maxima = stats.genextreme(c=-shape, loc=30, scale=8)
    for period in PERIODS:
        level = gev_level(np.array(30.0), np.array(8.0), np.array(shape), period)
        assert level == pytest.approx(maxima.ppf(np.exp(-1 / period)), rel=1e-8)
    _, *moments = sorted_moments(maxima.rvs(20_000, random_state=rng))
    assert fit_gev(*moments) == pytest.approx([30, 8, shape], abs=0.25)
    assert fit_gev(*moments)[2] == pytest.approx(shape, abs=0.03)
    excesses = stats.genpareto(c=shape, scale=6)
    level = gpd_level(np.array(25.0), np.array(6.0), np.array(shape), np.array(80.0))
    assert level == pytest.approx(25 + excesses.ppf(1 - 1 / 80), rel=1e-8)
    _, l1, l2, _ = sorted_moments(excesses.rvs(20_000, random_state=rng))
    assert fit_gpd(l1, l2) == pytest.approx([6, shape], abs=0.2)
    assert fit_gpd(l1, l2)[1] == pytest.approx(shape, abs=0.03)


def test_fits_are_of_the_order_of_scipys() -> None:
    """200 years: L-moments and maximum likelihood see the same 50-year level within a few percent."""
    sample = stats.genextreme(c=-0.1, loc=30, scale=8).rvs(200, random_state=3)
    _, *moments = sorted_moments(sample)
    ours = gev_level(*fit_gev(*moments), 50.0)
    c, loc, scale = stats.genextreme.fit(sample, -0.1, loc=30, scale=8)
    assert float(ours) == pytest.approx(stats.genextreme.ppf(np.exp(-1 / 50), c, loc, scale), rel=0.05)


def maxima_of(years: int, cells: int, seed: int, members: int = 1) -> np.ndarray:
    return stats.genextreme(c=-0.1, loc=30, scale=8).rvs((years, members, cells), random_state=seed)


def test_annual_maxima_need_ten_whole_years() -> None:
    maxima = maxima_of(12, 3, 0)
    maxima[:3, :, 1] = np.nan
    fits = levels_of_maxima(maxima, resampling_weights(12, 50, seed=0)).sel(fit="gev")
    assert np.isfinite(fits["level"][:, [0, 2]]).all() and np.isnan(fits["level"][:, 1]).all()
    assert np.isnan(fits["shape"][1]) and MIN_YEARS == 10
    assert np.isnan(fits["domain"]).all()  # two cells of three are not the domain
    whole = levels_of_maxima(maxima[:, :, [0, 2]], resampling_weights(12, 50, seed=0)).sel(fit="gev")
    np.testing.assert_allclose(whole["domain"], whole["level"].mean("cell"), rtol=1e-5)
    assert (fits["level"].diff("return_period")[:, [0, 2]] > 0).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say_and_shrink() -> None:
    truth = stats.genextreme(c=-0.1, loc=30, scale=8).ppf(np.exp(-1 / 10))
    widths = []
    for years in (20, 80):
        fits = levels_of_maxima(maxima_of(years, 200, years), resampling_weights(years, 200, seed=1))
        at = fits.sel(fit="gev", return_period=10)
        held = float(((at["lower"] <= truth) & (truth <= at["upper"])).mean())
        assert 0.7 < held < 0.97
        widths.append(float((at["upper"] - at["lower"]).mean()))
    assert widths[1] < 0.7 * widths[0]


def test_members_of_a_year_are_drawn_together_and_do_not_narrow_the_spread() -> None:
    """Ten members alike: neither surer nor less spread than one; pooled, their l2 would be too small."""
    one = maxima_of(15, 4, 5)
    weights = resampling_weights(15, 100, seed=2)
    many, alone = (levels_of_maxima(values, weights) for values in (np.repeat(one, 10, axis=1), one))
    for name in ("level", "lower", "upper", "shape"):
        np.testing.assert_allclose(many[name], alone[name], rtol=1e-3, err_msg=name)


def peaks_of(cells: int, years: int, seed: int, *, shape: float = 0.1, rate: float = 3.65) -> Peaks:
    """Poisson peaks above a threshold, excess GPD with scale 6."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(rate * years, cells)
    cell = np.repeat(np.arange(cells), count)
    excess = stats.genpareto(c=shape, scale=6).rvs(len(cell), random_state=rng)
    return Peaks(rng.integers(0, 365 * years, len(cell)), np.zeros(len(cell), int), cell, excess)


def levels(peaks: Peaks, cells: int, years: int, resamples: int = 100, threshold: float = 25.0) -> xr.Dataset:
    block = np.arange(365 * years) // 7
    weights = resampling_weights(int(block.max()) + 1, resamples, seed=0)
    return levels_of_peaks(peaks, np.full(cells, threshold), np.full(cells, float(years)), block, weights)


def test_peaks_recover_a_known_level_and_one_shape_is_surer_than_many() -> None:
    cells, years = 150, 30
    fits = levels(peaks_of(cells, years, 0), cells, years)
    truth = 25 + stats.genpareto(c=0.1, scale=6).ppf(1 - 1 / (3.65 * 50))
    at = fits.sel(return_period=50)
    np.testing.assert_allclose(at["domain"], truth, rtol=0.03)
    np.testing.assert_allclose(fits["shape"].sel(fit="gpd_regional"), 0.1, atol=0.03)
    own, regional = (float(at["level"].sel(fit=name).std()) for name in ("gpd", "gpd_regional"))
    assert regional < 0.7 * own
    held = (at["lower"] <= truth) & (truth <= at["upper"])
    assert 0.7 < float(held.sel(fit="gpd").mean()) < 0.97
    assert (at["domain_lower"] <= at["domain"]).all() and (at["domain"] <= at["domain_upper"]).all()


def test_interval_of_a_short_record_is_not_to_one_side() -> None:
    """Seven peaks a cell in two years: forty records."""
    truth = 25 + stats.genpareto(c=0.1, scale=6).ppf(1 - 1 / (3.65 * 50))
    held, below = [], []
    for seed in range(40):
        fits = levels(peaks_of(40, 2, 100 + seed), 40, 2, resamples=60).sel(fit="gpd_regional", return_period=50)
        held.append(bool(fits["domain_lower"] <= truth <= fits["domain_upper"]))
        below.append(float((fits["domain"] - fits["domain_lower"]) / (fits["domain_upper"] - fits["domain_lower"])))
    assert np.mean(held) > 0.75
    assert 0.35 < np.mean(below) < 0.65


def test_a_short_record_has_a_regional_level_only() -> None:
    """Two years: about seven peaks a cell."""
    fits = levels(peaks_of(60, 2, 1), 60, 2)
    assert MIN_PEAKS == 20 and np.isnan(fits["level"].sel(fit="gpd")).all()
    regional = fits.sel(fit="gpd_regional")
    assert np.isfinite(regional["level"]).all() and (regional["domain_upper"] > regional["domain_lower"]).all()
    few = levels(peaks_of(2, 2, 1), 2, 2)
    assert np.isnan(few["level"]).all() and np.isnan(few["domain"]).all()
    none = levels(Peaks(*(np.zeros(0, int),) * 4), 2, 2)
    assert np.isnan(none["level"]).all()


def test_a_level_below_the_threshold_is_the_threshold_and_a_cell_without_data_has_none() -> None:
    peaks = peaks_of(50, 10, 2)
    rare = Peaks(*(part[peaks.cell != 7] for part in vars(peaks).values()))
    block, weights = np.arange(3650) // 7, np.ones((1, 522))
    threshold, years = np.full(50, 25.0), np.full(50, 10.0)
    threshold[3], years[4] = np.inf, 0.0
    fits = levels_of_peaks(rare, threshold, years, block, weights).sel(fit="gpd_regional")
    assert (fits["level"][:, 7] == 25).all() and np.isnan(fits["level"][:, [3, 4]]).all()
    assert np.isnan(fits["lower"]).all()  # one draw, no interval
    assert (fits["level"][:, 8] > 25).all()


def test_a_heavier_tail_and_more_peaks_raise_the_level() -> None:
    calm = levels(peaks_of(80, 30, 3, shape=0.0), 80, 30, resamples=0)
    heavy = levels(peaks_of(80, 30, 3, shape=0.25), 80, 30, resamples=0)
    often = levels(peaks_of(80, 30, 3, shape=0.0, rate=8), 80, 30, resamples=0)
    assert (heavy["domain"].sel(return_period=100) > calm["domain"].sel(return_period=100) + 5).all()
    assert (often["domain"] > calm["domain"]).all()
