"""The arms of the experiment: which days a downscaler is trained on, and how often each of them is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.augment.stage import joined
from rainsmith.base.dims import in_day_set
from rainsmith.config import Config, Network
from rainsmith.experiment.text import CONTROLS

BETTER = "better"
"""In place of a mode: the one with the lower validation loss among the arms of the first network."""


@dataclass(frozen=True)
class Arm:
    """One training set.

    Attributes:
        name: real, oversampled, or <mode>-<percent>.
        mode: of the synthetic days, or "".
        percent: synthetic days for a hundred real ones.
    """

    name: str
    mode: str = ""
    percent: int = 0

    @classmethod
    def of(cls, name: str) -> Arm:
        """From its name."""
        if name in CONTROLS:
            return cls(name)
        mode, _, percent = name.partition("-")
        return cls(name, mode, int(percent))


@dataclass(frozen=True)
class Trial:
    """One training of one network."""

    network: Network
    arm: Arm
    seed: int

    @property
    def key(self) -> str:
        """Name of its file."""
        return f"{self.network}-{self.arm.name}-s{self.seed}"


def trials(config: Config) -> Iterator[Trial]:
    """All trainings of the experiment: network by network, seed by seed, so that an early stop leaves whole seeds."""
    for network, names in config.experiment.arms.items():
        for seed in config.experiment.seeds:
            for name in names:
                yield Trial(network, Arm.of(name), seed)


def resolved(trial: Trial, better: str) -> Trial:
    """The trial with the mode ``better`` in place of the word."""
    if trial.arm.mode != BETTER:
        return trial
    return Trial(trial.network, Arm.of(re.sub(f"^{BETTER}", better, trial.arm.name)), trial.seed)


def training_days(
    arm: Arm, real: xr.Dataset, synthetic: xr.Dataset | None, config: Config
) -> tuple[xr.Dataset, np.ndarray]:
    """The days of an arm, and how often each is drawn.

    Args:
        arm: the arm.
        real: the training days of the store.
        synthetic: its synthetic days, of ``augment``, or None.
        config: its ``downscale.oversample`` says which real days are drawn more often.
    """
    if synthetic is None:
        often = config.downscale.oversample
        times = often.times if arm.name == "oversampled" else 1.0
        return real, np.where(in_day_set(real, often.days), times, 1.0)
    days = joined(real, synthetic)
    return days, days["weight"].values.astype(np.float64)
