"""The check that always rejects: the source of a synthetic day must be a training day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.measured_days import SyntheticDays
from rainsmith.augment.registry import Figures, SyntheticCheck


@dataclass(frozen=True)
class SourceIsTrainingDay:
    """Rejects days whose source is not a training day, so that nothing of a test day reaches a training set."""

    @property
    def bounds(self) -> dict[str, float]:
        """None."""
        return {}

    def measure(self, days: SyntheticDays) -> Figures:
        """The date of each source, and whether it is a training day."""
        return {"source_day": days.numbers, "is_training": np.isin(days.numbers, days.training.numbers)}

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days of any other split."""
        return np.asarray(~figures["is_training"])

    def says(self, figures: Mapping[str, Any]) -> str:
        """The date."""
        return f"{figures['source_day']} is not a training day"


SOURCE = SyntheticCheck(
    name="source",
    order=0,
    meaning="a day whose source is not a training day; this check always rejects",
    columns={"source_day": "date of the source, YYYYMMDD"},
    calibrate=lambda training, settings: SourceIsTrainingDay(),
)
"""It is not in the registry, because no configuration may leave it out."""
