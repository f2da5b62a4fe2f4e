"""What is said of stages before they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith import costs, pipeline
from rainsmith.base.json_files import write_json
from rainsmith.base.needs import Needs
from rainsmith.cli import main as cli
from rainsmith.config import Config
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.small import small_config


@pytest.fixture
def of_all(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every stage with an estimate takes 60 s and 1 GiB; the stages that were asked, in order."""
    asked: list[str] = []

    class Found:
        def __init__(self, module: str) -> None:
            self.module = module

        def needs(self, config: Config, run: Run) -> Needs:
            assert config.train.epochs != "auto"  # settled
            asked.append(self.module.split(".")[1])
            return Needs(60.0, len(asked) * 2**30, 2**20, "made up")

    monkeypatch.setattr(costs, "import_module", Found)
    return asked


def test_what_can_be_known_before_the_training_is_added_up(
    prepared: Run, of_all: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    costs.say_all(small_config(), prepared)
    said = capsys.readouterr().err.splitlines()
    assert of_all == ["prepare", "train", "sample", "evaluate", "diagnose", "report"]
    one = "about 60 seconds on this machine (made up), {}.0 GiB of memory, 1 MiB on disk"
    lines = [f"{stage}: {one.format(number + 1)}" for number, stage in enumerate(of_all)]
    assert said == [
        *lines[:5],
        "augment: what it takes can be said when 'rainsmith train' has run",
        lines[5],
        "run: about 6.0 minutes on this machine (without augment), 6.0 GiB of memory, 6 MiB on disk",
    ]


def test_before_the_data_are_read_only_that_is_known(
    tmp_path: Path, of_all: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    costs.say_all(small_config(train__epochs=5), Run(tmp_path))
    assert of_all == ["prepare"]
    assert capsys.readouterr().err.splitlines()[1:] == [
        "run: what the other stages take can be said when 'rainsmith prepare' has run"
    ]


def test_a_stage_may_say_why_its_needs_are_not_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = small_config(data__kind="legacy-days")
    assert costs.say("prepare", config, Run(tmp_path)) is None
    assert capsys.readouterr().err.startswith("prepare: its time, memory and disk are not known before the files")


def test_the_last_run_and_a_training_that_is_there_are_told(
    trained: Run, tmp_path: Path, of_all: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(trained, tmp_path / "run")
    write_json(run.folder / "stages/inspect.json", {"fingerprint": "", "finished": True, "stamp": 0.0, "seconds": 42.0})
    assert costs.say("inspect", small_config(), run) is None and costs.say("train", small_config(), run) is None
    said = capsys.readouterr().err
    assert "not known before it runs; it took 42 seconds when it last ran here" in said
    assert "train: a training is there, which '--resume' goes on with" in said and not of_all
    assert costs.say("sweep", small_config(), run) == Needs(60.0, 2**30, 2**20, "made up")


def test_every_estimate_is_of_a_stage_and_is_there() -> None:
    for name, estimate in costs.ESTIMATES.items():
        assert {name, estimate.after or name} <= pipeline.BY_NAME.keys()
        assert callable(costs.import_module(estimate.module).needs)


@pytest.mark.parametrize("command", ["sample", "run"])
def test_the_command_says_it_beside_the_configuration(
    command: str, prepared: Run, of_all: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = copy_of(prepared, tmp_path / "run")
    run.write_config(small_config())
    before = sorted(run.folder.rglob("*"))
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--run", str(run.folder), "--dry-run"])
    shown = capsys.readouterr()
    assert stopped.value.code == 0 and "kind: demo" in shown.out and "about" not in shown.out
    assert f"{command}: about " in shown.err
    assert sorted(run.folder.rglob("*")) == before


def test_a_new_period_is_not_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.yaml").write_text("data: {kind: demo}")
    with pytest.raises(SystemExit):
        cli.main(["sample", "--predictors", str(tmp_path / "new.yaml"), "--checkpoint", "x.safetensors", "--dry-run"])
    assert "a new period takes is not known before its files are read" in capsys.readouterr().err
