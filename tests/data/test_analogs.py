"""The search for analogs against brute force, singular vectors and calendars."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.large_arrays import large_arrays_in, pages_of
from rainsmith.data import analogs


@pytest.fixture
def predictors() -> np.ndarray:
    generator = np.random.default_rng(3)
    fields = generator.normal(size=(60, 2, 3, 4)) * np.array([1.0, 50.0])[:, None, None] + 7.0
    return fields.astype(np.float32)


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day"])
def test_ordinals_count_days_in_every_calendar(calendar: str) -> None:
    time = xr.date_range("2000-02-20", periods=40, freq="D", calendar=calendar, use_cftime=calendar != "standard")
    days = analogs.ordinals(xr.DataArray(time, dims="time"))
    assert np.array_equal(np.diff(days), np.ones(39))
    hours = xr.DataArray(time + datetime.timedelta(hours=12), dims="time")
    assert np.array_equal(analogs.ordinals(hours), days)


def test_too_close_excludes_the_day_and_its_neighbours() -> None:
    found = analogs.too_close(np.array([10, 20]), np.array([6, 7, 10, 13, 14, 20]), gap=3)
    assert found.tolist() == [[False, True, True, True, False, False], [False, False, False, False, False, True]]


def test_standardised_has_training_mean_0_and_deviation_1_whatever_the_units(predictors: np.ndarray) -> None:
    train = np.arange(60) < 40
    predictors[5, 0, 0, 0] = np.nan
    rows = analogs.standardised(predictors, train)
    known = np.isfinite(predictors).reshape(60, -1)
    assert rows[5, 0] == 0
    for column in range(rows.shape[1]):
        values = rows[train & known[:, column], column]
        assert values.mean() == pytest.approx(0, abs=1e-10)
        assert values.std() == pytest.approx(1)
    rescaled = analogs.standardised(predictors * 1000.0 - 3.0, train)
    np.testing.assert_allclose(rescaled, rows, atol=1e-4)


def test_a_constant_or_missing_predictor_is_no_predictor(predictors: np.ndarray) -> None:
    predictors[:, 0] = 4.0
    predictors[:, 1, 0, 0] = np.nan
    rows = analogs.standardised(predictors, np.ones(60, dtype=bool))
    assert np.isfinite(rows).all()
    assert (rows[:, :13] == 0).all()


@pytest.mark.parametrize("days", [60, 15])  # more days than the 24 values of a day, and fewer
def test_components_are_the_right_singular_vectors(predictors: np.ndarray, days: int) -> None:
    train = np.ones(days, dtype=bool)
    rows = analogs.standardised(predictors[:days], train)
    left, values, _ = np.linalg.svd(rows, full_matrices=False)
    scores = analogs.principal_components(predictors[:days], train, n=6)
    np.testing.assert_allclose(np.abs(scores), np.abs(left * values)[:, :6], atol=1e-8)


def test_components_are_fitted_on_training_days_only(predictors: np.ndarray) -> None:
    train = np.arange(60) < 40
    before = analogs.principal_components(predictors, train)
    predictors[50] = 1e6
    after = analogs.principal_components(predictors, train)
    np.testing.assert_array_equal(before[train], after[train])
    assert np.abs(after[50]).max() > 100 * np.abs(before[50]).max()


@pytest.mark.parametrize("shape", [(60, 2, 3, 5), (60, 3, 11, 13), (60, 1, 1, 1)])
@pytest.mark.parametrize("training", [slice(0, 40), slice(0, 60, 3)])
def test_components_in_files_are_those_in_memory_to_the_last_bit(
    shape: tuple[int, ...], training: slice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, train = np.random.default_rng(0).gamma(1.0, 3.0, size=shape).astype(np.float32), np.zeros(60, dtype=bool)
    train[training], values[5:9, 0, 0, 0] = True, np.nan
    whole = analogs.standardised(values, train), analogs.principal_components(values, train)
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 0)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(analogs, "_COLUMN_BYTES", 8 * 60 * 7)
    with large_arrays_in(tmp_path):
        rows = analogs.standardised(values, train)
        assert pages_of(rows) is not None and rows.tobytes() == whole[0].tobytes()
        assert analogs.principal_components(values, train).tobytes() == whole[1].tobytes()


def test_nearest_is_brute_force() -> None:
    generator = np.random.default_rng(0)
    library, queries = generator.normal(size=(70, 5)), generator.normal(size=(300, 5))
    exclude = generator.random((300, 70)) < 0.3
    distance = np.linalg.norm(queries[:, None] - library[None], axis=2)
    distance[exclude] = np.inf
    expected = np.argsort(distance, axis=1)[:, :7]
    assert np.array_equal(analogs.nearest(library, queries, 7, exclude=exclude), expected)


def test_nearest_takes_the_day_itself_unless_it_is_excluded() -> None:
    library = np.random.default_rng(0).normal(size=(30, 4))
    days = np.arange(30)
    assert np.array_equal(analogs.nearest(library, library, 1)[:, 0], days)
    found = analogs.nearest(library, library, 5, exclude=analogs.too_close(days, days, 3))
    assert np.abs(found - days[:, None]).min() > 3


def test_nearest_refuses_to_invent_candidates() -> None:
    with pytest.raises(ValueError, match="found 4 candidate days for 5 analogs"):
        analogs.nearest(np.zeros((4, 2)), np.zeros((1, 2)), 5)


def test_analog_mean_follows_the_predictors_and_never_the_days_own_rain() -> None:
    generator = np.random.default_rng(1)
    moisture = generator.normal(size=400)
    predictors = (moisture[:, None] + 0.1 * generator.normal(size=(400, 12))).reshape(400, 1, 3, 4)
    rain = np.exp(moisture)
    train, days = np.arange(400) < 300, np.arange(400)
    found = analogs.analog_mean(predictors, rain, train, days, members=20)
    assert np.corrcoef(np.log(found), moisture)[0, 1] > 0.95
    changed = rain.copy()
    changed[[100, 350]] = 1e6
    again = analogs.analog_mean(predictors, changed, train, days, members=20)
    assert again[100] == found[100] and again[350] == found[350]
    assert (again != found).any()
