"""The resume state of a training: all that the loop changes, written atomically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, read_jsonl
from rainsmith.base.nested import flattened
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.train import best_epoch

FREE_TO_CHANGE = {
    "epochs",
    "max_minutes",
    "early_stopping_patience",
    "save_every",
    "validate_every",
    "save_last_seconds",
}
"""Keys of ``train`` that may differ between a training and its continuation."""


def fresh_state(config: Config, store: xr.Dataset, precision: str, monitors: tuple[str, ...]) -> dict[str, Any]:
    """Where a training stands before its first step; plain values only."""
    return {
        "epoch": 0,
        "step": 0,  # within the epoch
        "sums": {},  # of the loss terms in this epoch
        "kl": [],
        "seconds": 0.0,  # of training in this epoch
        "elapsed": 0.0,  # [s] of the whole training, over all sittings
        "finished": False,
        "precision": precision,
        "best": {name: best_epoch.nothing_yet() for name in monitors},
        "config": identity(config, store),
    }


def start_epoch(state: dict[str, Any], epoch: int) -> None:
    """Move to the beginning of an epoch."""
    state.update({"epoch": epoch, "step": 0, "sums": {}, "kl": [], "seconds": 0.0})


def write(path: Path, state: dict[str, Any], **parts: dict[str, Any]) -> None:
    """Write the state with the state dicts of network, optimiser, average and objective."""
    try:
        with atomic(path) as scratch:
            torch.save({**state, **parts}, scratch)
    except RuntimeError as error:  # torch's way to say that a write failed
        raise UserError(f"{path} could not be written ({error}); free some space and go on with --resume") from None


def read(path: Path, config: Config, store: xr.Dataset) -> dict[str, Any]:
    """Read a state.

    Raises:
        UserError: it is missing, truncated, or of another configuration.
    """
    if not path.is_file():
        raise UserError(f"{path} not found: there is nothing to resume; train without --resume")
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(
            f"{path} is truncated or damaged ({type(error).__name__}); train again in another --run"
        ) from None
    was, now = flattened(json.loads(saved["config"])), flattened(json.loads(identity(config, store)))
    changed = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
    if changed:
        raise UserError(
            f"{path} is of another configuration ({', '.join(changed)} differ); resume with the same configuration"
        )
    return saved


def truncate_log(path: Path, epochs: int) -> None:
    """Drop log rows of epochs after the saved state: they will be written again."""
    rows = [row for row in read_jsonl(path) if row["epoch"] < epochs]
    with atomic(path) as scratch:
        scratch.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def identity(config: Config, store: xr.Dataset) -> str:
    """What must not change between a training and its continuation, as JSON: settings and data."""
    values = config.model_dump(mode="json", include={"seed", "model"})
    values["train"] = config.train.model_dump(mode="json", exclude=FREE_TO_CHANGE)
    values["transform"] = config.transform
    values["data"] = fingerprint_of(store)
    return json.dumps(values, sort_keys=True)
