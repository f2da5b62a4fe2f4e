"""Days that look like no training day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.measured_days import SyntheticDays
from rainsmith.augment.normal_ranges import NormalRange
from rainsmith.augment.registry import CHECKS, Figures, SyntheticCheck


@dataclass(frozen=True)
class Stranger:
    """Rejects days farther from every training day than hardly any training day is from the others.

    Attributes:
        nearest_distance: normal range of log10 of the distance to the nearest other day, by domain mean.
    """

    nearest_distance: NormalRange

    @property
    def bounds(self) -> dict[str, float]:
        """The upper edge of the normal range."""
        return {"stranger": 1.0}

    def measure(self, days: SyntheticDays) -> Figures:
        """Departure of the distance to the nearest training day from its normal range, NaN on dry days."""
        departure = self.nearest_distance.departure(days.means, days.log_nearest_distance)
        return {
            "stranger": np.where(days.are_wet, departure, np.nan),
            "nearest_day": days.training.numbers[days.nearest],
            "share": days.nearest_distance / days.usual_distance,
        }

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days above the normal range; days below it are for the check of copies."""
        return np.asarray(figures["stranger"] > 1)

    def says(self, figures: Mapping[str, Any]) -> str:
        """The distance, and the day that is nearest for all that."""
        share, day = figures["share"], figures["nearest_day"]
        return f"{share:.2f} of the usual distance to the nearest training day, {day}"


CHECKS.add(
    SyntheticCheck(
        name="stranger",
        order=50,
        meaning="a day that is farther from all training days than hardly any of them is from the others",
        columns={"stranger": "departure of that distance from its normal range, rejected above 1; empty on dry days"},
        calibrate=lambda training, settings: Stranger(training.nearest_distance),
    )
)
