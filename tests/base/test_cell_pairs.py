"""Pairs of cells: those that a search over all pairs gives, whichever cells count."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rainsmith.base.cell_pairs import neighbours


@given(data=st.data(), ny=st.integers(1, 5), nx=st.integers(1, 5), lag=st.integers(1, 6))
def test_pairs_are_those_of_a_search(data: st.DataObject, ny: int, nx: int, lag: int) -> None:
    count = np.asarray(data.draw(st.lists(st.booleans(), min_size=ny * nx, max_size=ny * nx)))
    cells = np.flatnonzero(count)
    expected = set()
    for i, (row, column) in enumerate(zip(cells // nx, cells % nx, strict=True)):
        for j, (other_row, other_column) in enumerate(zip(cells // nx, cells % nx, strict=True)):
            if (other_row - row, other_column - column) in ((0, lag), (lag, 0)):
                expected.add((i, j))
    first, second = neighbours(cells, (ny, nx), lag)
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    assert len(pairs) == len(set(pairs)) and set(pairs) == expected


def test_a_whole_grid_has_a_known_number_of_pairs() -> None:
    first, _ = neighbours(np.arange(12), (3, 4))
    assert len(first) == 3 * 3 + 2 * 4
