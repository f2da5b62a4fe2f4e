"""Maps of characters."""

from __future__ import annotations

import numpy as np

from rainsmith.inspection.shading import SHADES, lettered, shaded


def test_shades_rise_with_the_field_and_invalid_cells_are_blank() -> None:
    field = np.arange(40.0).reshape(8, 5)
    field[0, 0] = np.nan
    lines = shaded(field, 3.2, 5, 8, first_row_on_top=True)
    assert len(lines) == 8 and {len(line) for line in lines} == {5}
    assert lines[0][0] == " "
    letters = "".join(lines).strip()
    assert [SHADES.index(letter) for letter in letters] == sorted(SHADES.index(letter) for letter in letters)
    assert set(letters) == set(SHADES)


def test_north_is_on_top_whatever_the_order_of_the_rows() -> None:
    field = np.repeat(np.arange(6.0), 6).reshape(6, 6)
    falling = shaded(field, 2.0, 6, 6, first_row_on_top=True)
    rising = shaded(field, 2.0, 6, 6, first_row_on_top=False)
    assert falling == rising[::-1] and falling != rising


def test_only_the_part_that_is_valid_is_drawn() -> None:
    field = np.full((40, 40), np.nan)
    field[30:34, 20:28] = 1.0
    lines = shaded(field, 0.5, 24, 14, first_row_on_top=True)
    assert [len(line) for line in lines] == [8, 8] and shaded(field * np.nan, 1.0, 9, 9, first_row_on_top=True) == []


def test_borders_are_letters_inside_each_other() -> None:
    def box(west: float, east: float, south: float, north: float) -> np.ndarray:
        return np.array([[west, south], [east, south], [east, north], [west, north], [west, south]])

    lines = lettered({"rain": box(4, 6, 49, 51), "pressure": box(0, 10, 45, 55)}, 40, 14)
    text = "\n".join(lines)
    assert set(text) == {"A", "B", " ", "\n"}
    middle = lines[len(lines) // 2]
    assert middle.strip()[0] == middle[-1] == "B" and "A" in middle
    assert max(map(len, lines)) <= 40 and len(lines) <= 14
