"""What a check of synthetic days is, and all of them by name: a new check is one file in ``augment/checks``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rainsmith.base.registry import Registry

if TYPE_CHECKING:  # the configuration asks for the names of the checks, so this module imports as little as it can
    from rainsmith.augment.measured_days import SyntheticDays, TrainingDays
    from rainsmith.config import Augment

Figures = dict[str, np.ndarray]
"""What a check measured: by name, one value a day (days,)."""


class CalibratedCheck(Protocol):
    """A check that knows what is normal on the training days."""

    @property
    def bounds(self) -> dict[str, float]:
        """What columns of ``augmentation.csv`` are compared with, by column; empty where nothing is compared."""

    def measure(self, days: SyntheticDays) -> Figures:
        """The figures of synthetic days: the columns of the record, and whatever ``rejects`` and ``says`` need."""

    def rejects(self, figures: Figures) -> np.ndarray:
        """Which days the check rejects, bool (days,). A figure that is NaN rejects nothing."""

    def says(self, figures: Mapping[str, Any]) -> str:
        """Why a day with these figures is rejected, in a few words; it is asked for rejected days only."""


@dataclass(frozen=True)
class SyntheticCheck:
    """One check of synthetic days.

    Attributes:
        name: its name in ``augment.checks``, in ``reason`` and in file names.
        order: its place among the others, in which its columns stand in ``augmentation.csv``.
        meaning: what kind of day it rejects, a phrase of Markdown for docs/checks.md.
        columns: the columns that it adds to ``augmentation.csv``, and what each holds, with units.
        calibrate: learns what is normal from the training days and the settings.
    """

    name: str
    order: int
    meaning: str
    columns: Mapping[str, str]
    calibrate: Callable[[TrainingDays, Augment], CalibratedCheck]


CHECKS = Registry[SyntheticCheck]("check of synthetic days", "rainsmith.augment.checks")
