"""Values that no rain gauge has ever measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.measured_days import SyntheticDays
from rainsmith.augment.registry import CHECKS, Figures, SyntheticCheck

MAX_PHYSICAL_MM = 2000.0
"""Above the largest daily sums on record (1825 mm, La Reunion, 1966; WMO Weather and Climate Extremes Archive)."""


@dataclass(frozen=True)
class PhysicalRange:
    """Rejects values that are missing, negative or beyond every record; it needs no training day."""

    @property
    def bounds(self) -> dict[str, float]:
        """The largest credible amount [mm/day]."""
        return {"max_mm": MAX_PHYSICAL_MM}

    def measure(self, days: SyntheticDays) -> Figures:
        """Whether each day lacks a value at a valid cell, and whether a value lies outside the range."""
        missing = (days.valid & ~np.isfinite(days.drawn)).any(axis=(1, 2))
        outside = (days.valid & ((days.drawn < 0) | (days.drawn > MAX_PHYSICAL_MM))).any(axis=(1, 2))
        return {"missing": missing, "outside": outside}

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days with either fault."""
        return np.asarray(figures["missing"] | figures["outside"])

    def says(self, figures: Mapping[str, Any]) -> str:
        """Missing values come first: where there are some, the rest of the field says little."""
        return "values missing at valid cells" if figures["missing"] else f"outside 0 to {MAX_PHYSICAL_MM:.0f} mm"


CHECKS.add(
    SyntheticCheck(
        name="physical_range",
        order=10,
        meaning="values at valid cells that are missing, infinite, negative or above 2000 mm (the record is 1825 mm)",
        columns={},
        calibrate=lambda training, settings: PhysicalRange(),
    )
)
