"""The state that ``--resume`` goes on from: everything that the loop changes, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from pydantic import BaseModel, ConfigDict, ValidationError

from rainsmith.base.checksums import is_intact, sign
from rainsmith.base.dotted_keys import flattened
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.train import best_epoch
from rainsmith.train.log import read_log

FREE_TO_CHANGE = {
    "epochs",
    "max_minutes",
    "early_stopping_patience",
    "save_every",
    "validate_every",
    "save_last_seconds",
    "epoch_steps",
    "accumulate",
}
"""Keys of ``train`` that may differ between a training and its continuation."""


class _Best(BaseModel):
    score: float
    epoch: int
    weekly: list[float]


class _State(BaseModel):
    """What a state must hold to be gone on with: what ``fresh_state`` lists, and the parts."""

    model_config = ConfigDict(extra="ignore")

    epoch: int
    step: int
    sums: dict[str, float]
    kl: list[float]
    seconds: float
    elapsed: float
    finished: bool
    precision: str
    best: dict[str, _Best]
    config: str
    network: dict[str, Any]
    optimiser: dict[str, Any]
    average: dict[str, Any]
    objective: dict[str, Any]


def fresh_state(config: Config, store: xr.Dataset, precision: str, monitors: tuple[str, ...]) -> dict[str, Any]:
    """Where a training stands before its first step; plain values only.

    Args:
        config: the configuration.
        store: the prepared data.
        precision: number format of the products, fp32 or bf16.
        monitors: names of the best checkpoints that are kept.
    """
    return {
        "epoch": 0,  # number of the present epoch
        "step": 0,  # steps of this epoch that are done
        "sums": {},  # sums of the terms of the loss over those steps
        "kl": [],  # sums of the KL divergence of each latent dimension over those steps [nats]
        "seconds": 0.0,  # [s] time that those steps took
        "elapsed": 0.0,  # [s] time that the whole training took, with what was before a stop
        "finished": False,
        "precision": precision,
        "best": {name: best_epoch.nothing_yet() for name in monitors},
        "config": identity(config, store),
    }


def start_epoch(state: dict[str, Any], epoch: int) -> None:
    """Move to the beginning of an epoch."""
    state.update({"epoch": epoch, "step": 0, "sums": {}, "kl": [], "seconds": 0.0})


def write(path: Path, state: dict[str, Any], **parts: dict[str, Any]) -> None:
    """Write the state, and beside it the state dicts of network, optimiser, average and objective.

    Raises:
        UserError: the file could not be written.
    """
    try:
        with atomic(path) as scratch:
            torch.save({**state, **parts}, scratch)
            sign(scratch)
    except RuntimeError as error:  # torch's way to say that a write failed
        raise UserError(f"{path} could not be written ({error}); free some space and go on with --resume") from None


def read(path: Path, config: Config, store: xr.Dataset) -> dict[str, Any]:
    """Read a state.

    Raises:
        UserError: it is missing, damaged, of another form, or of another configuration.
    """
    if not path.is_file():
        raise UserError(f"{path} not found: there is nothing to resume; train without --resume")
    advice = "the saved checkpoints still draw members; to train, delete it and train again, or give another --run"
    try:
        intact = is_intact(path)
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True) if intact else {}
    except Exception as error:
        raise UserError(f"{path} is truncated or damaged ({type(error).__name__}); {advice}") from None
    if not intact:
        raise UserError(f"{path} is truncated or damaged: its checksum does not match; {advice}")
    try:
        _State.model_validate(saved)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "it"
        raise UserError(f"{path} is no state of a training ({key}: {first['msg'].lower()}); {advice}") from None
    was, now = flattened(json.loads(saved["config"])), flattened(json.loads(identity(config, store)))
    changed = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
    if changed:
        raise UserError(
            f"{path} is of another configuration ({', '.join(changed)} differ); resume with the same configuration"
        )
    return saved


def truncate_log(path: Path, epochs: int) -> None:
    """Drop the rows of the log from epoch ``epochs`` on: those epochs are trained and written again."""
    rows = [row for row in read_log(path) if row["epoch"] < epochs]
    with atomic(path) as scratch:
        scratch.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def identity(config: Config, store: xr.Dataset) -> str:
    """What must not change between a training and its continuation, as JSON: settings and data."""
    values = config.model_dump(mode="json", include={"seed", "model"})
    not_there = set() if config.train.pool > 1 else {"pool", "cross_fit"}
    values["train"] = config.train.model_dump(mode="json", exclude=FREE_TO_CHANGE | not_there)
    values["transform"] = config.transform
    values["data"] = fingerprint_of(store)
    return json.dumps(values, sort_keys=True)
