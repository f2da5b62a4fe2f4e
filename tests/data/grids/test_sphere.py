"""Angles and distances on the sphere."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.data.grids.sphere import typical_step, wrap_degrees


def test_wrapped_angles_differ_by_whole_turns_and_lie_within_half_a_turn() -> None:
    degrees = np.array([-540.0, -181.0, -180.0, 0.0, 179.5, 180.0, 359.0, 725.0])
    wrapped = wrap_degrees(degrees)
    assert (wrapped >= -180).all() and (wrapped < 180).all()
    np.testing.assert_allclose((wrapped - degrees) % 360, 0)


def test_a_step_of_longitude_shrinks_with_the_cosine_of_latitude() -> None:
    longitude, latitude = np.meshgrid(np.array([179.0, 180.0, -179.0]), np.array([59.0, 60.0, 61.0]))
    assert typical_step(latitude, longitude) == pytest.approx(np.cos(np.deg2rad(60)), rel=0.02)  # across the date line
    assert typical_step(latitude[:, :1], longitude[:, :1]) == pytest.approx(1.0)
    assert typical_step(latitude[:1, :1], longitude[:1, :1]) == 1.0
