"""The command ``inspect``: its configuration by position, and the characters of the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.cli import main as cli
from rainsmith.cli.inspect_data import Inspect, printable
from rainsmith.config import Config
from rainsmith.run_folder import Run


class Found:
    def text(self) -> str:
        return "the page"


@pytest.mark.parametrize(
    ("arguments", "seed", "as_it_is"),
    [
        (["{file}"], 7, False),
        (["--config", "{file}"], 7, False),
        (["--set", "seed=5"], 5, False),
        ([], 0, True),
    ],
)
def test_the_configuration_may_be_given_by_position(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    seed: int,
    as_it_is: bool,
) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("seed: 7")
    asked: list[tuple[Any, ...]] = []

    def inspect(config: Config, run: Run, *, as_it_is: bool) -> Found:
        asked.append((config.seed, run.folder, as_it_is))
        return Found()

    monkeypatch.setattr(pipeline, "inspect", inspect)
    cli.main(["inspect", *(text.format(file=file) for text in arguments), "--run", str(tmp_path / "run")])
    assert asked == [(seed, tmp_path / "run", as_it_is)]
    assert capsys.readouterr().out == "the page\n"


def test_two_configurations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected one configuration"):
        Inspect(config=tmp_path / "a.yaml", file=tmp_path / "b.yaml").execute()


def test_a_terminal_without_shades_gets_plain_characters() -> None:
    assert printable("█ 5°N – naïve", "utf-8") == "█ 5°N – naïve"
    assert printable("█ 5°N – naïve", "ascii") == "@ 5 N - na?ve"
