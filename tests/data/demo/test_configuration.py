"""The configuration of the demo that travels with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.data.demo.configuration import demo_file, write_demo_file

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


def test_it_is_the_one_of_the_repository() -> None:
    with demo_file() as file:
        ours = file.read_bytes()
    assert ours == (CONFIGS / "demo.yaml").read_bytes(), (
        "configs/demo.yaml and src/rainsmith/data/demo/demo.yaml differ; copy the one that you changed over the other"
    )


def test_it_is_written_with_its_comments_and_never_over_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "mine.yaml"
    write_demo_file(path)
    assert path.read_text(encoding="utf-8").startswith("#")
    assert load_config(path).data.kind == "demo"
    path.write_text("seed: 3")
    with pytest.raises(UserError, match="is there already; give another name"):
        write_demo_file(path)
    assert path.read_text() == "seed: 3"
