"""Longitudes: every way to count and to order them gives the same cells, and a gap stays a gap."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.data.grids.longitudes import find_gap, unroll
from rainsmith.data.grids.sphere import wrap_degrees


@pytest.mark.parametrize("west", [-3.0, 3.0, 177.0, -60.0, 100.0])
@pytest.mark.parametrize("count_from", [-180.0, 0.0])
@pytest.mark.parametrize("arranged", ["west to east", "east to west", "sorted", "shuffled"])
def test_a_region_is_whole_however_its_longitudes_are_counted_and_ordered(
    west: float, count_from: float, arranged: str
) -> None:
    true = west + 0.5 * np.arange(14)
    given = (true - count_from) % 360.0 + count_from
    if arranged == "east to west":
        given = given[::-1]
    elif arranged == "sorted":
        given = np.sort(given)
    elif arranged == "shuffled":
        given = np.random.default_rng(0).permutation(given)
    longitude, order = unroll(given)
    np.testing.assert_allclose(wrap_degrees(longitude - given[order]), 0, atol=1e-9)  # the same places
    assert sorted(order) == list(range(14))
    assert find_gap(longitude, longitudes=True) is None
    np.testing.assert_allclose(np.abs(np.diff(longitude)), 0.5, atol=1e-9)
    assert abs(wrap_degrees(longitude.mean() - true.mean())) < 1e-9


@pytest.mark.parametrize("axis", [np.arange(0.0, 360.0, 2.5), np.arange(3.0, 9.1, 0.5), 365 + np.arange(4.0)[::-1]])
def test_what_is_whole_stays_as_it_is(axis: np.ndarray) -> None:
    longitude, order = unroll(axis)
    np.testing.assert_array_equal(longitude, axis)
    np.testing.assert_array_equal(order, np.arange(len(axis)))


def test_a_region_that_crosses_both_seams_begins_at_its_western_edge() -> None:
    true = 40.0 + 5.0 * np.arange(66)  # 40 to 365 degrees east
    for given in (np.sort(true % 360.0), np.sort(wrap_degrees(true))):
        longitude, _ = unroll(given)
        np.testing.assert_allclose(longitude - longitude[0], true - true[0])


def test_a_column_that_repeats_the_first_is_left_out() -> None:
    for axis in (np.arange(0.0, 361.0, 10.0), np.arange(-180.0, 181.0, 10.0), np.arange(360.0, -1.0, -10.0)):
        assert len(unroll(axis)[0]) == 36
    turned = np.concatenate([np.arange(180.0, 361.0, 10.0), np.arange(0.0, 181.0, 10.0)])
    np.testing.assert_allclose(unroll(turned)[0], np.arange(-180.0, 180.0, 10.0))


def test_two_columns_across_greenwich() -> None:
    np.testing.assert_allclose(unroll(np.array([359.5, 0.0]))[0], [-0.5, 0.0])


@pytest.mark.parametrize(
    "axis", [np.r_[0:5.0, 7:12.0], np.r_[0:9.0, 170:180.0], np.r_[0:3.0, 9.0], np.r_[-170:-160.0, 20:30.0, 350:355.0]]
)
def test_a_gap_is_found_and_never_joined(axis: np.ndarray) -> None:
    assert find_gap(unroll(axis)[0], longitudes=True) is not None


def test_uneven_axes_have_no_gap() -> None:
    assert find_gap(np.cumsum(1.15 ** np.arange(30))) is None  # a grid that widens
    assert find_gap(np.round(0.125 * np.arange(80), 1)) is None  # coarsely rounded
    assert find_gap(np.array([41.1, 41.7, 42.2])) is None
    assert find_gap(np.arange(2.0)) is None and find_gap(np.arange(1.0)) is None
    assert find_gap(np.array([0.0, 1.0, 2.0, 5.0, 6.0])) == 2
