"""Options that all commands share: which configuration is read, what lies over it, and overrides in YAML."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.cli.options import Common, days_or_set, given, parse_overrides
from rainsmith.config import load_config
from rainsmith.run_folder import Run

OVERLAY = Path(__file__).resolve().parents[2] / "configs" / "models" / "v3.yaml"


@dataclass(frozen=True)
class Prepare(Common):
    """A command named after a stage."""


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        ((), {}),
        (("train.epochs=3", "seed=4"), {"train.epochs": 3, "seed": 4}),
        (("train.max_minutes=null", "data.root=a=b"), {"train.max_minutes": None, "data.root": "a=b"}),
        (("data.months=[6, 7]", "data.demo={ny: 20}"), {"data.months": [6, 7], "data.demo": {"ny": 20}}),
        (("seed=1", "seed=2"), {"seed": 2}),
    ],
)
def test_overrides_are_read_as_yaml(pairs: tuple[str, ...], values: dict[str, Any]) -> None:
    assert parse_overrides(pairs) == values


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("train.epochs", "--set 'train.epochs' is not KEY=VALUE; write for instance --set train.epochs=40"),
        ("=3", "is not KEY=VALUE"),
        ("data.months=[6", "the value is not valid YAML: expected ',' or ']'"),
    ],
)
def test_an_override_that_cannot_be_read_is_refused(pair: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_overrides((pair,))
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((), None),
        (("heavy_x",), "heavy_x"),
        (("2001-02-03",), ["2001-02-03"]),
        (("2001-02-03", "2001-02-04"), ["2001-02-03", "2001-02-04"]),
    ],
)
def test_days_are_a_set_or_dates(days: tuple[str, ...], expected: Any) -> None:
    assert days_or_set(days) == expected


def test_what_is_given_may_be_zero_but_not_none() -> None:
    assert given({"a": 0, "b": None, "c": False, "d": ""}) == {"a": 0, "c": False, "d": ""}


def test_options_lie_over_set_and_set_over_the_overlay_and_the_file(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(yaml.safe_dump({"seed": 1, "model": {"name": "flat"}, "train": {"epochs": 1, "lr": 0.1}}))
    overrides = ("train.epochs=2", "sampling.members=5")
    command = Common(config=file, model_config=OVERLAY, run=tmp_path / "run", set=overrides)
    config, run = command.open({"sampling.members": 6, "sampling.temperature": None})
    assert (config.seed, config.train.epochs, config.sampling.members) == (1, 2, 6)
    assert (config.train.lr, config.sampling.temperature) == (3.0e-4, 1.0), "of the overlay, and its default"
    assert run == Run(tmp_path / "run")


def test_without_a_configuration_that_of_the_run_folder_is_used_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Common(run=tmp_path).open()[0] == load_config()
    assert capsys.readouterr().err == ""
    Run(tmp_path).write_config(load_config(overrides={"seed": 7, "data.demo.years": 3}))
    config, _ = Common(model_config=OVERLAY, run=tmp_path).open()
    assert f"configuration: {tmp_path / 'config.yaml'}" in capsys.readouterr().err
    assert (config.seed, config.data.demo.years, config.model.name) == (7, 3, "flat"), "the overlay lies over it"
    other = tmp_path / "other.yaml"
    other.write_text("seed: 8")
    assert Common(config=other, run=tmp_path).open()[0].seed == 8
    assert capsys.readouterr().err == ""


def test_a_command_runs_the_stage_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(pipeline, "run_stage", lambda *values, **options: asked.append((values, options)))
    command = Prepare(run=tmp_path, set=("seed=3",))
    command.execute()
    command.run_stage({"seed": 4}, resume=True)
    (first, none), (second, resume) = asked
    assert [first[0], second[0]] == ["prepare", "prepare"]
    assert [first[1].seed, second[1].seed] == [3, 4]
    assert first[2] == second[2] == Run(tmp_path)
    assert none == {} and resume == {"resume": True}
