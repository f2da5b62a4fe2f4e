"""Correlation length and variogram score, against known covariances, by hand and against another library."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules
import xarray as xr
from scipy import ndimage

from rainsmith.base.cell_pairs import neighbours
from rainsmith.metrics.core import Settings, pair
from rainsmith.metrics.lags import LAGS, SCORED_LAGS, correlation_length, fine_power, lag_terms, variogram_score
from tests.metrics.climate import array


def autoregressive(length: float, days: int = 6, size: int = 160) -> xr.DataArray:
    """Fields whose correlation along rows and columns is exp(-distance / length)."""
    a = np.exp(-1 / length)
    field = np.random.default_rng(0).normal(size=(days, size, size))
    for axis in (1, 2):
        moved = np.moveaxis(field, axis, 0)
        for i in range(1, size):
            moved[i] = a * moved[i - 1] + np.sqrt(1 - a**2) * moved[i]
    return array(field + 20, members=False)


@pytest.mark.parametrize(("period", "kept"), [(2.0, 1.0), (3.0, 0.5625), (4.0, 0.25), (8.0, 0.02145), (30.0, 0.0)])
def test_fine_power_of_a_wave_is_its_variance_times_the_gain(period: float, kept: float) -> None:
    """Along columns the wave varies, along rows it does not: half of the pairs see it."""
    phase = 2 * np.pi * np.arange(242) / period
    wave = array(np.broadcast_to(5 + 2 * np.cos(phase + 0.3), (1, 242, 242)), members=False)
    variance = float(wave.astype(float).var())
    assert float(fine_power(wave, wave)) == pytest.approx(variance * kept / 2, rel=0.01, abs=2e-4)


def test_fine_power_of_independent_cells_is_six_sixteenths_of_their_variance() -> None:
    rain = array(np.random.default_rng(1).gamma(1.0, 3.0, (20, 60, 60)), members=False)
    assert float(fine_power(rain, rain)) == pytest.approx(9.0 * 6 / 16, rel=0.05)


def test_fine_power_by_hand_over_valid_triples() -> None:
    """0 1 4 4 in a row, and a column with a hole, which the bend does not cross: (0 - 2 + 4)^2, (1 - 8 + 4)^2."""
    field = np.full((1, 5, 4), np.nan)
    field[0, 0] = [0, 1, 4, 4]
    field[0, [1, 3, 4], 0] = [7, 50, 99]
    obs = array(field, members=False)
    assert float(fine_power(obs, obs)) == pytest.approx((4 + 9) / 2 / 16)
    assert float(fine_power(obs * 0, obs)) == 0
    assert np.isnan(fine_power(obs[..., :2, 2:], obs[..., :2, 2:]))


def test_fine_power_falls_with_blur_and_rises_with_noise_though_there_is_a_coast(
    truth: xr.DataArray, observed: xr.DataArray
) -> None:
    land = observed + 100  # the step to the sea, which a spectrum would see
    land = land.where((land["x"] < 7) | (land["y"] > 4))
    blurred = truth.copy(data=ndimage.gaussian_filter(truth.values, (0, 0, 1, 1)))
    noisy = truth + truth.copy(data=np.random.default_rng(0).gamma(1, 5, truth.shape))
    blur, right, noise = (float(fine_power(fcst + 100, land)) for fcst in (blurred, truth, noisy))
    beside = float(fine_power(land, land))
    assert blur < 0.1 * beside < 1.5 * beside < noise
    assert right == pytest.approx(beside, rel=0.2)


@pytest.mark.parametrize("length", [1.0, 2.5, 4.0])
def test_length_of_a_known_covariance(length: float) -> None:
    field = autoregressive(length)
    assert float(correlation_length(field, field)) == pytest.approx(length, rel=0.15)


def test_length_of_noise_is_that_of_one_cell_and_blur_lengthens_it(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """Independent cells: rho(1) = 0 but for the days' means, so the line from 1 at lag 0 meets 1/e at 1 - 1/e."""
    assert float(correlation_length(observed, observed)) == pytest.approx(1 - 1 / np.e, abs=0.02)
    lengths = [
        float(
            correlation_length(truth.copy(data=ndimage.gaussian_filter(truth.values, (0, 0, width, width))), observed)
        )
        for width in (0.0, 0.7, 1.5)
    ]
    assert lengths == sorted(lengths) and lengths[-1] > 2


def test_length_by_hand_and_beside_the_observed() -> None:
    """A row of 0 1 2 3 4: variance 2, rho(1) = 1 - 1/2/2, rho(2) = 1 - 4/2/2 = 0; a row of 0 4 0 4 0 falls at once."""
    obs = array([[[0.0, 1, 2, 3, 4]]], members=False)
    sums = correlation_length.sums(array([[[[0.0, 4, 0, 4, 0]]]]), obs)
    assert float(correlation_length.observed(sums)) == pytest.approx(1 + (0.75 - 1 / np.e) / 0.75)
    rho = 1 - 4**2 / 2 / 3.84  # variance 3.84
    assert float(correlation_length.value(sums)) == pytest.approx((1 - 1 / np.e) / (1 - rho))


