"""What a run folder holds, as a hash for each finished file or store, without what differs between any two runs.

    python benchmarks/products.py FOLDER

``kills.py`` compares the folders of killed and of undisturbed stages with it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import xarray as xr

DIFFERS = {"created", "history", "provenance", "seconds", "elapsed", "stamp", "sha256"}
"""Keys that hold times, or where a run was made, and the seal of metadata that holds them."""
_TIMES = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?|\d{4}-\d\d-\d\d \d\d:\d\d[^<]*|[\d.]+ (s|min|h)\b"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def plain(value: Any) -> Any:
    """A JSON value without the keys that differ, also in a text that is itself a JSON object."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in sorted(value.items()) if key not in DIFFERS}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def of_store(path: Path) -> str:
    """All chunks of a Zarr store, and its metadata."""
    if not (path / "zarr.json").is_file():
        return "unreadable: no zarr.json"
    parts = []
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.name.endswith(".partial"):
            data = file.read_bytes()
            if file.name == "zarr.json":
                data = json.dumps(plain(json.loads(data))).encode()
            parts.append(f"{file.relative_to(path)} {digest(data)}")
    return digest("\n".join(parts).encode())


def of_netcdf(path: Path) -> str:
    with xr.open_dataset(path, engine="netcdf4") as opened:
        parts = [str(plain({key: str(value) for key, value in opened.attrs.items()})), str(dict(opened.sizes))]
        for name in sorted(map(str, opened.variables)):
            values = opened[name].values
            values = values.astype(str) if values.dtype.kind in "OTU" else np.ascontiguousarray(values)
            parts.append(f"{name}{opened[name].dims}{digest(values.tobytes())}")
    return digest("|".join(parts).encode())


def of_state(path: Path) -> str:
    """The state that a training resumes from."""
    lines: list[str] = []

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key in value.keys() - DIFFERS:
                walk(f"{name}.{key}", value[key])
        elif isinstance(value, torch.Tensor):
            lines.append(f"{name} {digest(value.contiguous().numpy().tobytes())}")
        else:
            lines.append(f"{name} {value}")

    walk("", torch.load(path, weights_only=True))
    return digest("\n".join(sorted(lines)).encode())


def of_json(path: Path) -> str:
    return digest(json.dumps([plain(json.loads(text)) for text in rows_of(path)]).encode())


def rows_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return text.splitlines() if path.suffix == ".jsonl" else [text]


def of_table(path: Path) -> str:
    table = pd.read_csv(path)
    return digest(table.drop(columns=[name for name in DIFFERS if name in table]).to_csv().encode())


BY_ENDING: dict[str, Callable[[Path], str]] = {
    ".zarr": of_store,
    ".nc": of_netcdf,
    ".ckpt": of_state,
    ".json": of_json,
    ".jsonl": of_json,
    ".csv": of_table,
    ".html": lambda path: digest(re.sub(_TIMES, "", path.read_text(encoding="utf-8")).encode()),
}


def hash_of(path: Path) -> str:
    try:
        return BY_ENDING.get(path.suffix, lambda file: digest(file.read_bytes()))(path)
    except Exception as error:
        return f"unreadable: {type(error).__name__}"


def is_scratch(name: str) -> bool:
    return name.startswith(".") or name.endswith((".part", ".done", ".partial"))


def contents(folder: Path) -> tuple[dict[str, str], list[str]]:
    """The hash of every finished file or store by its path in the folder, and the paths of scratch."""
    finished: dict[str, str] = {}
    scratch: list[str] = []
    for base, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(base) / name
            if is_scratch(name):
                scratch.append(str(path.relative_to(folder)))
            elif name.endswith(".zarr") or name in files:
                finished[str(path.relative_to(folder))] = hash_of(path)
                scratch += [str(chunk.relative_to(folder)) for chunk in path.rglob("*.partial")]
        folders[:] = [name for name in folders if not is_scratch(name) and not name.endswith(".zarr")]
    return finished, scratch


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    print(json.dumps(contents(parser.parse_args().folder), indent=1))


if __name__ == "__main__":
    main()
