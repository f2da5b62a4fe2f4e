"""The command line: one line and exit code 2 for every mistake, whole runs that skip what is unchanged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
import yaml

from rainsmith.base.files import read_json
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
    assert "MiB free" in message and "free some space" in message


def test_whole_run_then_everything_is_skipped_then_only_what_changed_runs_again(
    capsys: pytest.CaptureFixture[str], config_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    common = ["--config", str(config_file), "--run", str(folder)]
    cli.main(["run", *common])
    assert (folder / "report.html").stat().st_size > 50_000
    assert capsys.readouterr().out.strip().endswith("report.html")
    stages = sorted(path.stem for path in (folder / "stages").glob("*.json"))
    assert stages == ["augment", "diagnose", "evaluate", "prepare", "report", "sample", "train"]
    before = {name: (folder / "stages" / f"{name}.json").stat().st_mtime_ns for name in stages}
    cli.main(["run", *common])
    assert before == {name: (folder / "stages" / f"{name}.json").stat().st_mtime_ns for name in stages}
    cli.main(["run", *common, "--set", "evaluate.resamples=60"])
    changed = {name for name in stages if (folder / "stages" / f"{name}.json").stat().st_mtime_ns != before[name]}
    assert changed == {"evaluate", "diagnose", "report"}


def test_a_run_without_prior_members_goes_through_without_a_diagnosis(
    config_file: Path, trained: Run, tmp_path: Path
) -> None:
    run = copy_of(trained, tmp_path / "run")
    shutil.rmtree(run.folder / "stages", ignore_errors=True)
    only = ["sampling.modes=[posterior]", "evaluate.baselines=[]", "evaluate.climate=false", "augment.ratio=0.05"]
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


def test_sample_options_reach_the_samples(config_file: Path, trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    common = ["--config", str(config_file), "--run", str(run.folder)]
    options = [
        "--mode",
        "prior",
        "--split",
        "validation",
        "--days",
        "2002-03-01",
        "--members",
        "2",
        "--temperature",
        "0.5",
    ]
    cli.main(["sample", *common, *options])
    drawn = xr.open_zarr(run.sample_path("flat", "prior", "validation"), consolidated=False)
    assert dict(drawn.sizes) | {"time": 1, "member": 2} == dict(drawn.sizes)
    assert drawn.attrs["temperature"] == 0.5
    assert read_json(run.folder / "stages" / "sample.json")["finished"]


def test_version() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "rainsmith.cli.main", "--version"], capture_output=True, text=True, env=os.environ
    )
    from rainsmith import __version__

    assert shown.stdout.strip() == f"rainsmith {__version__}"


def test_areas_reach_the_evaluation_and_its_fingerprint(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rainsmith import pipeline
    from rainsmith.config import Config

    asked: list[Config] = []
    monkeypatch.setattr(pipeline, "run_stage", lambda name, config, run: asked.append(config))
    areas = tmp_path / "areas.nc"
    areas.write_text("one")
    common = ["evaluate", "--config", str(config_file), "--run", str(tmp_path / "run")]
    cli.main(common)
    cli.main([*common, "--areas", str(areas)])
    assert [config.evaluate.areas for config in asked] == [None, areas]
    stage, run = pipeline.BY_NAME["evaluate"], Run(tmp_path / "run")
    prints = [pipeline.fingerprint(stage, config, run) for config in asked]
    areas.write_text("other areas")
    prints.append(pipeline.fingerprint(stage, asked[1], run))
    assert len(set(prints)) == 3


def test_a_stage_without_a_configuration_uses_that_of_the_run(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    cli.main(["prepare", "--config", str(config_file), "--run", str(folder), "--set", "seed=7"])
    before = xr.open_zarr(folder / "store.zarr", consolidated=False).load()
    cli.main(["prepare", "--run", str(folder)])
    assert f"configuration: {folder / 'config.yaml'}" in capsys.readouterr().err
    xr.testing.assert_equal(before, xr.open_zarr(folder / "store.zarr", consolidated=False).load())
    assert yaml.safe_load((folder / "config.yaml").read_text())["seed"] == 7
    overlay = Path(__file__).resolve().parents[2] / "configs" / "models" / "v3.yaml"
    config, _ = Prepare(model_config=overlay, run=folder).open()  # an overlay lies over the run's own data
    assert config.seed == 7 and config.model.name == "flat" and config.data.demo.years == 3
