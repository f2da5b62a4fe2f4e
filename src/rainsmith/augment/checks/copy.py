"""Days that are a copy of a training day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.measured_days import SyntheticDays
from rainsmith.augment.registry import CHECKS, Figures, SyntheticCheck

MIN_NEAREST_DISTANCE = 0.15
"""Least distance to the nearest training day, as a share of the usual one."""


@dataclass(frozen=True)
class Copy:
    """Rejects days much nearer to a training day than training days of the same wetness are to each other."""

    @property
    def bounds(self) -> dict[str, float]:
        """The least distance, as a share of the usual one."""
        return {"nearest_distance": MIN_NEAREST_DISTANCE}

    def measure(self, days: SyntheticDays) -> Figures:
        """Distances to the nearest training day and to the source, over the usual distance."""
        return {
            "nearest_day": days.training.numbers[days.nearest],
            "nearest_distance": days.nearest_distance / days.usual_distance,
            "source_distance": days.source_distance / days.usual_distance,
        }

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days nearer than the least distance."""
        return np.asarray(figures["nearest_distance"] < MIN_NEAREST_DISTANCE)

    def says(self, figures: Mapping[str, Any]) -> str:
        """The distance, and the day that it is a copy of."""
        share, day = figures["nearest_distance"], figures["nearest_day"]
        return f"{share:.2f} of the usual distance to the nearest training day, {day}"


CHECKS.add(
    SyntheticCheck(
        name="copy",
        order=40,
        meaning="a day that is nearer to *any* training day, its source included, than 0.15 of the usual distance "
        "between a training day and its nearest other",
        columns={
            "nearest_day": "date of the nearest training day, YYYYMMDD",
            "nearest_distance": "distance to it over the usual distance, rejected below 0.15",
            "source_distance": "distance to the source over the usual distance",
        },
        calibrate=lambda training, settings: Copy(),
    )
)
