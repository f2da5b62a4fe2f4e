"""Scores of events at fixed thresholds."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.metrics import extremes
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
