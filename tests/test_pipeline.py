"""The pipeline: what a stage depends on, what is skipped, and what a stage that fails leaves.

The stages of these tests only write their product; the real ones run in ``tests/cli`` and ``tests/end_to_end``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.config import Config, load_config
from rainsmith.pipeline import BY_NAME, ON_REQUEST, STAGES, fingerprint, is_current, run, run_stage
from rainsmith.run_folder import Run

IN_ORDER = ["prepare", "train", "sample", "evaluate", "diagnose", "augment", "report"]


class Stages:
    """Stages that write their product and note their name and options.

    Attributes:
        ran: what ran, in order.
        refused: the error that a stage raises, by name.
    """

    def __init__(self) -> None:
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.refused: dict[str, BaseException] = {}

    def names(self) -> list[str]:
        """Names of what ran since the last call."""
        names, self.ran = [name for name, _ in self.ran], []
        return names

    def load(self, stage: pipeline.Stage) -> Any:
        def function(config: Config, folder: Run, **options: Any) -> str:
            self.ran.append((stage.name, options))
            if stage.name in self.refused:
                raise self.refused[stage.name]
            product = folder.folder / stage.product
            product.parent.mkdir(parents=True, exist_ok=True)
            product.touch() if product.suffix in (".csv", ".json", ".html") else product.mkdir(exist_ok=True)
            return f"result of {stage.name}"

        return function


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    made = Stages()
    monkeypatch.setattr(pipeline.Stage, "load", lambda stage: made.load(stage))
    clock = iter(range(1, 10**6))
    monkeypatch.setattr(pipeline.time, "time", lambda: float(next(clock)))
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def configured(**overrides: Any) -> Config:
    return load_config(overrides={key.replace("__", "."): value for key, value in overrides.items()})


def test_every_stage_runs_in_order_and_once(stages: Stages, folder: Run) -> None:
    run(configured(), folder)
    assert stages.names() == IN_ORDER == [stage.name for stage in STAGES]
    run(configured(), folder)
    assert stages.names() == []


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"data__wet_mm": 0.2}, IN_ORDER),
        ({"train__lr": 0.1}, IN_ORDER[1:]),
        ({"seed": 3}, IN_ORDER[1:]),
        ({"model__dropout": 0.1}, IN_ORDER[1:]),
        ({"sampling__members": 3}, IN_ORDER[2:]),
        ({"evaluate__resamples": 60}, ["evaluate", "diagnose", "report"]),
        ({"augment__ratio": 0.1}, ["augment", "report"]),
        ({"sweep__members": 2, "downscale__steps": 3, "device": "cpu"}, []),
        ({"data__root": "/mounted/elsewhere"}, []),
    ],
)
def test_only_what_depends_on_a_change_runs_again(
    stages: Stages, folder: Run, change: dict[str, Any], again: list[str]
) -> None:
    run(configured(), folder)
    stages.names()
    run(configured(**change), folder)
    assert stages.names() == again


def test_a_stage_that_ran_again_renews_what_comes_after_it(stages: Stages, folder: Run) -> None:
    run(configured(), folder)
    run_stage("evaluate", configured(), folder)
    stages.names()
    run(configured(), folder)
    assert stages.names() == ["diagnose", "report"]


def test_an_experiment_renews_the_report_alone(stages: Stages, folder: Run) -> None:
    run(configured(), folder)
    run_stage("experiment", configured(), folder)
    stages.names()
    run(configured(), folder)
    assert stages.names() == ["report"]


def test_without_prior_members_there_is_no_diagnosis_and_still_a_report_of_today(stages: Stages, folder: Run) -> None:
    only = {"sampling__modes": ["posterior"]}
    run(configured(**only), folder)
    assert stages.names() == [name for name in IN_ORDER if name != "diagnose"]
    run(configured(**only, evaluate__resamples=60), folder)
    assert stages.names() == ["evaluate", "report"]


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_product_that_is_gone_is_made_again(stages: Stages, folder: Run, name: str) -> None:
    run(configured(), folder)
    product = folder.folder / BY_NAME[name].product
    product.rmdir() if product.is_dir() else product.unlink()
    assert not is_current(BY_NAME[name], configured(), folder)
    stages.names()
    run(configured(), folder)
    assert stages.names()[0] == name


def test_a_new_version_runs_everything_again(stages: Stages, folder: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(configured(), folder)
    stages.names()
    monkeypatch.setattr(pipeline, "__version__", "0.0.0")
    run(configured(), folder)
    assert stages.names() == IN_ORDER


def test_a_training_that_was_stopped_goes_on(stages: Stages, folder: Run) -> None:
    stages.refused["train"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(configured(), folder)
    assert stages.ran == [("prepare", {}), ("train", {"resume": False})]
    folder.checkpoints.mkdir()
    (folder.checkpoints / "last.ckpt").touch()  # what a training leaves that has saved its state
    stages.names()
    stages.refused.clear()
    run(configured(), folder)
    assert stages.ran[0] == ("train", {"resume": True})
    assert stages.names() == IN_ORDER[1:]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("killed")])
def test_a_stage_that_was_stopped_is_not_current(stages: Stages, folder: Run, error: BaseException) -> None:
    run_stage("prepare", configured(), folder)
    stages.refused["prepare"] = error
    with pytest.raises(type(error)):
        run_stage("prepare", configured(), folder)
    assert not is_current(BY_NAME["prepare"], configured(), folder), "it may have left half of its work"


def test_a_refused_stage_leaves_its_record_as_it_was(stages: Stages, folder: Run) -> None:
    record = folder.folder / "stages" / "prepare.json"
    stages.refused["prepare"] = UserError("no such file")
    with pytest.raises(UserError):
        run_stage("prepare", configured(), folder)
    assert not record.exists(), "it never ran"
    stages.refused.clear()
    run_stage("prepare", configured(), folder)
    before = record.read_text()
    stages.refused["prepare"] = UserError("no such file")
    with pytest.raises(UserError):
        run_stage("prepare", configured(data__wet_mm=1.0), folder)
    assert record.read_text() == before
    assert is_current(BY_NAME["prepare"], configured(), folder)


def test_a_stage_returns_its_result_and_records_how_long_it_took(stages: Stages, folder: Run) -> None:
    assert run_stage("sweep", configured(), folder, extra=1) == "result of sweep"
    assert stages.ran == [("sweep", {"extra": 1})]
    record = read_json(folder.folder / "stages" / "sweep.json")
    assert record["finished"] and record["seconds"] == 1 and record["version"] == pipeline.__version__


def test_one_of_several_processes_leaves_the_records_to_the_first(
    stages: Stages, folder: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    run_stage("prepare", configured(), folder)
    assert not (folder.folder / "stages").exists()


def test_data_files_count_by_name_size_and_time_and_not_by_their_place(tmp_path: Path, folder: Run) -> None:
    def prints(root: Path) -> str:
        data = {"kind": "gridded", "target": {"files": "rain_*.nc"}, "predictors": [{"files": "msl.nc"}]}
        return fingerprint(BY_NAME["prepare"], load_config(overrides={"data": {**data, "root": str(root)}}), folder)

    first, second = tmp_path / "a", tmp_path / "b"
    for root in (first, second):
        root.mkdir()
        for name in ("rain_1.nc", "msl.nc", "unused.nc"):
            (root / name).write_text(name)
            os.utime(root / name, ns=(10**18, 10**18))
    before = prints(first)
    assert prints(second) == before
    (first / "unused.nc").write_text("another text")
    assert prints(first) == before
    os.utime(first / "msl.nc", ns=(10**18, 2 * 10**18))
    touched = prints(first)
    (second / "rain_2.nc").touch()
    assert len({before, touched, prints(second)}) == 3


def test_the_files_of_a_mask_and_those_in_a_store_count(tmp_path: Path, folder: Run) -> None:
    """The time of change of a folder is not that of the chunks in it."""
    chunk = tmp_path / "rain.zarr" / "pr" / "c" / "0"
    chunk.parent.mkdir(parents=True)
    for file in (chunk, tmp_path / "msl.nc", tmp_path / "basin.nc"):
        file.write_text("one")
    data = {"kind": "gridded", "root": str(tmp_path), "target": {"files": "rain.zarr"}, "mask": {"files": "basin.nc"}}
    config = load_config(overrides={"data": {**data, "predictors": [{"files": "msl.nc"}]}})
    before = fingerprint(BY_NAME["prepare"], config, folder)
    assert fingerprint(BY_NAME["prepare"], config, folder) == before
    (tmp_path / "basin.nc").write_text("a new basin")
    with_mask = fingerprint(BY_NAME["prepare"], config, folder)
    chunk.write_text("new rain")
    assert len({before, with_mask, fingerprint(BY_NAME["prepare"], config, folder)}) == 3


def test_a_look_at_the_data_prepares_them_first_and_only_where_that_is_due(stages: Stages, folder: Run) -> None:
    assert pipeline.inspect(configured(), folder) == "result of inspect"
    assert stages.names() == ["prepare", "inspect"]
    pipeline.inspect(configured(), folder)
    assert stages.names() == ["inspect"]
    pipeline.inspect(configured(data__wet_mm=0.2), folder)
    assert stages.names() == ["prepare", "inspect"]
    run(configured(data__wet_mm=0.2), folder)
    assert stages.names() == IN_ORDER[1:]  # the store is that of the run


def test_a_look_never_replaces_the_data_of_a_training(stages: Stages, folder: Run) -> None:
    run(configured(), folder)
    (folder.checkpoints / "last.ckpt").touch()
    stages.names()
    with pytest.raises(UserError, match="holds a training on data of another configuration"):
        pipeline.inspect(configured(data__wet_mm=0.2), folder)
    assert stages.names() == []
    pipeline.inspect(configured(data__wet_mm=0.2), folder, as_it_is=True)
    pipeline.inspect(configured(), folder)
    assert stages.names() == ["inspect", "inspect"]


def test_every_stage_is_where_its_record_says() -> None:
    for stage in (*STAGES, *ON_REQUEST):
        assert stage.load().__name__ == stage.name
        assert set(stage.sections) <= set(Config.model_fields)
        assert set(stage.after) <= set(BY_NAME)
