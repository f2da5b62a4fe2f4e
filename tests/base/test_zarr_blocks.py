"""A store that is written block by block is that which is written at once, file by file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.base.zarr_blocks import write_zarr_in_blocks
from rainsmith.base.zarr_files import write_zarr


@pytest.mark.parametrize(("square", "files_of_rain"), [((6, 5), 4), ((4, 2), 24)])
@pytest.mark.parametrize("block", [33 * 6 * 5 * 4, 1])
def test_blocks_change_no_byte(
    square: tuple[int, int], files_of_rain: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    rain = rng.random((50, 6, 5), dtype=np.float32)
    rain[:, 0, 0] = np.nan
    rain[16:32] = np.nan  # a chunk without values
    time = xr.date_range("2001-01-01", periods=50)
    data = xr.Dataset(
        {"precip": (("time", "y", "x"), rain, {"units": "mm/day"}), "split": ("time", np.zeros(50, dtype=np.int8))},
        coords={"time": time, "y": np.arange(6.0), "x": np.arange(5.0)},
    )
    encoding = {"precip": {"chunks": (16, *square)}, "split": {"chunks": (50,)}}
    write_zarr(tmp_path / "whole", data, encoding=encoding)
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 100)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", block)
    write_zarr_in_blocks(tmp_path / "blocks", data, encoding=encoding)
    files = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file()]
    assert len([path for path in files if path.parts[:2] == ("precip", "c")]) == files_of_rain
    for path in files:
        assert (tmp_path / "blocks" / path).read_bytes() == (tmp_path / "whole" / path).read_bytes(), path
