"""Steps across the borders of input blocks."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.metrics.borders import block_borders
from rainsmith.metrics.core import Settings
from tests.metrics.climate import array


def test_by_hand_on_a_row_of_two_blocks() -> None:
    obs = array([[[0.0, 1.0, 2.0, 4.0]]], members=False)
    fcst = array([[[[0.0, 1.0, 7.0, 8.0]], [[0.0, 1.0, 1.0, 2.0]]]])
    sums = block_borders.sums(fcst, obs, coarsen=2)
    np.testing.assert_allclose(block_borders.by_member(sums), [6.0, 0.0])
    assert float(block_borders.observed(sums)) == pytest.approx(1 / 1.5)
    assert float(block_borders.value(sums)) == 3.0


def test_invalid_neighbours_are_left_out_and_rows_count_like_columns() -> None:
    field = np.array([[1.0, 2.0], [4.0, np.nan], [9.0, 3.0]])
    obs = array(field[None], members=False)
    sums = block_borders.sums(obs, obs, coarsen=2)  # inside: 1-2, 1-4, 9-3; across: 4-9
    assert float(block_borders.observed(sums)) == pytest.approx(5 / ((1 + 3 + 6) / 3))


def test_a_field_made_of_blocks_has_no_steps_inside_and_no_ratio() -> None:
    blocks = array(np.kron(np.arange(4.0).reshape(2, 2), np.ones((3, 3)))[None], members=False)
    assert np.isnan(block_borders.value(block_borders.sums(blocks, blocks, coarsen=3)))


def test_it_needs_blocks() -> None:
    assert block_borders.applies(10, "prior", Settings(coarsen=8)) and not block_borders.applies(
        10, "prior", Settings()
    )
