"""Days that are too rough or too smooth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rainsmith.augment.field_statistics import TEXTURE_MEASURES, texture
from rainsmith.augment.measured_days import MIN_WET_DAYS, SyntheticDays, TrainingDays
from rainsmith.augment.normal_ranges import NormalRange
from rainsmith.augment.registry import CHECKS, Figures, SyntheticCheck
from rainsmith.config import Augment


@dataclass(frozen=True)
class Spectrum:
    """Rejects days whose texture is not normal for their wetness.

    Attributes:
        texture: normal range of each measure of ``field_statistics.texture``, by domain mean; measures that too few
            training days have are left out.
    """

    texture: Mapping[str, NormalRange]

    @property
    def bounds(self) -> dict[str, float]:
        """The edge of the normal range, on either side."""
        return {"spectrum": 1.0}

    def measure(self, days: SyntheticDays) -> Figures:
        """The measure of texture that departs most from its normal range, NaN on dry days, and its name."""
        values = dict(zip(TEXTURE_MEASURES, texture(days.rain).T, strict=True))
        departures = [normal.departure(days.means, values[name]) for name, normal in self.texture.items()]
        departure = np.stack(departures, axis=1)
        worst = np.abs(np.nan_to_num(departure)).argmax(axis=1)
        return {
            "spectrum": np.where(days.are_wet, departure[np.arange(len(worst)), worst], np.nan),
            "measure": np.array(list(self.texture))[worst],
        }

    def rejects(self, figures: Figures) -> np.ndarray:
        """Days beyond the normal range."""
        return np.asarray(np.abs(figures["spectrum"]) > 1)

    def says(self, figures: Mapping[str, Any]) -> str:
        """On which side, and in which measure of texture."""
        return f"too {'little' if figures['spectrum'] < 0 else 'much'} power in the {figures['measure']}"


def calibrate(training: TrainingDays, settings: Augment) -> Spectrum:
    """Normal ranges of the texture of wet training days."""
    days = training.calibration
    measures = zip(TEXTURE_MEASURES, texture(training.rain, days).T, strict=True)
    return Spectrum(
        {
            name: NormalRange.fit(training.means[days], values, settings.spectrum_tolerance)
            for name, values in measures
            if np.isfinite(values).sum() >= MIN_WET_DAYS
        }
    )


CHECKS.add(
    SyntheticCheck(
        name="spectrum",
        order=60,
        meaning="a field that is too rough or too smooth for its wetness: blurred days, noise, blocks, constant fields",
        columns={
            "spectrum": "departure of its texture from the normal range, rejected beyond ±1; below 0 there is too "
            "little power; empty on dry days"
        },
        calibrate=calibrate,
    )
)
