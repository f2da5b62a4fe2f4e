"""The commands that need no data of a user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rainsmith import pipeline
from rainsmith.cli import main as cli
from rainsmith.config import Config, load_config
from rainsmith.run_folder import Run

DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.yaml"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, Run]]:
    """What the pipeline was asked to run."""
    asked: list[tuple[Config, Run]] = []
    monkeypatch.setattr(pipeline, "run", lambda config, run: asked.append((config, run)))
    return asked


def test_demo_runs_the_configuration_of_the_repository_from_any_folder(
    ran: list[tuple[Config, Run]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.main(["demo"])
    cli.main(["demo", "--run", "elsewhere", "--set", "train.epochs=24"])
    (config, run), (other, _) = ran
    expected: dict[str, Any] = load_config(DEMO).model_dump(exclude={"data": {"root"}})
    assert config.model_dump(exclude={"data": {"root"}}) == expected and run.folder == Path("runs/demo")
    assert other.train.epochs == 24
    paths = capsys.readouterr().out.splitlines()
    assert paths == [str(tmp_path / "runs/demo/report.html"), str(tmp_path / "elsewhere/report.html")]


def test_the_configuration_is_written_and_nothing_is_run(ran: list[tuple[Config, Run]], tmp_path: Path) -> None:
    cli.main(["demo", "--write-config", str(tmp_path / "mine.yaml")])
    assert (tmp_path / "mine.yaml").read_bytes() == DEMO.read_bytes() and ran == []


def test_a_dry_run_prints_the_configuration(ran: list[tuple[Config, Run]], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["demo", "--dry-run"])
    assert stopped.value.code == 0 and "kind: demo" in capsys.readouterr().out and ran == []


def test_doctor_without_its_speed_test(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["doctor", "--no-speed"])
    out = capsys.readouterr().out
    assert out.startswith("version    rainsmith ") and "speed test" not in out
