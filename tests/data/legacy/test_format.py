"""The number format of the reference: statistics, maps and JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rainsmith.base.errors import UserError
from rainsmith.data.legacy.format import Statistics, load_array, load_map

shape = (3, 4)
field = arrays(np.float64, shape, elements=st.floats(0, 2000))


def test_constant_cell_is_written_as_0_and_other_rain_there_refused():
    statistics = Statistics.of(np.array([[0.0, 0.7]]), np.array([[1.0, 0.0]]), (1, 2))
    z = statistics.forward(np.array([[3.0, np.expm1(0.7)]]))
    np.testing.assert_allclose(z, [[np.log(4.0), 0.0]], rtol=1e-6)
    with pytest.raises(UserError, match="1 values in cells whose std is 0"):
        statistics.forward(np.array([[3.0, 5.0]]))


@settings(max_examples=200, deadline=None)
@given(
    mm=field,
    mean=arrays(np.float64, shape, elements=st.floats(-1, 4)),
    std=arrays(np.float64, shape, elements=st.floats(1e-6, 5)),
)
def test_inverse_of_forward_is_the_rain_without_any_floor(mm, mean, std):
    statistics = Statistics.of(mean, std, shape)
    back = statistics.inverse(statistics.forward(mm))
    np.testing.assert_allclose(back, mm, rtol=1e-5, atol=1e-5)
    assert (back >= 0).all()


@settings(max_examples=100, deadline=None)
@given(z=arrays(np.float32, shape, elements=st.floats(-20, 8, width=32)))
def test_inverse_is_clipped_at_0_and_monotonic(z):
    statistics = Statistics.of(np.array(0.5), np.array(0.9), shape)
    mm = statistics.inverse(z)
    assert (mm >= 0).all()
    assert (statistics.inverse(z + np.float32(0.5)) >= mm).all()
    np.testing.assert_allclose(mm, np.clip(np.exp(0.9 * z.astype(float) + 0.5) - 1, 0, None), rtol=1e-5, atol=1e-6)


def test_mapped_array_is_not_read_at_once(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((4, 5)))
    assert isinstance(load_array(tmp_path / "a.npy", mmap=True), np.memmap)


def test_maps_of_either_shape_are_read_and_gaps_become_0(tmp_path: Path) -> None:
    values = np.array([[1.0, np.nan], [np.inf, 4.0]])
    for name, stored in (("a.npy", values), ("b.npy", values[None])):
        np.save(tmp_path / name, stored)
        np.testing.assert_array_equal(load_map(tmp_path / name, (2, 2)), np.array([[1, 0], [0, 4]], dtype=np.float32))
    with pytest.raises(UserError, match=r"has shape \(2, 2\); expected \(3, 2\) or \(1, 3, 2\)"):
        load_map(tmp_path / "a.npy", (3, 2))


def test_statistics_that_cannot_be_are_refused() -> None:
    with pytest.raises(UserError, match="std holds -1; expected no negative value"):
        Statistics.of(np.array(0.0), np.array(-1.0), (2, 2))
    with pytest.raises(UserError, match="no cell has a finite mean and a positive std"):
        Statistics.of(np.array(0.0), np.zeros((2, 2)), (2, 2))
    with pytest.raises(UserError, match=r"mean has shape \(3,\); expected \(2, 2\)"):
        Statistics.of(np.zeros(3), np.array(1.0), (2, 2))


def test_z_without_statistics_is_missing_and_infinite_rain_refused() -> None:
    statistics = Statistics.of(np.array([[0.0, np.nan]]), np.array([[1.0, 1.0]]), (1, 2))
    np.testing.assert_array_equal(statistics.inverse(np.zeros((1, 2))), np.array([[0.0, np.nan]], dtype=np.float32))
    with pytest.raises(UserError, match="holds infinite amounts"):
        statistics.inverse(np.array([[200.0, 0.0]]))
