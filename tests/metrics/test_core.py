"""What every metric must hold: perfect value, masked cells without influence, single-valued forecasts."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics.core import Settings, in_float32, joined, pair
from rainsmith.metrics.registry import METRICS, Metric
from tests.metrics.climate import array

EVERY = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


@EVERY
def test_perfect_forecast_takes_the_perfect_value(
    metric: Metric,
    truth: xr.DataArray,
    observed: xr.DataArray,
    few: tuple[xr.DataArray, xr.DataArray],
    settings: Settings,
) -> None:
    """Scores of distance want the observation itself; scores of spread want the true distribution."""
    members, obs = (truth, observed) if metric.spread else (few[1].expand_dims(member=3), few[1])
    sums = metric.sums(members, obs, **asdict(settings))
    value = metric.value(sums)
    if metric.beside:
        np.testing.assert_allclose(value, metric.observed(sums), rtol=1e-6)
    elif metric.perfect is not None:
        np.testing.assert_allclose(value, metric.perfect, atol=0.06 if metric.spread else 1e-6)
    else:
        assert 0 <= value <= 1


@EVERY
def test_values_at_invalid_cells_change_nothing(
    metric: Metric, few: tuple[xr.DataArray, xr.DataArray], settings: Settings
) -> None:
    """A cell that the observation lacks, a cell that one member lacks on one day, a sea cell: none is read."""
    clean, dirty = few[0].copy(), few[0].copy()
    clean_obs, dirty_obs = few[1].copy(), few[1].copy()
    clean_obs[:, 0, :3] = dirty_obs[:, 0, :3] = np.nan
    clean[:, :, 0, :3], dirty[:, :, 0, :3] = np.nan, 5000.0
    clean[7, 2, 5, 5] = dirty[7, 2, 5, 5] = np.nan
    dirty[7, 3, 5, 5], dirty_obs[7, 5, 5] = 777.0, 888.0
    clean[:, :, 3, 3] = dirty[:, :, 3, 3] = np.nan
    dirty_obs[:, 3, 3] = 999.0
    a, b = (metric(f, o, **asdict(settings)) for f, o in ((clean, clean_obs), (dirty, dirty_obs)))
    np.testing.assert_array_equal(a, b)
    untouched = metric(*few, **asdict(settings))
    if metric.name not in ("max", "envelope_top20"):  # which look at few cells
        assert not np.array_equal(a, untouched)  # the mask itself does matter


@EVERY
def test_a_mask_equals_the_smaller_domain(
    metric: Metric, few: tuple[xr.DataArray, xr.DataArray], settings: Settings
) -> None:
    """A masked row scores as if it were not there (spectra know the size of the grid, and the tie draws its cells)."""
    if metric.name in ("ralsd", "rank_deviation"):
        pytest.skip("depends on the grid by definition")
    fcst, obs = few
    row = dict(y=slice(0, 11))
    inside = metric(fcst.isel(row), obs.isel(row), **asdict(settings))
    masked = metric(fcst, obs.where(obs["y"] < 11), **asdict(settings))
    np.testing.assert_allclose(masked, inside, rtol=1e-5)


@EVERY
def test_a_single_valued_forecast_is_scored_or_left_out(
    metric: Metric, few: tuple[xr.DataArray, xr.DataArray], settings: Settings
) -> None:
    assert metric.applies(1, "prior", settings) != metric.spread
    if not metric.spread:
        fcst, obs = few
        one = fcst.isel(member=0, drop=True)
        score = metric(one, obs, **asdict(settings))
        assert np.isfinite(score).all()
        with_dim = metric(one.expand_dims(member=1, axis=1), obs, **asdict(settings))
        np.testing.assert_array_equal(score, with_dim)


@EVERY
def test_no_valid_cell_is_nan_and_no_crash(
    metric: Metric, few: tuple[xr.DataArray, xr.DataArray], settings: Settings
) -> None:
    fcst, obs = few
    assert np.isnan(metric(fcst, xr.full_like(obs, np.nan), **asdict(settings))).all()


@EVERY
def test_every_metric_explains_itself(metric: Metric) -> None:
    assert metric.__doc__ and metric.units in ("mm/day", "1", "cells", "(mm/day)^2")


def test_pairs_refuse_other_days_and_grids(truth: xr.DataArray, observed: xr.DataArray) -> None:
    with pytest.raises(ValueError, match="different days"):
        pair(truth.isel(time=slice(1, 11)), observed.isel(time=slice(0, 10)))
    with pytest.raises(ValueError, match="same days and grid"):
        pair(truth.isel(y=slice(1, None)), observed)
    with pytest.raises(ValueError, match="rename them"):
        pair(truth.rename(y="lat"), observed.rename(y="lat"))


def test_pairs_count_what_a_missing_member_costs() -> None:
    fcst, obs = array([[[[1, 2]], [[3, np.nan]]]]), array([[[1, 1]]], members=False)
    pairs = pair(fcst, obs)
    assert pairs.lost.tolist() == [1]
    assert pairs.fields.tolist() == [[[1], [3], [1]]]


def test_terms_of_one_name_are_refused() -> None:
    one = xr.Dataset({"rain": ("time", [1.0, 2.0])}, coords={"threshold": [1.0]})
    assert set(joined([one, one]).variables) == {"rain", "threshold"}
    with pytest.raises(ValueError, match="two terms 'rain'; expected one of each name"):
        joined([one, one.copy(deep=True)])
    with pytest.raises(ValueError, match="two terms 'threshold'"):
        joined([one, xr.Dataset(coords={"threshold": [2.0]})])


@pytest.mark.parametrize("threshold", [0.1, 8.166042, 20.0, 1e-40, 0.0])
def test_a_threshold_in_float32_decides_as_the_exact_one_does(threshold: float) -> None:
    near = np.float32(threshold)
    amounts = np.array([near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(0))])
    limit = in_float32(threshold)
    assert limit.dtype == np.float32
    np.testing.assert_array_equal(amounts >= limit, amounts.astype(np.float64) >= threshold)
