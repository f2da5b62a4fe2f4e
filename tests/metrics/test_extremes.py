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
    score = extremes.csi(fcst, obs, thresholds_mm=(10.0, 35.0, 90.0))
    np.testing.assert_allclose(score, [3 / 5, 0, np.nan])
    score = extremes.frequency_bias(fcst, obs, thresholds_mm=(10.0, 35.0, 90.0))
    np.testing.assert_allclose(score, [4 / 4, 0, np.nan])


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
    thresholds = extremes.thresholds_of(Settings(p95=12.0, p99=31.0, thresholds_mm=(20.0, 12.0)))
    assert thresholds.tolist() == [12.0, 20.0, 31.0]


def days_of(peaks: list[float], seed: int = 0) -> xr.DataArray:
    """Days of 3 x 4 cells whose largest has the given amount [mm/day]."""
    fields = np.random.default_rng(seed).random((len(peaks), 12)) * 0.9
    fields[np.arange(len(peaks)), np.arange(len(peaks)) % 12] = 1.0
    return array((fields * np.array(peaks)[:, None]).reshape(-1, 3, 4), members=False)


def test_the_envelope_of_the_twenty_highest_days() -> None:
    """30 days; the highest day and one of the ten lower ones are missed, one is reached by one member, elsewhere."""
    peaks = np.linspace(10.0, 100.0, 30)
    obs = days_of(list(peaks))
    low, high = peaks.copy(), peaks.copy()
    high[[29, 4]] -= 1.0
    low[:] = 1.0
    low[25], high[25] = peaks[25] + 1, 2.0
    fcst = xr.concat([days_of(list(low), seed=1), days_of(list(high), seed=2)], "member").transpose(
        "time", "member", "y", "x"
    )
    assert float(extremes.envelope_top20(fcst, obs)) == pytest.approx(19 / 20)
    assert float(extremes.envelope_top20(fcst.isel(member=[0]), obs)) == pytest.approx(1 / 20)
    assert float(extremes.envelope_top20(fcst.isel(time=slice(5)), obs.isel(time=slice(5)))) == pytest.approx(4 / 5)


def test_days_that_tie_at_the_twentieth_place_share_it() -> None:
    obs = days_of([50.0] * 19 + [20.0] * 4)
    fcst = obs.copy()
    fcst[:19], fcst[20] = 0.0, 0.0
    assert float(extremes.envelope_top20(fcst, obs)) == pytest.approx(0.75 / 20)


def test_the_envelope_is_one_at_best_nought_at_worst_and_rises_with_members(
    truth: xr.DataArray, observed: xr.DataArray
) -> None:
    assert float(extremes.envelope_top20(observed, observed)) == 1
    assert float(extremes.envelope_top20(observed * 0.99, observed)) == 0
    shares = [float(extremes.envelope_top20(truth.isel(member=slice(k)), observed)) for k in (1, 3, 10)]
    assert shares == sorted(shares) and 0 < shares[-1] < 1
    assert float(extremes.envelope_top20(truth * 2, observed)) > shares[-1]  # not proper: too much rain gains


def test_the_envelope_orders_days_like_their_peaks(truth: xr.DataArray, observed: xr.DataArray) -> None:
    peak = observed.max(["y", "x"]).values
    highest = np.argsort(-peak)[:20]
    assert peak[highest[-1]] > 1.005 * np.sort(peak)[-21]  # no tie at the last place
    expected = (truth.max(["member", "y", "x"]).values[highest] >= peak[highest]).mean()
    assert float(extremes.envelope_top20(truth, observed)) == pytest.approx(float(expected))
