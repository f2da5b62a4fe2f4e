"""Fractions skill score."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scores.spatial import fss_2d

from rainsmith.metrics.neighbourhood import fss
from tests.metrics.climate import array


def test_it_equals_the_library_where_windows_lie_inside(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """A window of one cell, and of the whole library's kind, on one member."""
    one = truth.isel(member=0, drop=True)
    score = fss(one, observed, thresholds_mm=(5.0,), scales=(1,))
    expected = fss_2d(one, observed, event_threshold=5.0, window_size=(1, 1), spatial_dims=("y", "x"))
    assert score.item() == pytest.approx(float(expected), rel=1e-6)


def test_a_displacement_is_forgiven_at_its_scale() -> None:
    obs = np.zeros((1, 21, 27))
    obs[0, 10, 12] = 30.0
    moved = np.roll(obs, 2, axis=2)
    score = fss(array(moved[:, None]), array(obs, members=False), thresholds_mm=(20.0,), scales=(1, 3, 7)).squeeze()
    assert score.values[0] == 0.0 and 0 < score.values[1] < score.values[2]
    # 3 x 3 windows two cells apart: 9 cells each, 3 of them shared
    assert score.values[1] == pytest.approx(1 - 12 / 18, abs=1e-6)
    # 7 x 7, two apart: 49 cells each, 35 shared
    assert score.values[2] == pytest.approx(1 - 28 / 98, abs=1e-6)


def test_members_and_days_add_up_before_the_ratio() -> None:
    obs = array([[[30.0, 0.0]], [[30.0, 30.0]]], members=False)
    fcst = array([[[[30.0, 0.0]], [[0.0, 0.0]]], [[[30.0, 30.0]], [[30.0, 0.0]]]])
    score = fss(fcst, obs, thresholds_mm=(20.0,), scales=(1,))
    assert score.item() == pytest.approx(1 - 2 / (4 + 6))


def test_cells_outside_the_mask_neither_help_nor_harm() -> None:
    """Beside a coast a window is a share of its valid cells: a constant event scores 1 at every scale."""
    obs = np.full((1, 5, 7), np.nan)
    obs[:, :, :3] = 30.0
    score = fss(array(np.where(np.isnan(obs), 99.0, obs)[:, None]), array(obs, members=False), thresholds_mm=(20.0,))
    np.testing.assert_allclose(score, 1.0)


def test_without_an_event_it_is_undefined() -> None:
    dry = array([[[0.0, 1.0]]], members=False)
    assert np.isnan(fss(dry, dry, thresholds_mm=(20.0,))).all()
