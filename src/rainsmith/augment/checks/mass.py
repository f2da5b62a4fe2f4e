"""Rain that contradicts the coarse rain of the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.field_statistics import block_error, coarse_rain, mean_coarse_rain
from rainsmith.augment.measured_days import SyntheticDays, TrainingDays
from rainsmith.augment.normal_ranges import NormalRange
from rainsmith.augment.registry import CHECKS, CalibratedCheck, Figures, SyntheticCheck
from rainsmith.config import Augment

_DRIZZLE_MM = 0.1  # [mm/day] added to both sides of a ratio of rain, so that it stays finite on dry days


@dataclass(frozen=True)
class MassOfBlocks:
    """For an input that holds block means of the target: the block means of a synthetic day must equal them.

    Attributes:
        tolerance: share of the rain that may lie in other blocks than the input has it.
    """

    tolerance: float

    @property
    def bounds(self) -> dict[str, float]:
        """The tolerance."""
        return {"mass": self.tolerance}

    def measure(self, days: SyntheticDays) -> Figures:
        """Share of the rain that is off the block means of the input."""
        block, wet_mm = days.sources["block"].values, days.training.wet_mm
        return {"mass": block_error(days.rain, coarse_rain(days.sources), block, wet_mm)}

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days with a larger share than the tolerance."""
        return np.asarray(figures["mass"] > self.tolerance)

    def says(self, figures: Mapping[str, Any]) -> str:
        """The share in per cent."""
        return f"{100 * figures['mass']:.0f} % of the rain is off the block means of the input"


@dataclass(frozen=True)
class MassOfDomain:
    """For coarse rain of another product, such as a reanalysis: the domain mean must be a normal one for it.

    Attributes:
        ratio: normal range of the log of domain mean over mean coarse rain, by mean coarse rain.
    """

    ratio: NormalRange

    @property
    def bounds(self) -> dict[str, float]:
        """The edge of the normal range, on either side."""
        return {"mass": 1.0}

    def measure(self, days: SyntheticDays) -> Figures:
        """Departure of the domain mean from what is normal for the coarse rain of the source."""
        coarse = mean_coarse_rain(days.sources)
        if coarse is None:
            return {"mass": np.full(len(days.means), np.nan)}
        return {"mass": self.ratio.departure(coarse, _log_ratio(days.means, coarse))}

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days beyond the normal range."""
        return np.asarray(np.abs(figures["mass"]) > 1)

    def says(self, figures: Mapping[str, Any]) -> str:
        """On which side the domain mean departs."""
        return f"too {'little' if figures['mass'] < 0 else 'much'} for the coarse rain of the input"


@dataclass(frozen=True)
class NoCoarseRain:
    """For an input without coarse rain: there is nothing to compare with, and no day is rejected."""

    @property
    def bounds(self) -> dict[str, float]:
        """None."""
        return {}

    def measure(self, days: SyntheticDays) -> Figures:
        """NaN on every day."""
        return {"mass": np.full(len(days.means), np.nan)}

    def rejects(self, figures: Figures) -> np.ndarray:
        """No day."""
        return np.zeros(len(figures["mass"]), dtype=bool)

    def says(self, figures: Mapping[str, Any]) -> str:
        """Nothing, as no day is rejected."""
        return ""


def calibrate(training: TrainingDays, settings: Augment) -> CalibratedCheck:
    """The check that suits the input of the training days."""
    coarse = mean_coarse_rain(training.data)
    if coarse is None:
        return NoCoarseRain()
    if int(training.data.attrs.get("coarsen", 0)):  # the input was made of the target
        return MassOfBlocks(settings.mass_tolerance)
    return MassOfDomain(NormalRange.fit(coarse, _log_ratio(training.means, coarse)))


def _log_ratio(means: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    return np.asarray(np.log((means + _DRIZZLE_MM) / (coarse + _DRIZZLE_MM)))


CHECKS.add(
    SyntheticCheck(
        name="mass",
        order=20,
        meaning="rain that contradicts the coarse rain of the input: where the input holds block means of the target, "
        "rain in other blocks than the input has it; where the coarse rain is another product, a domain mean that is "
        "hardly ever observed with it; without coarse rain nothing",
        columns={
            "mass": "Σ \\|block sum − input\\| / Σ input, rejected above `augment.mass_tolerance` (0.1); for another "
            "product the departure from the normal range, rejected beyond ±1"
        },
        calibrate=calibrate,
    )
)
