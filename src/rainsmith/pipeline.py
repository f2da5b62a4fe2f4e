"""The stages in order; a stage whose inputs have not changed is skipped."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rainsmith import __version__
from rainsmith.config import Config, UserError
from rainsmith.run import Run, console, read_json, write_json


@dataclass(frozen=True)
class Stage:
    """One stage: where its function lives, which config sections and which earlier stages it depends on."""

    name: str
    module: str
    sections: tuple[str, ...]
    after: tuple[str, ...]
    product: str  # what must still be there, below the run folder

    def load(self) -> Callable[..., Any]:
        """The stage's function, imported only when it runs."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


STAGES = (
    Stage("prepare", "rainsmith.data.prepare", ("data",), (), "store.zarr"),
    Stage("train", "rainsmith.train", ("seed", "model", "loss", "objective", "train"), ("prepare",), "checkpoints"),
    Stage("sample", "rainsmith.sample", ("sampling",), ("train",), "samples"),
    Stage("evaluate", "rainsmith.evaluate", ("evaluate",), ("sample",), "evaluation/metrics.csv"),
    Stage("augment", "rainsmith.augment", ("augment", "sampling"), ("train",), "augmented.zarr"),
    Stage("report", "rainsmith.report", (), ("evaluate", "augment"), "report.html"),
)
BY_NAME = {stage.name: stage for stage in STAGES}


def run(config: Config, folder: Run) -> None:
    """Every stage in order; those whose inputs have not changed are skipped.

    A training that was stopped goes on where it stopped.

    Raises:
        UserError: from a stage, or where the folder holds a training of another configuration.
    """
    for stage in STAGES:
        if is_current(stage, config, folder):
            console.print(f"{stage.name}: unchanged, skipped")
            continue
        options = {"resume": _resumes(config, folder)} if stage.name == "train" else {}
        run_stage(stage.name, config, folder, **options)


def run_stage(name: str, config: Config, folder: Run, **options: Any) -> Any:
    """Run one stage and keep its fingerprint in ``stages/<stage>.json``."""
    stage = BY_NAME[name]
    record = folder.folder / "stages" / f"{name}.json"
    values = {"fingerprint": fingerprint(stage, config, folder), "version": __version__}
    console.print(f"[bold]{name}[/bold]")
    started = time.monotonic()
    _write_record(record, {**values, "finished": False})
    result = stage.load()(config, folder, **options)
    _write_record(record, {**values, "finished": True, "seconds": round(time.monotonic() - started, 1)})
    return result


def _write_record(path: Path, values: dict[str, Any]) -> None:
    if os.environ.get("RANK", "0") == "0":  # one process of several
        write_json(path, values)


def is_current(stage: Stage, config: Config, folder: Run) -> bool:
    """Whether the stage finished with the inputs that it would have now."""
    record = folder.folder / "stages" / f"{stage.name}.json"
    if not record.exists() or not (folder.folder / stage.product).exists():
        return False
    kept = read_json(record)
    return bool(kept["finished"]) and kept["fingerprint"] == fingerprint(stage, config, folder)


def fingerprint(stage: Stage, config: Config, folder: Run) -> str:
    """Hash of the stage's config sections, its inputs and the version."""
    values = config.model_dump(mode="json", by_alias=True)
    parts: list[Any] = [__version__, stage.name, {section: values[section] for section in stage.sections}]
    if stage.name == "prepare":
        parts.append(_input_files(config))
    parts += [fingerprint(BY_NAME[name], config, folder) for name in stage.after]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _resumes(config: Config, folder: Run) -> bool:
    """Whether an unfinished training of this very configuration is there."""
    if not (folder.checkpoints / "last.ckpt").exists():
        return False
    record = folder.folder / "stages" / "train.json"
    if record.exists() and read_json(record)["fingerprint"] == fingerprint(BY_NAME["train"], config, folder):
        return True
    raise UserError(
        f"{folder.checkpoints} holds a training of another configuration; give another --run, or delete that folder"
    )


def _input_files(config: Config) -> list[tuple[str, int, int]]:
    """Name, size and time of change of every file under ``data.root`` that the configuration names."""
    data = config.data
    if data.kind == "demo":
        return []
    if data.kind != "gridded":
        files = [*data.root.rglob("*.npy"), *data.root.rglob("*.json")]
    else:
        from rainsmith.data.source import resolve_files

        predictors, statics = [s.files for s in data.predictors], [s.files for s in data.statics]
        named = [data.target.files, data.coarse_grid, *predictors, *statics]
        files = [file for pattern in named if pattern is not None for file in resolve_files(pattern, data.root)]
    return [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(files)]
