"""Does a synthetic day look like a day of its climate? Every check measures it, and the chosen checks may reject it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.augment.measured_days import SyntheticDays, TrainingDays
from rainsmith.augment.registry import CHECKS, CalibratedCheck
from rainsmith.augment.source_check import SOURCE
from rainsmith.config import Augment


@dataclass(frozen=True)
class Rejection:
    """A check that rejects a day, and what it measured.

    Attributes:
        check: name of the check.
        figures: what it measured on that day.
        says: turns the figures into words.
    """

    check: str
    figures: Mapping[str, Any]
    says: Callable[[Mapping[str, Any]], str]

    @property
    def words(self) -> str:
        """Why the check rejects the day."""
        return self.says(self.figures)

    def __str__(self) -> str:
        return f"{self.check}: {self.words}"


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges synthetic days by the observed training days.

    Attributes:
        training: the training days.
        checks: all checks by name, calibrated on the training days, in the order of their columns.
        rejecting: names of the checks that reject, in the order in which a reason lists them. The others only measure.
    """

    training: TrainingDays
    checks: Mapping[str, CalibratedCheck]
    rejecting: tuple[str, ...]

    @classmethod
    def from_training_days(cls, real: xr.Dataset, settings: Augment, wet_mm: float) -> Judge:
        """Calibrate all checks on the training days.

        Args:
            real: the training days of the store, in memory.
            settings: tolerances, and which checks reject.
            wet_mm: days with a smaller domain mean have no texture and no pattern to judge [mm/day].

        Raises:
            UserError: too few wet days.
        """
        training = TrainingDays(real, wet_mm)
        checks = {check.name: check.calibrate(training, settings) for check in (SOURCE, *CHECKS)}
        return cls(training, checks, (SOURCE.name, *settings.checks))

    def __call__(self, fields: np.ndarray, sources: xr.Dataset) -> pd.DataFrame:
        """Measure and judge synthetic days.

        Args:
            fields: (days, y, x) synthetic rain [mm/day]; only the cells that are valid in the source are looked at.
            sources: the days that they were drawn for, one for each field.

        Returns:
            One row a field: the columns of docs/checks.md, ``accepted``, and ``rejections``, a tuple of
            ``Rejection``.
        """
        days = SyntheticDays(fields, sources, self.training)
        figures = {name: check.measure(days) for name, check in self.checks.items()}
        columns = {
            "source_day": days.numbers,
            "max_mm": days.maxima,
            "mean_mm": days.means,
            "source_max_mm": days.source_maxima,
        }
        for record in CHECKS:
            columns |= {column: figures[record.name][column] for column in record.columns}
        rejections: list[list[Rejection]] = [[] for _ in fields]
        for name in self.rejecting:
            check, measured = self.checks[name], figures[name]
            for day in np.flatnonzero(check.rejects(measured)):
                of_day = {key: values[day] for key, values in measured.items()}
                rejections[day].append(Rejection(name, of_day, check.says))
        return pd.DataFrame(columns).assign(
            accepted=[not of_day for of_day in rejections], rejections=[tuple(of_day) for of_day in rejections]
        )

    def bounds(self) -> dict[str, float]:
        """What the figures of a day are compared with, by column of the table."""
        return {column: bound for check in self.checks.values() for column, bound in check.bounds.items()}


def count_rejections(table: pd.DataFrame) -> dict[str, int]:
    """How many days of ``Judge``'s table each check rejected, the most frequent first; a day may fail several."""
    counts = Counter(rejection.check for of_day in table["rejections"] for rejection in of_day)
    return dict(counts.most_common())


def with_reasons(table: pd.DataFrame) -> pd.DataFrame:
    """The table of ``Judge`` with its rejections in words: ``reason`` in place of ``rejections``."""
    reasons = ["; ".join(map(str, of_day)) for of_day in table["rejections"]]
    return table.assign(rejections=reasons).rename(columns={"rejections": "reason"})
