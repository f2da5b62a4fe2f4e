"""Domain maxima that are too rare to be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.measured_days import SyntheticDays
from rainsmith.augment.registry import CHECKS, Figures, SyntheticCheck
from rainsmith.augment.return_periods import Tail


@dataclass(frozen=True)
class ReturnLevel:
    """Rejects domain maxima beyond the return level of the longest credible return period.

    Attributes:
        tail: distribution of the largest domain maxima of the training days.
        max_years: the longest return period that is accepted [years].
    """

    tail: Tail
    max_years: float

    @property
    def bounds(self) -> dict[str, float]:
        """The longest return period [years]."""
        return {"return_period": self.max_years}

    def measure(self, days: SyntheticDays) -> Figures:
        """Return period [years] of each domain maximum [mm/day]."""
        return {"return_period": self.tail.period(days.maxima), "max_mm": days.maxima}

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days with a longer return period."""
        return np.asarray(figures["return_period"] > self.max_years)

    def says(self, figures: Mapping[str, Any]) -> str:
        """The amount, and the return period that it exceeds."""
        return f"{figures['max_mm']:.0f} mm once in more than {self.max_years:g} years"


CHECKS.add(
    SyntheticCheck(
        name="return_level",
        order=30,
        meaning="a domain maximum that is rarer than once in `augment.max_return_period_years` (1000)",
        columns={"return_period": "return period of the domain maximum [years]"},
        calibrate=lambda training, settings: ReturnLevel(training.tail, settings.max_return_period_years),
    )
)
