"""Members in a bucket: the same as in the run folder, gone on with after a broken connection, and evaluated there."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url
from rainsmith.cli.main import main
from rainsmith.run_folder import Run
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.object_stores import refusing
from tests.processes import Command
from tests.sample.test_files import days_of, members, writer
from tests.small import small_config

TO = Url("s3", "data", "out/made.zarr")
DAYS = [f"2003-01-{day:02d}" for day in range(1, 13)]
FEW = {
    "sampling__days": DAYS,
    "sampling__modes": ["prior"],
    "sampling__batch_size": 5,
    "evaluate__baselines": [],
    "evaluate__climate": False,
}


def test_members_and_their_scores_are_those_of_the_run_folder(trained: Run, bucket: Path, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    drawn, tables = [], []
    for to in (None, "s3://data/out"):
        config = small_config(**FEW, sampling__to=to)
        pipeline.run_stage("sample", config, run)
        assert pipeline.is_current(pipeline.BY_NAME["sample"], config, run)
        pipeline.run_stage("evaluate", config, run)
        place = run.samples if to is None else bucket / "out"
        drawn.append(xr.open_zarr(place / "flat-prior-test.zarr", consolidated=False).load())
        tables.append(pd.read_csv(run.evaluation / "metrics.csv"))
    assert drawn[0].equals(drawn[1]) and drawn[0].sizes["time"] == 12
    pd.testing.assert_frame_equal(*tables)
    assert [path.name for path in run.samples.iterdir() if not path.name.startswith(".")] == ["flat-prior-test.zarr"]
    assert run.sample_path("flat", "prior", "test").is_file()
    chunk = bucket / "out" / "flat-prior-test.zarr" / "precip" / "c" / "1" / "0" / "0" / "0"
    chunk.write_bytes(b"\0" + chunk.read_bytes()[1:])
    with pytest.raises(UserError, match=r"s3://data/out/flat-prior-test.zarr/precip/c/1/0/0/0 is damaged"):
        pipeline.run_stage("evaluate", config, run)
    sample(small_config(**FEW), run)  # without a bucket the folder takes the place of the link
    assert run.sample_path("flat", "prior", "test").is_dir()


def test_what_a_broken_connection_left_is_gone_on_with(
    bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, days = tmp_path / "samples" / "made.zarr", days_of(5)
    made = writer(target, days, bucket=TO)
    made.write(0, members(0))
    with refusing(503, "SlowDown") as address, monkeypatch.context() as broken:
        broken.setattr("rainsmith.base.bucket_clients._RETRIES", {"max_retries": 0})
        broken.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(UserError, match=r"made.zarr/precip/c/1/0/0/0 gave an error .*503"):
            made.write(1, members(1))
    again = writer(target, days, bucket=TO)
    assert [again.has(number) for number in range(3)] == [True, False, False]
    assert not (bucket / "out" / "made.zarr" / "zarr.json").exists()  # nobody takes it for a finished store
    again.write(1, members(7))
    again.write(2, members(2, days=1))
    again.close()
    with xr.open_zarr(bucket / "out" / "made.zarr", consolidated=False) as written:
        assert written["precip"].isel(member=0, y=0, x=0).values.tolist() == [0, 0, 7, 7, 2]
    assert [path.name for path in target.parent.iterdir()] == ["made.zarr"]
    assert target.stat().st_size < 200


def test_other_members_replace_those_of_this_run_and_of_no_other(bucket: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        made = writer(tmp_path / "made.zarr", days_of(2), bucket=TO, attrs={"seed": seed})
        assert not (bucket / "out" / "made.zarr" / "precip").exists()
        made.write(0, members(seed))
        made.close()
        with xr.open_zarr(bucket / "out" / "made.zarr", consolidated=False) as written:
            assert np.unique(written["precip"]).tolist() == [seed]
    with pytest.raises(UserError, match=r"made.zarr holds \d+ objects that this run has not written"):
        writer(tmp_path / "other" / "made.zarr", days_of(2), bucket=TO)


def test_the_command_takes_the_bucket_and_refuses_what_is_none(
    trained: Run, bucket: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(trained, tmp_path / "run")
    given = ["--run", str(run.folder), "--days", *DAYS[:2], "--mode", "prior", "--members", "2"]
    main(["sample", *given, "--to", "s3://data/out/"])
    assert (bucket / "out" / "flat-prior-test.zarr" / "zarr.json").is_file()
    for to in ("https://host/out", "out", "s3://data"):
        with pytest.raises(SystemExit) as ended:
            main(["sample", *given, "--to", to])
        assert ended.value.code == 2
        assert "expected a folder in a bucket" in capsys.readouterr().err


def test_a_killed_command_goes_on_where_it_was(trained: Run, bucket: Path, tmp_path: Path) -> None:
    run, place = copy_of(trained, tmp_path / "run"), bucket / "out" / "flat-prior-test.zarr"
    given = ["--run", str(run.folder), "--days", *DAYS[:8], "--mode", "prior", "--set", "sampling.batch_size=1"]
    sample(small_config(**FEW | {"sampling__batch_size": 1, "sampling__days": DAYS[:8]}), run)
    local = xr.open_zarr(run.sample_path("flat", "prior", "test"), consolidated=False)["precip"].load()
    words = [*given, "--to", "s3://data/out"]
    known = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "RAINSMITH_", "NO_PROXY"))}
    command = Command("sample", *words, environment=known)
    chunk = "precip/c/{}/0/0/0"
    command.wait_for(place / chunk.format(2))
    command.send(signal.SIGKILL)
    assert command.wait()[0] == -signal.SIGKILL and not (place / "zarr.json").exists()
    command.close()
    first = (place / chunk.format(0)).stat().st_mtime_ns
    main(["sample", *words])
    assert (place / chunk.format(0)).stat().st_mtime_ns == first  # it was not drawn again
    with xr.open_zarr(place, consolidated=False) as drawn:
        assert drawn["precip"].equals(local)


def test_two_processes_write_one_store(bucket: Path, tmp_path: Path) -> None:
    def write(rank: int) -> None:
        made = writer(tmp_path / "made.zarr", days_of(6), bucket=TO, rank=rank, world=2)
        for number in range(rank, 3, 2):
            made.write(number, members(number))
        made.close()

    both = [threading.Thread(target=write, args=(rank,)) for rank in (1, 0)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    with xr.open_zarr(bucket / "out" / "made.zarr", consolidated=False) as written:
        assert written["precip"].isel(member=0, y=0, x=0).values.tolist() == [0, 0, 1, 1, 2, 2]
