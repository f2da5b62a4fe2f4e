"""Patterns of rain and the distance to the most similar days, by hand and against numpy."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.diagnose.nearest_days import distances_to_nearest, rain_patterns

CELLS = np.ones((4, 5), dtype=bool)


def rain(days: int, seed: int = 0) -> xr.DataArray:
    return xr.DataArray(np.random.default_rng(seed).gamma(0.7, 8.0, (days, 4, 5)), dims=("time", "y", "x"))


def test_the_distance_is_one_minus_the_correlation_of_log_rain() -> None:
    some, others = rain(3), rain(6, seed=1)
    distances = distances_to_nearest(rain_patterns(some, CELLS), rain_patterns(others, CELLS), 4)
    logs = np.log1p(np.concatenate([some.values, others.values]).reshape(9, -1))
    expected = np.sort(1 - np.corrcoef(logs)[:3, 3:], axis=1)[:, :4]
    np.testing.assert_allclose(distances, expected, atol=1e-5)


def test_a_copy_has_no_distance_and_cells_that_are_left_out_do_not_count() -> None:
    some = rain(3)
    copy = some.copy(deep=True)
    copy[:, 0, 0] = 500.0
    cells = CELLS.copy()
    cells[0, 0] = False
    assert distances_to_nearest(rain_patterns(copy, cells), rain_patterns(some, cells), 1).max() < 1e-5
    assert distances_to_nearest(rain_patterns(copy, CELLS), rain_patterns(some, CELLS), 1).min() > 1e-3


def test_days_with_hardly_any_rain_have_no_pattern() -> None:
    some = rain(3)
    some[0] = 0.0
    some[1] = some[1].where(np.arange(20).reshape(4, 5) < 9, 0.0)  # nine wet cells; ten are needed
    known = np.isfinite(rain_patterns(some, CELLS)).all(axis=1)
    assert known.tolist() == [False, False, True]
    few = distances_to_nearest(rain_patterns(some, CELLS), rain_patterns(some, CELLS), 10)
    assert few.shape == (3, 1) and np.isnan(few[:2]).all() and abs(few[2, 0]) < 1e-5
    nothing = distances_to_nearest(rain_patterns(some, CELLS), rain_patterns(some[:2], CELLS), 10)
    assert nothing.shape == (3, 1) and np.isnan(nothing).all()
