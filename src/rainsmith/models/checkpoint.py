"""Checkpoints: weights in safetensors, beside them the configuration in JSON, and grids and statistics in NetCDF."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from rainsmith.base.cf import from_cf
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, write_netcdf
from rainsmith.base.json_files import read_json, write_json
from rainsmith.base.provenance import provenance
from rainsmith.config import Config, parse

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network with all that is needed to use it without its store.

    Attributes:
        weights: weights of the network, by name.
        config: the configuration that it was trained with.
        domain: the store without its time: grids, mask, static maps and training statistics.
        epoch: number of its last epoch, from 0.
        name: name of the file without its ending.
        sha256: hash of the file of weights.
    """

    weights: dict[str, Tensor]
    config: Config
    domain: xr.Dataset
    epoch: int
    name: str
    sha256: str


def save(
    path: Path, weights: Mapping[str, Tensor], config: Config, domain: xr.Dataset, epoch: int, **more: Any
) -> None:
    """Write a checkpoint: three files of one name. The weights come last, so that they never lie without the others.

    Args:
        path: of the weights (``*.safetensors``).
        weights: of the network, by name.
        config: the configuration of the training.
        domain: the store without its time.
        epoch: number of the epoch, from 0.
        more: further entries of the JSON file, such as scores of validation days.

    Raises:
        UserError: the weights could not be written.
    """
    write_json(
        path.with_suffix(".json"),
        {
            "config": config.model_dump(mode="json", by_alias=True),
            "provenance": provenance(config),
            **more,
        },
    )
    with atomic(path.with_suffix(".nc")) as scratch:
        write_netcdf(scratch, domain)
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    try:
        with atomic(path) as scratch:
            save_file(contiguous, scratch, metadata={"epoch": str(epoch)})
    except SafetensorError as error:
        raise UserError(f"{path} could not be written ({error}); free some space and go on with --resume") from None


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        UserError: the file is missing, truncated, without its JSON or NetCDF, or a ``.pt`` of the reference.
    """
    if path.suffix.lower() in (".pt", ".pth", ".ckpt"):
        raise UserError(
            f"{path} is a checkpoint of the reference and not readable; expected {SUFFIX}; "
            "retrain with the v3 settings (--model-config configs/models/v3.yaml)"
        )
    if path.suffix != SUFFIX:
        path = path.with_name(path.name + SUFFIX)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob(f"*{SUFFIX}"))) or "none"
        raise UserError(f"checkpoint {path} not found; found there: {known}; train first or name another")
    try:
        weights = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"checkpoint {path} is truncated or damaged ({error}); take another or train again") from None
    epoch = epoch_of(path)
    about = read_json(path.with_suffix(".json"))
    config = parse(about["config"], origin=str(path.with_suffix(".json")))
    return Checkpoint(weights, config, _read_domain(path.with_suffix(".nc")), epoch, path.stem, sha256_of(path))


def sha256_of(path: Path) -> str:
    """Hash of a file of weights, which says in later files what they were made with."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def epoch_of(path: Path) -> int:
    """Epoch (from 0) of a checkpoint, without reading its weights.

    Raises:
        UserError: the file is truncated or damaged.
    """
    try:
        with safe_open(path, "pt") as opened:
            return int((opened.metadata() or {}).get("epoch", -1))
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"checkpoint {path} is truncated or damaged ({error}); take another or train again") from None


def check_fits(checkpoint: Checkpoint, domain: xr.Dataset) -> None:
    """Refuse a checkpoint that was trained on another grid, other channels or other statics.

    A checkpoint that was trained on other days, which the training statistics show, is used, with a note.

    Args:
        checkpoint: the checkpoint.
        domain: a store, or a store without its time.

    Raises:
        UserError: names the first difference.
    """
    for dim in ("y", "x", "y_lr", "x_lr", "channel", "static"):
        trained, stored = checkpoint.domain.sizes.get(dim), domain.sizes.get(dim)
        if trained != stored:
            raise UserError(
                f"checkpoint {checkpoint.name} was trained with {dim} = {trained}, found {stored} in the store; "
                "give a checkpoint of the same grid and predictors, or train again"
            )
    trained_names, names = (list(map(str, d["channel"].values)) for d in (checkpoint.domain, domain))
    if trained_names != names:
        raise UserError(
            f"checkpoint {checkpoint.name} was trained with the channels {trained_names}, found {names}; "
            "give a checkpoint of the same predictors, or train again"
        )
    if not np.array_equal(checkpoint.domain["mask"].values, domain["mask"].values):
        raise UserError(
            f"checkpoint {checkpoint.name} was trained with another mask of valid cells; prepare and train again"
        )
    if not np.array_equal(checkpoint.domain["log_mean"].values, domain["log_mean"].values, equal_nan=True):
        console.print(
            f"note: checkpoint {checkpoint.name} was trained on other training days than those of this store; "
            "scores of days that it has seen prove nothing"
        )


def load_weights(network: Any, checkpoint: Checkpoint) -> None:
    """Put the weights into a network.

    Raises:
        UserError: the network has other layers than the checkpoint.
    """
    try:
        network.load_state_dict(checkpoint.weights)
    except RuntimeError as error:
        first = " ".join(str(error).split())[:300]
        raise UserError(f"checkpoint {checkpoint.name} is of another model configuration: {first}") from None


def _read_domain(path: Path) -> xr.Dataset:
    try:
        return from_cf(xr.load_dataset(path, engine="netcdf4", decode_timedelta=False))
    except FileNotFoundError:
        raise UserError(
            f"{path} not found; a checkpoint is three files of one name ({SUFFIX}, .json, .nc); copy all of them, "
            "or train again where an earlier version wrote it"
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{path} is damaged ({error}); take another checkpoint or train again") from None
