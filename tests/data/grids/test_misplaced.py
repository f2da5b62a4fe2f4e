"""Cells without a usable place are found; sound grids have none."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.data.grids.misplaced import broken_line, misplaced_cells


def cells(south: float = 45.0, west: float = 5.0, step: float = 0.1, ny: int = 12, nx: int = 10) -> list[np.ndarray]:
    return list(np.meshgrid(south + step * np.arange(ny), west + step * np.arange(nx), indexing="ij"))


@pytest.mark.parametrize(
    "sound",
    [
        cells(),
        cells(-0.3, -0.2),  # one cell lies at 0 north and 0 east
        cells(-20, 179.5),
        cells(-90, 0, 10, 19, 36),  # the whole earth, whose poles are one place each
        [np.round(plane, 1) for plane in cells(step=0.07)],  # coarsely rounded
        cells(ny=1, nx=1),
        cells(ny=1),
    ],
)
def test_sound_grids_have_no_misplaced_cell_and_no_gap(sound: list[np.ndarray]) -> None:
    latitude, longitude = sound
    for east in (longitude, (longitude + 180) % 360 - 180, longitude % 360):
        assert not misplaced_cells(latitude, east).any()
        assert broken_line(latitude, east) is None


@pytest.mark.parametrize("fill", [np.nan, 0.0, -9999.0, 1e20, 9.96921e36, -1.0, 85.0, np.inf])
def test_a_border_of_any_fill_value_is_found(fill: float) -> None:
    latitude, longitude = cells()
    border = np.zeros(latitude.shape, dtype=bool)
    border[0] = border[:, -1] = True
    latitude[border] = longitude[border] = fill
    np.testing.assert_array_equal(misplaced_cells(latitude, longitude), border)


@pytest.mark.parametrize("fill", [np.nan, 0.0, -9999.0, 30.0])
def test_a_single_cell_is_found(fill: float) -> None:
    latitude, longitude = cells()
    latitude[4, 5] = longitude[4, 5] = fill
    assert np.argwhere(misplaced_cells(latitude, longitude)).tolist() == [[4, 5]]


def test_a_gap_between_rows_or_columns_is_found() -> None:
    latitude, longitude = cells()
    latitude[7:] += 5.0
    assert broken_line(latitude, longitude) == ("rows", 6)
    latitude, longitude = cells(west=-180.0)
    longitude[:, 4:] += 350.0
    assert broken_line(latitude, longitude) == ("columns", 3)
