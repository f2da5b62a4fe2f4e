"""Checkpoints: weights in safetensors, beside them the configuration in JSON, and grids and statistics in NetCDF.

The file of weights is written last and holds the checksums of all three, so that it fits no other files than its own.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rainsmith.base.checksums import sha256_of_file, sha256_of_json
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.json_files import Record, read_record, write_json
from rainsmith.base.provenance import provenance
from rainsmith.config import Config, parse
from rainsmith.models.amounts_curve import of_this_version
from rainsmith.models.checkpoint_domain import read_domain, when_made, write_domain

SUFFIX = ".safetensors"
OF_NETWORK = "/"
"""What stands between the number of a network of a pool and the name of a weight."""
_MANIFEST = "manifest"
_SUMMED = ("weights", "config", "domain")
_DAMAGED = "take another checkpoint or train again"


class _About(Record):
    """The JSON file; without ``config`` it is of no use."""

    config: dict[str, Any]
    of_domain: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A trained network with all that is needed to use it without its store.

    Attributes:
        networks: the weights of each network, by name; a pool has several.
        config: the configuration that it was trained with.
        domain: the store without its time: grids, mask, static maps and training statistics.
        epoch: number of its last epoch, from 0.
        name: name of the file without its ending.
        sha256: hash of the file of weights.
    """

    networks: tuple[dict[str, Tensor], ...]
    config: Config
    domain: xr.Dataset
    epoch: int
    name: str
    sha256: str


def save(
    path: Path,
    weights: Mapping[str, Tensor],
    config: Config,
    domain: xr.Dataset,
    epoch: int,
    networks: int = 1,
    beside: Path | None = None,
    **more: Any,
) -> None:
    """Write a checkpoint: three files of one name. The weights come last, so that they never lie without the others.

    Args:
        path: of the weights (``*.safetensors``).
        weights: of the network, by name; of several networks, by number and name.
        config: the configuration of the training.
        domain: the store without its time.
        epoch: number of the epoch, from 0.
        networks: how many networks the weights belong to.
        beside: weights of a checkpoint of the same domain, whose file is copied where it is intact, which is quicker.
        more: further entries of the JSON file, such as scores of validation days.

    Raises:
        UserError: the weights could not be written.
    """
    settings = config.model_dump(mode="json", by_alias=True)
    about = {"config": settings, "provenance": provenance(config), "of_domain": when_made(domain)}
    write_json(path.with_suffix(".json"), about | more)
    write_domain(path.with_suffix(".nc"), domain, written=_intact_domain(beside))
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    manifest = {
        "epoch": epoch,
        "weights": _sha256_of_weights(contiguous, epoch),
        "config": sha256_of_json(settings),
        "domain": sha256_of_file(path.with_suffix(".nc")),
        **({"networks": networks} if networks > 1 else {}),
    }
    try:
        with atomic(path) as scratch:
            # one entry, since safetensors writes several in any order, and equal weights make equal files
            save_file(contiguous, scratch, metadata={_MANIFEST: json.dumps(manifest)})
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
    manifest = _manifest_of(path)
    epoch = int(manifest["epoch"])
    try:
        weights = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"checkpoint {path} is truncated or damaged ({error}); {_DAMAGED}") from None
    settings = path.with_suffix(".json")
    about = read_record(settings, _About, "a checkpoint is three files of one name; copy all of them", _DAMAGED)
    of_domain = path.with_suffix(".nc")
    _compare(manifest, "weights", path, _sha256_of_weights(weights, epoch))
    _compare(manifest, "config", settings, sha256_of_json(about.config))
    if of_domain.is_file():  # compared before it is opened: damage can stop a reader of HDF5 dead
        _compare(manifest, "domain", of_domain, sha256_of_file(of_domain))
    config = parse(about.config, origin=str(settings))
    domain = read_domain(of_domain, _DAMAGED).assign_attrs(about.of_domain)
    networks = tuple(map(of_this_version, _by_network(weights, manifest["networks"], path)))
    return Checkpoint(networks, config, domain, epoch, path.stem, sha256_of(path))


