"""The arms of the experiment: which days a downscaler is trained on, and how often each of them is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.augment.training_set import append_synthetic
from rainsmith.base.dims import in_day_set
from rainsmith.config import Config

CONTROLS = ("real", "oversampled")
"""Arms without synthetic days. The others are compared with the better of the two."""
BETTER = "better"
"""Stands for a mode: the one with the lower validation loss among the arms of the first network."""


DISTIL = "distil"
"""Begins the name of an arm that learns from members."""
MEMBERS = "members"
"""Begins the name of an arm without a downscaler, whose forecasts are the quantiles of members."""


@dataclass(frozen=True)
class Arm:
    """One training set.

    Attributes:
        name: ``real``, ``oversampled``, ``<mode>-<percent>``, ``distil-<members>`` or ``members-<members>``.
        mode: the mode in which synthetic days are drawn, ``BETTER``, or "" without synthetic days.
        percent: number of synthetic days for a hundred real ones.
        members: of each day that a downscaler learns from, or that are the forecast themselves; 0 for none.
    """

    name: str
    mode: str = ""
    percent: int = 0
    members: int = 0

    @property
    def trains(self) -> bool:
        """Whether a downscaler is trained."""
        return not self.name.startswith(MEMBERS)

    @classmethod
    def of(cls, name: str) -> Arm:
        """The arm of a name."""
        if name in CONTROLS:
            return cls(name)
        kind, _, number = name.partition("-")
        if kind in (DISTIL, MEMBERS):
            return cls(name, members=int(number))
        return cls(name, kind, int(number))


@dataclass(frozen=True)
class Trial:
    """One training of one network on one arm."""

    network: str
    arm: Arm
    seed: int

    @property
    def key(self) -> str:
        """The name of its file."""
        return f"{self.network}-{self.arm.name}-s{self.seed}"


def trials(config: Config) -> Iterator[Trial]:
    """All trials of the experiment, seed by seed in each network, so that an early stop leaves whole seeds."""
    for network, names in config.experiment.arms_with_ratios.items():
        for seed in config.experiment.seeds:
            for name in names:
                yield Trial(network, Arm.of(name), seed)


def resolved(trial: Trial, losses: Mapping[Trial, float]) -> Trial:
    """The trial with a mode in place of ``BETTER``.

    Args:
        trial: as the configuration asks for it.
        losses: validation loss of each trial so far; the first is one of the first network.
    """
    if trial.arm.mode != BETTER:
        return trial
    mode = better_mode(losses, trial.arm.percent)
    return Trial(trial.network, Arm.of(re.sub(f"^{BETTER}", mode, trial.arm.name)), trial.seed)


def better_mode(losses: Mapping[Trial, float], percent: int) -> str:
    """The mode whose arm gave the first network the lower mean validation loss.

    Only seeds that all modes have are counted. Where there are none, the first mode that was trained is taken, and
    ``prior`` where no mode was.

    Args:
        losses: validation loss of each trial so far; the first is one of the first network.
        percent: of the arms that are compared.
    """
    by_mode: dict[str, dict[int, float]] = {}
    for trial, loss in losses.items():
        if trial.network == next(iter(losses)).network and trial.arm.mode and trial.arm.percent == percent:
            by_mode.setdefault(trial.arm.mode, {})[trial.seed] = loss
    shared = set.intersection(*map(set, by_mode.values())) if by_mode else set()
    if not shared:
        return next(iter(by_mode), "prior")
    mean_losses = {mode: float(np.mean([of_seed[seed] for seed in shared])) for mode, of_seed in by_mode.items()}
    return min(mean_losses, key=mean_losses.__getitem__)


def training_days(
    arm: Arm, real: xr.Dataset, synthetic: xr.Dataset | None, config: Config
) -> tuple[xr.Dataset, np.ndarray]:
    """The days of an arm, and how often each is drawn.

    Args:
        arm: the arm.
        real: the training days of the store.
        synthetic: the synthetic days of the arm; None for a control.
        config: its ``downscale.oversample`` says which real days are drawn more often.

    Returns:
        The days, and (time,) how often each is drawn, relative to the others.
    """
    if synthetic is None:
        oversample = config.downscale.oversample
        times = oversample.times if arm.name == "oversampled" else 1.0
        return real, np.where(in_day_set(real, oversample.days), times, 1.0)
    days = append_synthetic(real, synthetic)
    return days, days["weight"].values.astype(np.float64)
