"""Figures that several checks share."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.augment import measured_days
from rainsmith.augment.field_statistics import pattern_distance
from rainsmith.augment.judge import Judge
from rainsmith.augment.measured_days import SyntheticDays, TrainingDays, domain_maxima
from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Augment
from tests.augment.planted import heavy_days


def test_too_few_wet_days_to_know(stores: dict[str, xr.Dataset]) -> None:
    with pytest.raises(UserError, match="wet training days; augmentation needs 50"):
        Judge.from_training_days(in_split(stores["forcing"], "train").isel(time=slice(0, 60)), Augment(), 5.0)


def test_bad_values_count_as_no_rain_and_unobserved_cells_as_missing(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    sources = heavy_days(stores["forcing"]).isel(time=[0]).copy(deep=True)
    sources["precip"][:] = 1.0
    sources["precip"][0, 0, 0] = np.nan
    drawn = np.full(sources["precip"].shape, 4.0)
    drawn[0, 0, :4] = 99.0, -5.0, np.nan, np.inf
    days = SyntheticDays(drawn, sources, judges["forcing"].training)
    assert np.isnan(days.rain[0, 0, 0]) and (days.rain[0, 0, 1:4] == 0).all() and (days.rain[0, 1:] == 4).all()
    n = drawn.size - 1
    assert days.maxima[0] == 4 and days.means[0] == pytest.approx(4 * (n - 3) / n) and days.source_maxima[0] == 1


def test_the_nearest_training_day_is_the_one_that_a_direct_search_finds(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    training = judges["forcing"].training
    sources = heavy_days(stores["forcing"]).isel(time=slice(0, 4))
    observed = sources["precip"].values
    days = SyntheticDays(3 * observed, sources, training)
    np.testing.assert_array_equal(training.numbers[days.nearest], days.numbers)
    np.testing.assert_array_equal(days.nearest_distance, days.source_distance)
    blend = SyntheticDays(0.8 * observed + 0.2 * observed[::-1], sources, training)
    distance = pattern_distance(blend.rain, training.rain)
    np.testing.assert_array_equal(blend.nearest_distance, np.nanmin(distance, axis=1))
    assert (blend.nearest_distance > 0.01).all()


def test_a_source_of_another_split_has_no_distance(stores: dict[str, xr.Dataset], judges: dict[str, Judge]) -> None:
    test = in_split(stores["forcing"], "test").isel(time=slice(0, 3))
    days = SyntheticDays(test["precip"].values, test, judges["forcing"].training)
    assert np.isnan(days.source_distance).all()


def test_bounds_are_fitted_to_evenly_spaced_wet_days(judges: dict[str, Judge], monkeypatch: pytest.MonkeyPatch) -> None:
    training = judges["forcing"].training
    wet = np.flatnonzero(training.means >= 0.1)
    np.testing.assert_array_equal(training.calibration, wet)
    monkeypatch.setattr(measured_days, "CALIBRATION_DAYS", 11)
    few = TrainingDays(training.data, training.wet_mm).calibration
    assert len(few) == 11 and few[0] == wet[0] and few[-1] == wet[-1]


def test_domain_maxima_of_empty_fields_are_zero() -> None:
    fields = np.array([[[np.nan, np.nan]], [[np.nan, 3.0]], [[-2.0, -1.0]]])
    np.testing.assert_array_equal(domain_maxima(fields), [0.0, 3.0, 0.0])