def _by_network(weights: dict[str, Tensor], networks: int, path: Path) -> tuple[dict[str, Tensor], ...]:
    """The weights of each network, by name."""
    if networks == 1:
        return (weights,)
    parts: list[dict[str, Tensor]] = [{} for _ in range(networks)]
    for name, tensor in weights.items():
        number, _, own = name.partition(OF_NETWORK)
        if not (number.isdecimal() and int(number) < networks and own):
            raise UserError(
                f"checkpoint {path} holds '{name}', which belongs to none of {networks} networks; {_DAMAGED}"
            )
        parts[int(number)][own] = tensor
    return tuple(parts)


def sha256_of(path: Path) -> str:
    """Hash of a file of weights, which says in later files what they were made with."""
    return sha256_of_file(path)


def weights_of(path: Path) -> tuple[int, str]:
    """Epoch (from 0) and hash of the weights, without reading them; no hash in the file of an earlier version.

    Raises:
        UserError: the file is truncated or damaged.
    """
    manifest = _manifest_of(path)
    return int(manifest["epoch"]), str(manifest.get("weights", ""))


def _manifest_of(path: Path) -> dict[str, Any]:
    """The epoch and the checksums; the epoch alone in the file of an earlier version.

    Raises:
        UserError: the file is truncated or damaged.
    """
    try:
        with safe_open(path, "pt") as opened:
            metadata = opened.metadata() or {}
        manifest = json.loads(metadata[_MANIFEST]) if _MANIFEST in metadata else {"epoch": metadata["epoch"]}
        if set(manifest) - {"networks"} not in ({"epoch"}, {"epoch", *_SUMMED}):
            raise ValueError(f"its manifest holds {', '.join(manifest)}")
        return {**manifest, "epoch": int(manifest["epoch"]), "networks": int(manifest.get("networks", 1))}
    except (SafetensorError, OSError, ValueError, TypeError, LookupError) as error:
        raise UserError(f"checkpoint {path} is truncated or damaged ({error}); {_DAMAGED}") from None


def _intact_domain(path: Path | None) -> Path | None:
    """The file of the domain of a checkpoint, where there is one and it is what it was when it was written."""
    if path is not None:
        of_domain = path.with_suffix(".nc")
        with suppress(UserError, OSError):
            if sha256_of_file(of_domain) == _manifest_of(path).get("domain"):
                return of_domain
    return None


def _compare(manifest: Mapping[str, Any], key: str, path: Path, found: str) -> None:
    """Refuse a file whose checksum is another one than that of the manifest, where this has one."""
    if manifest.get(key, found) != found:
        raise UserError(f"{path} is damaged, or of another checkpoint: its checksum does not match; {_DAMAGED}")


def _sha256_of_weights(weights: Mapping[str, Tensor], epoch: int) -> str:
    digest = hashlib.sha256(f"{epoch}".encode())
    for name in sorted(weights):
        tensor = weights[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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


def refuse_other_layers(build: Callable[[], nn.Module], checkpoint: Checkpoint) -> None:
    """Refuse a configuration whose network has other layers than the weights, before memory is asked for it.

    A network that cannot be planned without memory is not checked here: ``load_weights`` refuses it later.

    Args:
        build: makes the network of the checkpoint's configuration.
        checkpoint: the checkpoint.

    Raises:
        UserError: a layer is missing, is too much, or has another shape.
    """
    try:
        with torch.device("meta"):
            planned = {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}
    except (NotImplementedError, RuntimeError):
        return
    for weights in checkpoint.networks:
        there = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        for name in sorted(planned.keys() | there.keys()):
            if planned.get(name) != there.get(name):
                size = 4 * sum(math.prod(shape) for shape in planned.values()) / 2**30
                raise UserError(
                    f"checkpoint {checkpoint.name} is of another model configuration: layer {name} is "
                    f"{there.get(name, 'missing')} in the weights and {planned.get(name, 'missing')} in the "
                    f"configuration, whose network takes {size:.3g} GiB; {_DAMAGED}"
                )


def load_weights(network: Any, checkpoint: Checkpoint, number: int = 0) -> None:
    """Put the weights of one of a checkpoint's networks into a network.

    Raises:
        UserError: the network has other layers than the checkpoint.
    """
    try:
        network.load_state_dict(checkpoint.networks[number])
    except RuntimeError as error:
        first = " ".join(str(error).split())[:300]
        raise UserError(f"checkpoint {checkpoint.name} is of another model configuration: {first}") from None
