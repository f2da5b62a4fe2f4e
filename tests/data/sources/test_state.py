"""Files that have changed since they were prepared, in a bucket and here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rainsmith.data.sources.state import state_of_files
from rainsmith.pipeline import BY_NAME, is_current, run_stage
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, pressure, rain

PREPARE = BY_NAME["prepare"]
MSL = {"variable": "msl", "day_offsets": [0, 1]}


@pytest.fixture
def files(bucket: Path) -> Path:
    mapped(rain()).to_netcdf(bucket / "rain_0.nc")
    pressure().to_dataset().to_zarr(bucket / "msl.zarr", zarr_format=2, consolidated=True)
    return bucket


def test_the_state_names_local_files_and_objects(files: Path, tmp_path: Path) -> None:
    shutil.copy(files / "rain_0.nc", tmp_path / "rain.nc")
    settings = config(tmp_path, predictors=[{"files": ["rain.nc", "s3://data/msl.zarr", "s3://data/*.nc"], **MSL}])
    local, again, store, remote = state_of_files(settings.data)
    assert (
        local == again == ("rain.nc", (tmp_path / "rain.nc").stat().st_size, (tmp_path / "rain.nc").stat().st_mtime_ns)
    )
    assert (store[0], remote[0]) == ("msl.zarr", "rain_0.nc") and len({str(store[2]), str(remote[2])}) == 2


def test_prepare_is_current_until_an_object_changes(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = config(Path("s3://data"), target={"files": "rain_*.nc"}, predictors=[{"files": "msl.zarr", **MSL}])
    run = Run(tmp_path / "run")
    run_stage("prepare", settings, run)
    assert "root: s3://data\n" in (run.folder / "config.yaml").read_text()
    shutil.rmtree(tmp_path / "cache")
    capsys.readouterr()
    assert is_current(PREPARE, settings, run) and "fetch" not in capsys.readouterr().err
    first = (files / "rain_0.nc").read_bytes()
    os.utime(files / "rain_0.nc")  # the same content at another time
    assert is_current(PREPARE, settings, run)
    (files / "rain_0.nc").write_bytes(first + b"0")
    assert not is_current(PREPARE, settings, run)
    (files / "rain_0.nc").write_bytes(first)
    assert is_current(PREPARE, settings, run)
    chunk = next((files / "msl.zarr" / "msl").glob("0.*"))
    chunk.write_bytes(chunk.read_bytes() + b"0")
    assert not is_current(PREPARE, settings, run)
