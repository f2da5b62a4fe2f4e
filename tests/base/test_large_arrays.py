"""Arrays that lie in files are like those in memory, leave nothing behind, and are worked on in blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import (
    any_finite,
    blocks,
    changed,
    count_where,
    days_of,
    empty,
    ever_finite,
    large_arrays_in,
    pages_of,
    release,
    replace_where,
)


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """(20, 3, 4) in a file, in blocks of three days."""
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 0)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 3 * 3 * 4 * 4)
    with large_arrays_in(tmp_path / "run"):
        made = empty((20, 3, 4))
    made[:] = np.arange(240, dtype=np.float32).reshape(made.shape)
    return made


def field(values: np.ndarray) -> xr.DataArray:
    coords = {"time": np.arange(len(values)), "height": ("time", -np.arange(len(values)))}
    return xr.DataArray(values, dims=("time", "y", "x"), coords=coords, name="pr", attrs={"units": "mm"})


def test_large_arrays_lie_in_a_file_without_a_name_and_small_ones_in_memory(values: np.ndarray, tmp_path: Path) -> None:
    assert pages_of(values) is not None and list((tmp_path / "run").iterdir()) == []
    assert pages_of(empty((20, 3, 4))) is None  # no folder is named here
    release(values)
    assert values.sum() == np.arange(240).sum() and values[7:9].base is not None


def test_small_arrays_stay_in_memory(tmp_path: Path) -> None:
    with large_arrays_in(tmp_path / "run"):
        assert pages_of(empty((20, 3, 4))) is None
    assert not (tmp_path / "run").exists()


def test_a_full_disk_is_said_before_anything_is_written(values: np.ndarray, tmp_path: Path) -> None:
    with large_arrays_in(tmp_path), pytest.raises(UserError, match=r"no room for \d+ MiB of intermediate values"):
        empty((2**52, 3, 4))


def test_blocks_hold_all_days_in_order(values: np.ndarray) -> None:
    pieces = list(blocks(field(values)))
    assert [part.stop - part.start for part, _ in pieces] == [3] * 6 + [2]
    assert np.array_equal(np.concatenate([block for _, block in pieces]), values)
    assert count_where(values, lambda block: block >= 100) == 140
    lazy = list(blocks(field(values).chunk(time=7)))  # whole chunks, although a block has room for three days
    assert [len(block) for _, block in lazy] == [7, 7, 6] and [part.start for part, _ in lazy] == [0, 7, 14]
    assert np.array_equal(np.concatenate([block for _, block in lazy]), values)


def test_changes_are_made_in_a_copy(values: np.ndarray) -> None:
    before = values.copy()
    mended, count = replace_where(field(values), lambda block: block > 200, np.nan)
    assert count == 39 and np.isnan(mended.values).sum() == 39 and mended.dtype == np.float32
    assert mended.attrs == {"units": "mm"} and np.array_equal(values, before)
    same, none = replace_where(field(values), lambda block: block < 0, np.nan)
    assert none == 0 and same.values.base is values.base
    assert np.array_equal(changed(field(values), lambda block: 2 * block).values, 2 * before)


@pytest.mark.parametrize("positions", [[3, 4, 5, 6, 7, 8, 9], [0, 2, 3, 17], []])
def test_chosen_days_are_those_of_isel(values: np.ndarray, positions: list[int]) -> None:
    chosen = days_of(field(values), np.array(positions, dtype=int))
    xr.testing.assert_identical(chosen, field(values).isel(time=positions))


def test_chosen_days_of_an_array_in_memory_are_a_copy() -> None:
    given = field(np.zeros((5, 2, 2), dtype=np.float32))
    days_of(given, np.arange(1, 4)).values[:] = 1
    assert (given.values == 0).all()


def test_cells_and_days_with_a_value(values: np.ndarray) -> None:
    values[:, 1, 2] = np.nan
    values[4] = np.inf
    assert ever_finite(values).sum() == 11 and not ever_finite(values)[1, 2]
    assert np.flatnonzero(~any_finite(field(values))).tolist() == [4]
