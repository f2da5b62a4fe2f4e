"""The run folder: where stages read and write, atomically, with provenance and progress."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import xarray as xr
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from rainsmith.config import Config, UserError

console = Console(stderr=True)
"""Where progress and notices go; results go to files."""


@dataclass(frozen=True)
class Run:
    """Paths of one run folder (DESIGN 4)."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store.zarr"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.folder / "samples"

    @property
    def evaluation(self) -> Path:
        return self.folder / "evaluation"

    @property
    def metrics_log(self) -> Path:
        return self.folder / "metrics.jsonl"

    def sample_path(self, model: str, mode: str, split: str, variant: str = "") -> Path:
        """Zarr store of the members of one model, mode and split."""
        return self.samples / f"{model}-{mode}-{split}{variant}.zarr"

    def open_store(self) -> xr.Dataset:
        """The prepared data; UserError where ``prepare`` has not run or its store is damaged."""
        return open_zarr(self.store, "run 'rainsmith prepare' first")

    def write_config(self, config: Config) -> None:
        """Keep the resolved configuration beside the results."""
        values = config.model_dump(mode="json", by_alias=True)
        with atomic(self.folder / "config.yaml") as path:
            path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def open_zarr(path: Path, advice: str) -> xr.Dataset:
    """Open a finished Zarr store lazily.

    Raises:
        UserError: the store is missing, unfinished or unreadable.
    """
    if not path.is_dir():
        raise UserError(f"{path} not found; {advice}")
    try:
        return xr.open_zarr(path, consolidated=False, decode_timedelta=False)
    except Exception as error:
        raise UserError(f"{path} cannot be read ({type(error).__name__}: {error}); delete it and {advice}") from None


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path (file or folder) beside ``path`` that takes its place only when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield scratch / path.name
        if path.is_dir():
            old = scratch / "replaced"
            path.rename(old)
        (scratch / path.name).replace(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write one JSON object atomically."""
    with atomic(path) as scratch:
        scratch.write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read one JSON object; UserError where it is missing or cut off."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is cut off or not JSON ({error}); write it again") from None
    return values


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON-lines file; a last line cut off by a kill is dropped."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def versions() -> dict[str, str]:
    """Versions of what a figure depends on."""
    names = ("rainsmith", "torch", "numpy", "xarray", "zarr", "scores", "scipy")
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def provenance(config: Config) -> dict[str, Any]:
    """What made a file: versions, seed, time and a hash of the configuration."""
    text = json.dumps(config.model_dump(mode="json", by_alias=True), sort_keys=True)
    return {
        "versions": versions(),
        "seed": config.seed,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def check_disk(folder: Path, needed_bytes: float, stage: str) -> None:
    """Refuse a stage that would not fit on the disk.

    Raises:
        UserError: less than ``needed_bytes`` (with a tenth to spare) is free.
    """
    existing = next(parent for parent in [folder, *folder.resolve().parents] if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < 1.1 * needed_bytes:
        raise UserError(
            f"{stage} needs about {needed_bytes / 2**20:.0f} MiB in {folder}, found {free / 2**20:.0f} MiB free; "
            "free some space or give another --run folder"
        )


def progress(*, quiet: bool = False) -> Progress:
    """A progress bar with time spent and time left, on standard error."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        disable=quiet or os.environ.get("RAINSMITH_QUIET") == "1",
    )
