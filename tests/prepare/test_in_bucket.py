"""A prepared store in a bucket: the same as in the run folder, and written again where it was left unfinished."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, rain


def test_the_store_is_that_of_the_run_folder(bucket: Path, tmp_path: Path) -> None:
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    here, there = config(tmp_path), config(tmp_path, to="s3://data/runs/uk")
    run = Run(tmp_path / "run")
    prepare(here, run)
    local = run.open_store().load()
    for _ in range(2):  # the second time over what an interrupted upload has left
        prepare(there, run)
        assert run.store.is_file() and run.open_store().load().equals(local)
        (bucket / "runs" / "uk" / "store.zarr" / "zarr.json").unlink()
        with pytest.raises(UserError, match=r"uk/store\.zarr holds no finished Zarr store; run 'rainsmith prepare'"):
            run.open_store()
    with pytest.raises(UserError, match=r"store\.zarr holds \d+ objects that this run has not written"):
        prepare(there, Run(tmp_path / "another"))
    prepare(here, run)  # the folder takes the place of the link
    assert run.store.is_dir()
