"""Files: written beside their place and renamed, read with one line where they are damaged."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from rainsmith.base.errors import UserError


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
