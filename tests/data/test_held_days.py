"""Days that are held in memory or in files are the same days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.dims import in_split
from rainsmith.base.large_arrays import large_arrays_in, pages_of
from rainsmith.data.held_days import chosen_days, held
from rainsmith.run_folder import Run


@pytest.fixture
def days(prepared: Run) -> xr.Dataset:
    return in_split(prepared.open_store(), "train")


@pytest.mark.parametrize("positions", [np.arange(3, 40), np.array([7, 2, 2, 30])])
def test_fields_in_files_are_those_in_memory(
    positions: np.ndarray, days: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 20_000)
    with large_arrays_in(tmp_path):
        kept = held(days, in_memory=300_000)
        chosen = chosen_days(kept, positions)
    assert pages_of(kept["precip"].values) is not None and pages_of(kept["predictors"].values) is None
    assert all(isinstance(field.variable._data, np.ndarray) for field in kept.data_vars.values())
    xr.testing.assert_identical(kept, days.load())
    xr.testing.assert_identical(chosen, days.isel(time=positions))
    assert list(chosen.data_vars) == list(days.data_vars) and list(tmp_path.iterdir()) == []


def test_without_a_folder_all_is_in_memory(days: xr.Dataset) -> None:
    assert pages_of(held(days, in_memory=0)["precip"].values) is None
