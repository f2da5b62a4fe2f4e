"""The commands: every one explains itself, its choices are those of the code, and its options reach their keys."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.cli import main as cli
from rainsmith.cli.commands import COMMANDS, Compare
from rainsmith.config import Config
from rainsmith.models.registry import NETWORKS
from rainsmith.pipeline import BY_NAME
from rainsmith.run_folder import Run

BY_POSITION = {"runs": "RUN ...", "files": "FILES ...", "file": "CONFIG", "shell": "[{bash,zsh}]"}
"""Fields that are given by position, and how the help shows them."""


def shown_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    """Lines of a help text, each option on one line of its own."""
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("NO_COLOR", "1")
    with pytest.raises(SystemExit) as stopped:
        cli.main([*arguments, "--help"])
    assert stopped.value.code == 0
    return [line.strip("│╭╰╮╯─ ") for line in capsys.readouterr().out.splitlines()]


def asked_of(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Config, dict[str, Any]]]:
    """Stages that commands run from now on, with what they are given, in place of running them."""
    asked: list[tuple[str, Config, dict[str, Any]]] = []

    def run_stage(name: str, config: Config, run: Run, **options: Any) -> Any:
        asked.append((name, config, options))
        return [Path("made")]

    monkeypatch.setattr(pipeline, "run_stage", run_stage)
    return asked


def test_every_stage_has_a_command() -> None:
    of_sample = {"quantiles"}  # rainsmith sample --quantiles
    assert set(COMMANDS) == {*BY_NAME, "init", "run", "compare", "demo", "doctor", "completion"} - of_sample


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_a_command_and_each_of_its_options_in_sentences(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    lines = shown_help(capsys, monkeypatch, name)
    assert lines[2].startswith(COMMANDS[name].__doc__ or "?") and lines[2].endswith(".")
    text = "\n".join(lines)
    assert "None" not in text and "default: False" not in text
    for field in dataclasses.fields(COMMANDS[name]):
        option = BY_POSITION.get(field.name, f"--{field.name.replace('_', '-')}")
        (start,) = (i for i, line in enumerate(lines) if re.match(rf"(-o FILE, )?{re.escape(option)}[ ,]", line))
        described = " ".join(lines[start : start + 2])  # a long name stands on a line of its own
        assert re.search(r" [A-Z][^.]+ .*\.( |$)", described), described


def test_the_list_of_commands_says_what_each_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(shown_help(capsys, monkeypatch))
    for name, command in COMMANDS.items():
        assert re.search(rf"• {name} +{re.escape(command.__doc__ or '?')}", text)


def test_networks_on_the_command_line_are_the_records(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(shown_help(capsys, monkeypatch, "downscale"))
    assert "--network {" + ",".join(NETWORKS.names()) + "}" in text
    asked = asked_of(monkeypatch)
    for network in NETWORKS.names():
        cli.main(["downscale", "--network", network])
    assert [config.downscale.network for _, config, _ in asked] == list(NETWORKS.names())
    with pytest.raises(SystemExit):
        cli.main(["downscale", "--network", "cnn"])


@pytest.mark.parametrize(
    ("arguments", "values", "options"),
    [
        ("prepare", {}, {"scheduler": None}),
        ("prepare --scheduler local", {}, {"scheduler": "local"}),
        ("train --resume", {}, {"resume": True}),
        ("train", {}, {"resume": False}),
        ("evaluate --areas a.nc", {"evaluate.areas": Path("a.nc")}, {"scheduler": None}),
        ("evaluate --scheduler tcp://host:8786", {}, {"scheduler": "tcp://host:8786"}),
        ("augment --days heavy", {"augment.days": "heavy"}, {}),
        ("augment --days 2001-01-02 2001-01-03", {"augment.days": ["2001-01-02", "2001-01-03"]}, {}),
        ("augment --top 0.05 --mode posterior --ratio 0.5", {"augment.top": 0.05, "augment.mode": "posterior"}, {}),
        ("augment --intensity 0", {"augment.intensity": 0}, {}),
        ("augment --target-return-period 20", {"augment.target_return_period": 20}, {}),
        ("downscale --train-on augmented --netcdf", {"downscale.train_on": "augmented"}, {"netcdf": True}),
        ("experiment", {}, {}),
        ("report --days 3", {}, {"days": 3}),
    ],
)
def test_options_reach_their_keys_and_stages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: str, values: dict[str, Any], options: dict[str, Any]
) -> None:
    asked = asked_of(monkeypatch)
    cli.main([*arguments.split(), "--run", str(tmp_path)])
    ((name, config, passed),) = asked
    assert name == arguments.split()[0]
    assert passed == options
    for key, value in values.items():
        section, _, field = key.partition(".")
        assert getattr(getattr(config, section), field) == value


def test_areas_change_what_the_evaluation_depends_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = asked_of(monkeypatch)
    areas, run = tmp_path / "areas.nc", Run(tmp_path / "run")
    areas.write_text("one")
    cli.main(["evaluate", "--run", str(run.folder)])
    cli.main(["evaluate", "--run", str(run.folder), "--areas", str(areas)])
    prints = [pipeline.fingerprint(BY_NAME["evaluate"], config, run) for _, config, _ in asked]
    areas.write_text("other areas")
    prints.append(pipeline.fingerprint(BY_NAME["evaluate"], asked[1][1], run))
    assert len(set(prints)) == 3


def test_compare_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name the folders to compare"):
        Compare(runs=(), out=tmp_path).execute()
