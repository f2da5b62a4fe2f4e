"""The memory of ``prepare`` does not grow with the record, and arrays in files change no byte of the store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import large_arrays
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, pressure, rain
from tests.prepare.made import LAGS

CHILD = """
import resource, sys
from pathlib import Path
from rainsmith.base import large_arrays
from rainsmith.config import load_config
from rainsmith.prepare import gridded, stage
from rainsmith.run_folder import Run
large_arrays.IN_MEMORY, large_arrays.BLOCK_BYTES = 4 * 2**20, 2**20
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
stage.prepare(load_config(overrides={
    "data.kind": "gridded",
    "data.root": sys.argv[1],
    "data.target": {"files": "pr_*.nc"},
    "data.predictors": [{"from": "target", "coarsen": 16}],
    "data.splits": {"train": [2001, 2002], "validation": [2003, 2003], "test": [2004, 2004]},
}), Run(Path(sys.argv[1]) / "run"))
print(peak() - before)
"""


def test_the_memory_is_less_than_the_record(tmp_path: Path) -> None:
    side = 160
    for year in range(2001, 2005):
        fields = rain(f"{year}-01-01", days=365, ny=side, nx=1, sea=False).values.repeat(side, axis=2)
        time = xr.date_range(f"{year}-01-01", periods=365)
        coords = {"time": time, "y": np.arange(side) * 1e3, "x": np.arange(side) * 1e3}
        made = xr.DataArray(fields, dims=("time", "y", "x"), coords=coords, name="pr", attrs={"units": "mm"})
        made.to_netcdf(tmp_path / f"pr_{year}.nc")
    size = 4 * 4 * 365 * side**2 / 2**20
    said = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], check=True, capture_output=True, text=True)
    assert size > 140 and float(said.stdout) < 0.75 * size  # once five times the record


@pytest.mark.parametrize("given", ["blocks of the target", "files"])
def test_arrays_in_files_make_the_same_store(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = rain(days=110)
    target.values[5, 3, 3] = -0.01
    target.values[6:9, 2, 2] = -9999.0
    target.values[20] = np.nan  # a day that is dropped
    target.values[30, 4, 4] = 700.0
    for name, part in (("a", target[:31]), ("b", target[31:])):
        mapped(part).to_netcdf(tmp_path / f"pr_{name}.nc")
    pressure(days=112).to_dataset(name="msl").to_netcdf(tmp_path / "msl.nc")
    sources = LAGS if given == "blocks of the target" else [{"files": "msl.nc", "variable": "msl"}]
    settings = config(
        tmp_path,
        target={"files": "pr_*.nc", "variable": "pr"},
        predictors=sources,
        statics=[{"derive": "distance_to_coast"}],
        mask={"box": [1.0, 41.0, 2.2, 42.0]},
    )
    prepare(settings, Run(tmp_path / "memory"))
    monkeypatch.setattr(large_arrays, "IN_MEMORY", 0)
    monkeypatch.setattr(large_arrays, "BLOCK_BYTES", 900)
    prepare(settings, Run(tmp_path / "files"))
    one, other = (Run(tmp_path / name).open_store().load() for name in ("memory", "files"))
    del one.attrs["history"], other.attrs["history"]
    xr.testing.assert_identical(one, other)
    for name in map(str, one.data_vars):
        assert one[name].dtype == other[name].dtype and one[name].values.tobytes() == other[name].values.tobytes(), name
    assert one.attrs["negatives_set_to_zero"] == 1 and one.attrs["missing_codes"] == 3
    assert {path.name for path in (tmp_path / "files").iterdir()} == {"store.zarr", "config.yaml"}
