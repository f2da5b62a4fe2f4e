"""Scores of events at fixed thresholds."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import extremes
from rainsmith.metrics.core import Settings
from tests.metrics.climate import array


def test_csi_and_bias_by_hand() -> None:
    """At 10 mm, two members: 3 hits, 1 miss, 1 false alarm; the threshold itself is an event."""
    fcst = array([[[[10.0, 30.0, 0.0, np.nan]], [[0.0, 12.0, 11.0, 99.0]]]])
    obs = array([[[10.0, 40.0, 9.9, 99.0]]], members=False)
    found = extremes.csi(fcst, obs, thresholds_mm=(10.0, 35.0, 90.0))
    np.testing.assert_allclose(found, [3 / 5, 0, np.nan])
    found = extremes.frequency_bias(fcst, obs, thresholds_mm=(10.0, 35.0, 90.0))
    np.testing.assert_allclose(found, [4 / 4, 0, np.nan])


def test_csi_is_nought_without_a_hit_and_undefined_without_an_event(observed: xr.DataArray) -> None:
    assert float(extremes.csi(observed * 0, observed, thresholds_mm=(5.0,))[0]) == 0
    assert np.isnan(extremes.frequency_bias(observed, observed * 0, thresholds_mm=(5.0,))).all()


def test_no_thresholds_are_no_rows(observed: xr.DataArray) -> None:
    assert extremes.csi(observed, observed, thresholds_mm=()).size == 0


def test_detection_false_alarms_and_sedi_by_hand() -> None:
    """2 hits, 1 miss, 1 false alarm, 6 correct rejections."""
    obs = array([[[30.0, 30, 30, 0, 0, 0, 0, 0, 0, 0]]], members=False)
    fcst = array([[[30.0, 30, 0, 30, 0, 0, 0, 0, 0, 0]]], members=False)
    assert extremes.pod(fcst, obs, thresholds_mm=(20.0,)).item() == pytest.approx(2 / 3)
    assert extremes.far(fcst, obs, thresholds_mm=(20.0,)).item() == pytest.approx(1 / 3)
    h, f = 2 / 3, 1 / 7
    expected = (np.log(f) - np.log(h) - np.log(1 - f) + np.log(1 - h)) / (
        np.log(f) + np.log(h) + np.log(1 - f) + np.log(1 - h)
    )
    assert extremes.sedi(fcst, obs, thresholds_mm=(20.0,)).item() == pytest.approx(expected)
    assert extremes.sedi(obs, obs, thresholds_mm=(20.0,)).item() == 1.0
    assert np.isnan(extremes.sedi(obs * 0, obs, thresholds_mm=(20.0,))).all()


def test_training_quantiles_are_thresholds_too() -> None:
    found = extremes.thresholds_of(Settings(p95=12.0, p99=31.0, thresholds_mm=(20.0, 12.0)))
    assert found.tolist() == [12.0, 20.0, 31.0]
