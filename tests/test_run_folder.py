"""The run folder: its paths, and the configuration that it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.run_folder import Run


def test_a_path_may_be_text(tmp_path: Path) -> None:
    assert Run(str(tmp_path)) == Run(tmp_path)
    assert Run("runs/x").folder == Path("runs/x")
    assert len({Run("runs/x"), Run(Path("runs/x")), Run("runs/y")}) == 2


def test_every_file_has_its_place(tmp_path: Path) -> None:
    run = Run(tmp_path)
    places = [run.store, run.checkpoints, run.samples, run.evaluation, run.metrics_log]
    names = ["store.zarr", "checkpoints", "samples", "evaluation", "metrics.jsonl"]
    assert places == [tmp_path / name for name in names]
    assert run.sample_path("flat", "prior", "test") == tmp_path / "samples" / "flat-prior-test.zarr"
    assert run.sample_path("flat", "posterior", "test", "-keep1").name == "flat-posterior-test-keep1.zarr"
    assert list(tmp_path.iterdir()) == [], "asking for a path makes nothing"


def test_a_run_cannot_be_moved() -> None:
    with pytest.raises(AttributeError):
        Run("runs/x").folder = Path("runs/y")  # type: ignore[misc]


def test_without_a_store_prepare_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"store.zarr not found; run 'rainsmith prepare' first"):
        Run(tmp_path).open_store()


def test_the_store_is_opened(prepared: Run) -> None:
    assert {"precip", "predictors", "split"} <= set(prepared.open_store())


def test_the_configuration_is_kept_with_every_key(tmp_path: Path) -> None:
    config = load_config(overrides={"model.name": "flat", "train.epochs": 3})
    run = Run(tmp_path / "new" / "run")
    run.write_config(config)
    values = yaml.safe_load((run.folder / "config.yaml").read_text())
    assert list(values) == list(type(config).model_fields)
    assert values["train"]["epochs"] == 3 and values["train"]["ema"] == config.train.ema
    assert load_config(run.folder / "config.yaml") == config
