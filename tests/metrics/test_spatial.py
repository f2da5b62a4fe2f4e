"""Scores of fields: correlation, differences of members, spectra."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from rainsmith.metrics import spatial
from rainsmith.metrics.core import Settings, pair
from tests.metrics.climate import GammaClimate, array


def test_correlation_is_pearsons_per_day_and_member(truth: xr.DataArray, observed: xr.DataArray) -> None:
    days = slice(0, 5)
    expected = np.mean(
        [
            np.corrcoef(member.ravel(), field.ravel())[0, 1]
            for members, field in zip(truth.values[days], observed.values[days], strict=True)
            for member in members
        ]
    )
    correlation = spatial.spatial_correlation(truth.isel(time=days), observed.isel(time=days))
    assert float(correlation) == pytest.approx(expected, abs=1e-9)


def test_correlation_leaves_constant_fields_out_and_reaches_minus_one() -> None:
    obs = array([[[1.0, 2.0, 6.0]], [[0.0, 0.0, 0.0]]], members=False)
    fcst = array([[[[5.0, 4.0, 0.0]], [[0.3, 0.3, 0.3]]], [[[1.0, 2.0, 3.0]], [[3.0, 1.0, 2.0]]]])
    assert float(spatial.spatial_correlation(fcst, obs)) == pytest.approx(-1.0)
    assert np.isnan(spatial.spatial_correlation(obs * 0 + 1, obs))


def test_diversity_of_copies_is_zero_and_of_disjoint_members_one() -> None:
    obs = array([[[1.0, 1.0]]], members=False)
    assert float(spatial.diversity(array([[[[2.0, 3.0]], [[4.0, 6.0]]]]), obs)) == pytest.approx(0, abs=1e-12)
    assert float(spatial.diversity(array([[[[2.0, 0.0]], [[0.0, 6.0]]]]), obs)) == pytest.approx(1)


def test_diversity_is_averaged_over_pairs_then_days_without_dry_members() -> None:
    """Day 1: pairs at 0, 45 and 45 degrees; day 2: one dry member leaves one pair, at 90; day 3: all dry, left out."""
    root = 1 - np.sqrt(0.5)
    fcst = array(
        [
            [[[1.0, 0.0]], [[1.0, 0.0]], [[1.0, 1.0]]],
            [[[1.0, 0.0]], [[0.0, 1.0]], [[0.0, 0.0]]],
            [[[0.0, 0.0]], [[0.0, 0.0]], [[0.0, 0.0]]],
        ]
    )
    obs = array(np.ones((3, 1, 2)), members=False)
    assert float(spatial.diversity(fcst, obs)) == pytest.approx((2 * root / 3 + 1) / 2)


def test_diversity_ratio_of_exchangeable_members_is_one(truth: xr.DataArray, observed: xr.DataArray) -> None:
    assert float(spatial.diversity_ratio(truth, observed)) == pytest.approx(1, abs=0.03)
    mean = truth.mean("member")
    assert float(spatial.diversity_ratio(mean + 0.1 * (truth - mean), observed)) < 0.2
    assert not spatial.diversity_ratio.applies(10, "posterior", Settings())


def test_diversity_ratio_by_hand() -> None:
    fcst, obs = array([[[[0.0, 0.0]], [[3.0, 4.0]]]]), array([[[0.0, 2.0]]], members=False)
    assert float(spatial.diversity_ratio(fcst, obs)) == pytest.approx(5 / ((2 + np.sqrt(9 + 4)) / 2))


def test_spatial_std_is_that_of_each_day_over_its_valid_cells(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """A member may rain on other days than the observation: days are not pooled before the root."""
    sums = spatial.spatial_std.sums(truth, observed)
    expected = truth.astype(float).std(["y", "x"]).mean("time")
    np.testing.assert_allclose(spatial.spatial_std.by_member(sums), expected, rtol=1e-5)
    obs = array([[[2.0, 6.0, np.nan]], [[5.0, 5.0, 5.0]], [[np.nan] * 3]], members=False)
    assert float(spatial.spatial_std.observed(spatial.spatial_std.sums(obs, obs))) == pytest.approx((2 + 0) / 2)


def test_spatial_std_falls_where_members_turn_to_their_mean(truth: xr.DataArray, observed: xr.DataArray) -> None:
    mean = truth.mean("member")
    scores = [float(spatial.spatial_std(mean + share * (truth - mean), observed)) for share in (0.0, 0.5, 1.0)]
    assert scores == sorted(scores) and scores[0] < 0.5 * float(spatial.spatial_std(observed, observed))


def test_power_adds_up_to_the_mean_square() -> None:
    """Parseval, on a grid whose shells reach every wavenumber but the mean and the corners."""
    field = np.random.default_rng(0).normal(size=(1, 32, 32))
    smooth = ndimage.gaussian_filter(field, (0, 2, 2), mode="wrap")
    smooth -= smooth.mean()
    cells = array(smooth, members=False)
    terms = spatial.spectrum_terms(pair(cells, cells), Settings())
    wavenumbers = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.fftfreq(32)[None, :])
    modes = [(np.round(wavenumbers * 32) == k).sum() for k in range(1, 17)]
    assert float((terms["power"].isel(time=0, series=0) * modes).sum()) == pytest.approx(
        float((smooth**2).mean()), rel=1e-3
    )


@pytest.mark.parametrize("shape", [(24, 24), (30, 20), (21, 25)])
def test_a_wave_lies_in_the_shell_of_its_wavenumber(shape: tuple[int, int]) -> None:
    """A wave of 5 cells a period, along either axis, has 0.2 cycles per cell whatever the shape of the grid."""
    y, x = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    waves = array(np.stack([1 + np.cos(2 * np.pi * y / 5), 1 + np.cos(2 * np.pi * x / 5)]), members=False)
    power = spatial.spectrum_terms(pair(waves, waves), Settings())["power"].isel(series=0)
    for day in range(2):
        assert abs(float(power["wavenumber"][int(np.argmax(power.values[day]))]) - 0.2) <= 0.5 / max(shape) + 1e-9


def test_ralsd_of_a_scaled_field_is_the_log_of_its_power(truth: xr.DataArray, observed: xr.DataArray) -> None:
    assert float(spatial.ralsd(observed * np.sqrt(10), observed)) == pytest.approx(1, abs=1e-5)
    assert float(spatial.ralsd(truth, observed)) < 0.05


def test_ralsd_grows_with_blur(truth: xr.DataArray, observed: xr.DataArray) -> None:
    scores = [
        float(spatial.ralsd(truth.copy(data=ndimage.gaussian_filter(truth.values, (0, 0, width, width))), observed))
        for width in (0.0, 0.5, 1.0, 2.0)
    ]
    assert scores == sorted(scores) and scores[-1] > 1


def test_ralsd_of_no_rain_is_infinite(observed: xr.DataArray) -> None:
    assert np.isinf(spatial.ralsd(observed * 0, observed))


def test_spectra_are_averaged_over_days_before_the_logarithm() -> None:
    """A forecast that swaps two days has their mean spectrum, and so no distance."""
    days = GammaClimate(days=2).observed()
    swapped = days.isel(time=[1, 0]).assign_coords(time=days["time"])
    assert float(spatial.ralsd(swapped, days)) == pytest.approx(0, abs=1e-6)


def test_energy_score_by_hand_and_order(truth: xr.DataArray, observed: xr.DataArray) -> None:
    obs = array([[[0.0, 0.0, 0.0, 0.0]]], members=False)
    fcst = array([[[[1.0, 1.0, 1.0, 1.0]], [[3.0, 3.0, 3.0, 3.0]]]])  # distances 2 and 6, between them 4
    assert spatial.energy_score(fcst, obs).item() == pytest.approx((4 - 4 / 2) / 2)
    assert spatial.energy_score(fcst.isel(member=0, drop=True), obs).item() == pytest.approx(1.0)
    mean = truth.mean("member")
    right, narrow, single = (
        spatial.energy_score(f, observed).item() for f in (truth, mean + 0.2 * (truth - mean), mean)
    )
    assert right < narrow < single
