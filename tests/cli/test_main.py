"""The command line: one line and exit code 2 for every mistake, whole runs that skip what is unchanged."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rainsmith.base.errors import Interrupted, UserError
from rainsmith.base.json_files import read_json
from rainsmith.cli import main as cli
from rainsmith.cli.commands import Prepare
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.small import SMALL


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    nested: dict[str, object] = {}
    for key, value in SMALL.items():
        *sections, last = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})  # type: ignore[assignment]
        place[last] = value
    path.write_text(yaml.safe_dump(nested))
    return path


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command fails with."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(arguments))
    assert stopped.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("rainsmith: ")]
    assert len(lines) == 1
    return lines[0]


def test_help_is_quick_and_imports_no_heavy_library() -> None:
    code = (
        "import sys; from rainsmith.cli import main as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'xarray', 'numpy', 'lightning_fabric', 'matplotlib'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"
    for command in cli.COMMANDS:
        assert command in shown.stdout


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("train.epoch=3", "unknown key 'train.epoch'; did you mean 'epochs'?"),
        ("trian.epochs=3", "unknown key 'trian'; did you mean 'train'?"),
        ("model.injecton=all", "did you mean 'injection'?"),
        ("train.epochs=many", "'train.epochs' is 'many'"),
        ("model.injection=last", "'model.injection' is 'last'"),
        ("train.epochs", "is not KEY=VALUE"),
        ("data.demo.nny=3", "unknown key 'data.demo.nny'; did you mean 'ny'?"),
        ("data.period=[2010", "not valid YAML"),
        ("model.loss.w_min=11", "expected w_min <= w_max"),
        ("sampling.variation=0.5", "set keep_levels: 0 to vary all levels"),
        ("device=gpuu", "'device' is 'gpuu'"),
        ("data.splits.test=[2030, 2031]", "test"),
        ("data.splits.test=[2002, 2003]", "overlap"),
    ],
)
def test_mistakes_in_the_configuration(
    capsys: pytest.CaptureFixture[str], config_file: Path, tmp_path: Path, change: str, expected: str
) -> None:
    run = str(tmp_path / "run")
    message = fails(capsys, "prepare", "--config", str(config_file), "--run", run, "--set", change)
    assert expected in message


def test_missing_files(capsys: pytest.CaptureFixture[str], config_file: Path, tmp_path: Path) -> None:
    assert "not found" in fails(capsys, "prepare", "--config", str(tmp_path / "none.yaml"))
    common = ("--config", str(config_file), "--run", str(tmp_path / "run"))
    for command in ("train", "sample", "evaluate", "augment"):
        assert "prepare" in fails(capsys, command, *common)
    assert "needs --checkpoint" in fails(capsys, "sample", *common, "--predictors", str(config_file))


def test_a_refused_training_leaves_the_record_of_the_good_one(
    capsys: pytest.CaptureFixture[str], config_file: Path, tmp_path: Path, trained: Run
) -> None:
    run = copy_of(trained, tmp_path / "run")
    record = run.folder / "stages" / "train.json"
    record.parent.mkdir()
    record.write_text('{"fingerprint": "good", "finished": true}')
    fails(capsys, "train", "--config", str(config_file), "--run", str(run.folder), "--resume", "--set", "model.d_z=9")
    assert read_json(record)["fingerprint"] == "good"


def test_truncated_store(capsys: pytest.CaptureFixture[str], config_file: Path, prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path / "run")
    (run.store / "zarr.json").write_text("{")
    assert "cannot be read" in fails(capsys, "train", "--config", str(config_file), "--run", str(run.folder))


def test_full_disk_is_one_line(
    capsys: pytest.CaptureFixture[str],
    config_file: Path,
    prepared: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = copy_of(prepared, tmp_path / "run")
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1))  # type: ignore[attr-defined]
    message = fails(capsys, "train", "--config", str(config_file), "--run", str(run.folder))
    assert "MiB are free" in message and "free some space" in message


def test_a_whole_run_and_then_everything_is_skipped(
    capsys: pytest.CaptureFixture[str], config_file: Path, tmp_path: Path, one_day_of_maps: None
) -> None:
    folder = tmp_path / "run"
    splits = "data.splits={train: [2001, 2001], validation: [2002, 2002], test: [[2003-06-01, 2003-08-31]]}"
    few = "evaluate.baselines=[climatology, scaled-analogs]"
    common = ["--config", str(config_file), "--run", str(folder), "--set", splits, few, "augment.ratio=0.05"]
    cli.main(["run", *common])
    assert (folder / "report.html").stat().st_size > 50_000
    assert capsys.readouterr().out.strip().endswith("report.html")
    stages = sorted(path.stem for path in (folder / "stages").glob("*.json"))
    assert stages == ["augment", "diagnose", "evaluate", "prepare", "report", "sample", "train"]
    before = {name: (folder / "stages" / f"{name}.json").stat().st_mtime_ns for name in stages}
    cli.main(["run", *common])
    assert before == {name: (folder / "stages" / f"{name}.json").stat().st_mtime_ns for name in stages}


def test_a_run_without_prior_members_goes_through_without_a_diagnosis(
    config_file: Path, trained: Run, tmp_path: Path, unpainted_report: None
) -> None:
    run = copy_of(trained, tmp_path / "run")
    shutil.rmtree(run.folder / "stages", ignore_errors=True)
    only = ["sampling.modes=[posterior]", "sampling.days=heavy_x", "evaluate.baselines=[]", "evaluate.climate=false"]
    only += ["augment.ratio=0.05"]
    cli.main(["run", "--config", str(config_file), "--run", str(run.folder), "--set", *only])
    assert not (run.folder / "diagnosis.json").exists()
    assert "No diagnosis yet" in (run.folder / "report.html").read_text(encoding="utf-8")


def test_a_training_of_another_configuration_is_not_overwritten(
    capsys: pytest.CaptureFixture[str], config_file: Path, trained: Run, tmp_path: Path
) -> None:
    run = copy_of(trained, tmp_path / "run")
    message = fails(capsys, "run", "--config", str(config_file), "--run", str(run.folder), "--set", "model.d_z=5")
    assert "another configuration" in message
    assert (run.checkpoints / "best_prior.safetensors").exists()


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (UserError("no rain in\n this file"), 2, "rainsmith: no rain in this file"),
        (UserError("no file \x1b[2J\udc80\u202e"), 2, r"rainsmith: no file \x1b[2J\udc80\u202e"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "rainsmith: the disk is full; finished parts are kept"),
        (KeyboardInterrupt(), 130, "rainsmith: stopped; finished parts are kept"),
        (Interrupted("stopped after epoch 3; --resume goes on"), 130, "rainsmith: stopped after epoch 3; --resume"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, raised: BaseException, code: int, message: str
) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stopped:
        patch.setattr(Prepare, "execute", lambda self: (_ for _ in ()).throw(raised))
        cli.main(["prepare", "--run", str(tmp_path)])
    lines = capsys.readouterr().err.splitlines()
    assert stopped.value.code == code
    assert len(lines) == 1 and lines[0].startswith(message)


@pytest.mark.parametrize("raised", [OSError(errno.EIO, "Input/output error"), ValueError("a fault of ours")])
def test_what_is_no_mistake_of_the_user_keeps_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    monkeypatch.setattr(Prepare, "execute", lambda self: (_ for _ in ()).throw(raised))
    with pytest.raises(type(raised)):
        cli.main(["prepare", "--run", str(tmp_path)])


@pytest.mark.parametrize("arguments", [["--help"], ["doctor", "--no-speed"]])
def test_a_reader_that_has_enough_ends_the_command_without_a_traceback(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "rainsmith.cli.main", *arguments], stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_version() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "rainsmith.cli.main", "--version"], capture_output=True, text=True, env=os.environ
    )
    from rainsmith import __version__

    assert shown.stdout.strip() == f"rainsmith {__version__}"


def test_values_of_several_sets_all_count() -> None:
    given = ["train", "--set", "seed=1", "--run", "a", "--set", "train.epochs=2", "train.lr=0.1", "--resume"]
    assert cli.joined_sets(given) == [
        "train",
        "--run",
        "a",
        "--resume",
        "--set",
        "seed=1",
        "train.epochs=2",
        "train.lr=0.1",
    ]
    assert cli.joined_sets(given[:3]) == given[:3]
