"""One downscaler of one seed: it is trained, or taken from its file where that was trained in the same way."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith import __version__
from rainsmith.base.console import console
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.config import Config
from rainsmith.data.store import fingerprint_of
from rainsmith.downscale.lessons import Lessons
from rainsmith.downscale.prediction import load_downscaler
from rainsmith.downscale.training import train_downscaler, warning_of_jumps
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.precision import pick_device

_OF_FORECASTS = {"seeds", "splits"}
"""Keys of ``downscale`` that do not change the weights."""


@dataclass(frozen=True)
class Trainings:
    """What the trainings of all seeds share.

    Attributes:
        config: the configuration.
        store: all days.
        training: the training days.
        weights: how often each of them is drawn; None draws all alike.
        lessons: what members say of them; None where nothing is learned from members.
    """

    config: Config
    store: xr.Dataset
    training: xr.Dataset
    weights: np.ndarray | None
    lessons: Lessons | None = None

    def data(self) -> str:
        """Hash of the days and of how often each is drawn."""
        digest = hashlib.sha256(fingerprint_of(self.store).encode())
        if "synthetic" in self.training:
            digest.update(fingerprint_of(self.training).encode())
        if self.weights is not None:
            digest.update(self.weights.tobytes())
        if self.lessons is not None:
            digest.update(self.lessons.amounts.tobytes())
        return digest.hexdigest()


def downscaler_of(trainings: Trainings, seed: int, data: str, path: Path, *, keep: bool) -> Downscaler:
    """The downscaler of a seed, whose file is there afterwards.

    Args:
        trainings: configuration and days.
        seed: of the first weights and the order of the days.
        data: hash of the days, ``Trainings.data``.
        path: of its weights.
        keep: take it from its file, without training, where the file is of the same seed, settings, days and version.

    Raises:
        UserError: the training diverged.
    """
    config, identity = trainings.config, _identity(trainings.config, seed, data)
    if keep and (kept := _kept(path, identity, config)) is not None:
        console.print(f"downscale: {path.name} was trained with the same settings and days, and is kept")
        return kept
    domain = trainings.store.drop_dims(TIME).load()
    module = train_downscaler(
        config.downscale,
        domain,
        trainings.training,
        in_split(trainings.store, "validation"),
        seed=seed,
        device=config.device,
        weights=trainings.weights,
        lessons=trainings.lessons,
        wet_mm=config.data.wet_mm,
    )
    if warning := warning_of_jumps(module.history):
        console.print(warning, soft_wrap=True)
    last = module.history[-1]["step"] if module.history else 0
    of_seed = config.model_copy(update={"seed": seed})
    checkpoints.save(
        path, module.state_dict(), of_seed, domain, int(last), history=module.history, trained_with=identity
    )
    return module


def _identity(config: Config, seed: int, data: str) -> str:
    """Hash of all that the weights depend on."""
    settings = config.downscale.model_dump(mode="json", exclude=_OF_FORECASTS)
    values = [__version__, seed, settings, config.data.wet_mm, pick_device(config.device).type, data]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _kept(path: Path, identity: str, config: Config) -> Downscaler | None:
    """The downscaler of a file that was trained in this way; None where there is none, or it is damaged."""
    try:
        if not path.is_file() or read_json(path.with_suffix(".json")).get("trained_with") != identity:
            return None
        return load_downscaler(path, pick_device(config.device))
    except UserError as error:
        console.print(f"downscale: {error}; it is trained again", soft_wrap=True, markup=False)
        return None