def test_length_is_the_largest_lag_where_rain_never_falls_off_and_undefined_without_variation() -> None:
    """Two uniform columns of three cells know the lags 1 and 2; a row of 0 and 8 in turn falls off within a cell."""
    whole = array(np.repeat(np.repeat([[0.0, 8.0]], 3, axis=0), 30, axis=1)[None], members=False)
    near = whole.where((whole["x"] == 0) | (whole["x"] == 30))
    assert float(correlation_length(near, near)) == LAGS[1]
    row = array([[[0.0, 8, 0, 8, 0, 8, 0]]], members=False)
    assert float(correlation_length(row, row)) < 1
    assert np.isnan(correlation_length(whole * 0 + 3, whole))
    lonely = array([[[1.0, np.nan, np.nan, np.nan, 9.0]]], members=False)
    assert np.isnan(correlation_length(lonely, lonely))


def test_pairs_reach_over_the_lag_in_rows_and_columns_only() -> None:
    cells = np.array([0, 1, 3, 5, 7, 11])  # of 3 x 4: row 0 at columns 0, 1, 3; row 1 at 1, 3; row 2 at 3
    pairs = {tuple(sorted((cells[i], cells[j]))) for i, j in zip(*neighbours(cells, (3, 4), 2), strict=True)}
    assert pairs == {(1, 3), (5, 7), (3, 11)}
    assert len(neighbours(cells, (3, 4), 34)[0]) == 0


def test_pairs_with_an_invalid_cell_are_left_out() -> None:
    cells = array([[[1.0, 4.0, np.nan, 6.0]]], members=False)
    terms = lag_terms(pair(cells, cells), Settings())
    lags = list(LAGS)
    assert terms["increment_pairs"].values[0, [lags.index(1), lags.index(2), lags.index(3)]].tolist() == [1, 1, 1]
    assert terms["increments"].values[0, 0, :3].tolist() == [9, 4, 25]


@pytest.mark.parametrize("members", [1, 2, 10])
def test_variogram_score_of_scoringrules(truth: xr.DataArray, observed: xr.DataArray, members: int) -> None:
    days = slice(0, 12)
    fcst, obs = truth.isel(time=days, member=slice(members)), observed.isel(time=days)
    rows, columns = np.divmod(np.arange(obs[0].size), obs.sizes["x"])
    across, along = abs(rows[:, None] - rows), abs(columns[:, None] - columns)
    distance = across + along
    chosen = (np.minimum(across, along) == 0) & np.isin(distance, SCORED_LAGS)
    weights = np.where(chosen, 1 / np.maximum(distance, 1), 0.0)
    expected = scoringrules.vs_ensemble(
        obs.values.reshape(12, -1).astype(float),
        fcst.values.reshape(12, members, -1).astype(float),
        np.broadcast_to(weights, (12, *weights.shape)),
        p=0.5,
        estimator="fair" if members > 1 else "nrg",
    )
    assert float(variogram_score(fcst, obs)) == pytest.approx(float(np.mean(expected) / weights.sum()), rel=1e-4)


def test_variogram_score_by_hand() -> None:
    """One pair, differences 9 and 1 of two members, 4 observed: (2 - 2)^2 - 2 / 2; undefined without a pair."""
    obs = array([[[0.0, 4.0]]], members=False)
    fcst = array([[[[0.0, 9.0]], [[5.0, 4.0]]]])
    assert float(variogram_score(fcst, obs)) == pytest.approx(-1.0)
    assert float(variogram_score(fcst.isel(member=[0]), obs)) == pytest.approx(1.0)
    assert np.isnan(variogram_score(fcst[..., :1], obs[..., :1]))


def test_variogram_score_orders_texture_and_is_blind_to_a_shift(truth: xr.DataArray, observed: xr.DataArray) -> None:
    mean = truth.mean("member")
    blurred = truth.copy(data=ndimage.gaussian_filter(truth.values, (0, 0, 1, 1)))
    right, narrow, blur = (
        float(variogram_score(fcst, observed)) for fcst in (truth, mean + 0.5 * (truth - mean), blurred)
    )
    assert right < narrow and right < blur
    assert right < float(variogram_score(2 * truth, observed))
    assert float(variogram_score(truth + 50, observed)) == pytest.approx(right, rel=1e-3)


def test_variogram_score_does_not_depend_on_the_number_of_members(truth: xr.DataArray, observed: xr.DataArray) -> None:
    few = np.mean([float(variogram_score(truth.isel(member=[i, i + 1]), observed)) for i in range(0, 10, 2)])
    assert few == pytest.approx(float(variogram_score(truth, observed)), rel=0.03)
