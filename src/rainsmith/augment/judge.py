"""Does a synthetic day look like a day of its climate? Checks that are calibrated on the observed training days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.augment.field_statistics import (
    TEXTURE,
    block_error,
    coarse_rain,
    mean_coarse_rain,
    pattern_distance,
    texture,
)
from rainsmith.augment.normal_ranges import Usual
from rainsmith.augment.return_periods import Tail, years_of
from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Augment
from rainsmith.data.store import domain_means

MAX_PHYSICAL_MM = 2000.0
"""Above the largest daily sums on record (1825 mm, La Reunion, 1966; WMO Weather and Climate Extremes Archive)."""
COPY = 0.15
"""A day nearer than this share of the usual distance to the nearest training day is a copy of it."""
CALIBRATION_DAYS = 1000
"""Wet training days, evenly spaced, that bounds are fitted to; more change a quantile of 0.1 % little."""
LEAST_DAYS = 50
"""Wet training days below which nobody knows what is usual."""
_DRIZZLE = 0.1  # [mm/day] added to both sides of a ratio of rain, so that dry days keep it finite


def physical_range(synthetic: np.ndarray, source: np.ndarray) -> str:
    """Reason to reject a day [mm/day] whose valid cells are not finite, negative or beyond any record; else ""."""
    valid = np.isfinite(source)
    values = synthetic[valid]
    if not np.isfinite(values).all():
        return "values missing at valid cells"
    if values.min(initial=0.0) < 0 or values.max(initial=0.0) > MAX_PHYSICAL_MM:
        return f"outside 0 to {MAX_PHYSICAL_MM:.0f} mm"
    return ""


@dataclass(frozen=True)
class Judge:
    """Judges synthetic days by the observed training days.

    Attributes:
        real: the training days of the store, in memory.
        settings: tolerances, and which checks reject.
        wet_mm: days with a smaller mean are too dry for texture and likeness [mm/day].
        tail: of the domain maxima of the training days.
        texture: of the columns of ``field_statistics.texture``, by domain mean; without those that few days have.
        likeness: of log10 of the distance to the nearest other training day, by domain mean.
        mass: of log of domain mean over coarse rain, by coarse rain; None where the input holds none, or block means.
    """

    real: xr.Dataset
    settings: Augment
    wet_mm: float
    tail: Tail
    texture: dict[str, Usual]
    likeness: Usual
    mass: Usual | None

    @classmethod
    def from_training_days(cls, real: xr.Dataset, settings: Augment, wet_mm: float) -> Judge:
        """Calibrate on the training days.

        Raises:
            UserError: too few wet days.
        """
        observed = real["precip"].values
        means = domain_means(observed)
        wet = np.flatnonzero(means >= wet_mm)
        if len(wet) < LEAST_DAYS:
            raise UserError(
                f"found {len(wet)} wet training days; augmentation needs {LEAST_DAYS} to know what is usual; "
                "train on more days"
            )
        some = wet[np.unique(np.linspace(0, len(wet) - 1, CALIBRATION_DAYS).astype(int))]
        distance = pattern_distance(observed[some], observed)
        distance[np.arange(len(some)), some] = np.nan  # the day itself
        nearest = np.log10(np.maximum(np.where(np.isnan(distance), np.inf, distance).min(axis=1), 1e-3))
        bands = {
            name: Usual.of(means[some], values, settings.spectrum_tolerance)
            for name, values in zip(TEXTURE, texture(observed[some]).T, strict=True)
            if np.isfinite(values).sum() >= LEAST_DAYS
        }
        mass = None
        coarse = mean_coarse_rain(real)
        if coarse is not None and not int(real.attrs.get("coarsen", 0)):
            mass = Usual.of(coarse, _log_ratio(means, coarse))
        return cls(
            real=real,
            settings=settings,
            wet_mm=wet_mm,
            tail=Tail.fit(_maxima(observed), years_of(day_numbers(real["time"]))),
            texture=bands,
            likeness=Usual.of(means[some], nearest),
            mass=mass,
        )

    def __call__(self, fields: np.ndarray, sources: xr.Dataset) -> pd.DataFrame:
        """Numbers and verdict of each synthetic day.

        Args:
            fields: (M, y, x) synthetic rain [mm/day]; only the cells that are valid in the source are looked at.
            sources: the M days, one for each field, that they were drawn for.

        Returns:
            One row a field: what ``docs/augmentation.md`` lists, ``accepted`` and ``reason``.
        """
        observed = sources["precip"].values
        fields = np.where(np.isfinite(observed), fields, np.nan)
        # what is out of range is said once, by the check of the range; the others measure what is left of the field
        clean = np.where(np.isfinite(fields), np.clip(fields, 0, None), np.where(np.isfinite(observed), 0, np.nan))
        numbers = day_numbers(sources["time"])
        means = domain_means(clean)
        table = pd.DataFrame(
            {
                "source_day": numbers,
                "max_mm": _maxima(clean),
                "mean_mm": means,
                "source_max_mm": _maxima(observed),
            }
        )
        table["mass"] = self._mass(clean, means, sources)
        table["return_period"] = self.tail.period(table["max_mm"].to_numpy())
        table = table.join(self._distances(clean, means, numbers))
        table["spectrum"], band = self._spectrum(clean, means)
        training = set(day_numbers(self.real["time"]).tolist())
        reasons = []
        for i, row in enumerate(table.to_dict("records")):
            found = self._reasons(row, band[i])
            found["physical_range"] = physical_range(fields[i], observed[i])
            found["source"] = "" if row["source_day"] in training else f"{row['source_day']} is not a training day"
            asked = ["source", *self.settings.checks]
            reasons.append("; ".join(f"{name}: {found[name]}" for name in asked if found[name]))
        return table.assign(accepted=[not reason for reason in reasons], reason=reasons)

    def bounds(self) -> dict[str, float]:
        """What the figures of a day are compared with, by column of the table."""
        mass = {} if not self._has_coarse_rain else {"mass": 1.0 if self.mass else self.settings.mass_tolerance}
        return {
            "max_mm": MAX_PHYSICAL_MM,
            **mass,
            "return_period": self.settings.max_return_period_years,
            "nearest_distance": COPY,
            "stranger": 1.0,
            "spectrum": 1.0,
        }

    @property
    def _has_coarse_rain(self) -> bool:
        return bool(self.real.attrs.get("coarse_rain_channel", ""))

    def _mass(self, fields: np.ndarray, means: np.ndarray, sources: xr.Dataset) -> np.ndarray:
        """Error of block means, or how unusual the domain mean is for the coarse rain; NaN without coarse rain."""
        coarse = mean_coarse_rain(sources)
        if coarse is None:
            return np.full(len(fields), np.nan)
        if self.mass is not None:
            return self.mass.excess(coarse, _log_ratio(means, coarse))
        return block_error(fields, coarse_rain(sources), sources["block"].values, self.wet_mm)

    def _spectrum(self, fields: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """The most unusual column of ``texture``, over its bound, NaN on days too dry to tell; and which it is."""
        values = dict(zip(TEXTURE, texture(fields).T, strict=True))
        excess = np.stack([usual.excess(means, values[name]) for name, usual in self.texture.items()], axis=1)
        worst = np.abs(np.nan_to_num(excess)).argmax(axis=1)
        found = np.where(means >= self.wet_mm, excess[np.arange(len(excess)), worst], np.nan)
        return found, [list(self.texture)[column] for column in worst]

    def _distances(self, fields: np.ndarray, means: np.ndarray, numbers: np.ndarray) -> pd.DataFrame:
        """Distances to the source and to the nearest training day, over the usual one of days as wet."""
        training = day_numbers(self.real["time"])
        distance = pattern_distance(fields, self.real["precip"].values)
        known = np.isfinite(distance)
        nearest = np.where(known, distance, np.inf).argmin(axis=1)
        rows = np.arange(len(fields))
        least = np.where(known.any(axis=1), distance[rows, nearest], np.nan)
        usual = 10 ** self.likeness.centre_at(means)
        stranger = self.likeness.excess(means, np.log10(np.maximum(least, 1e-3)))
        place = np.searchsorted(training, numbers).clip(0, len(training) - 1)
        to_source = np.where(training[place] == numbers, distance[rows, place], np.nan)
        return pd.DataFrame(
            {
                "nearest_day": training[nearest],
                "nearest_distance": least / usual,
                "source_distance": to_source / usual,
                "stranger": np.where(means >= self.wet_mm, stranger, np.nan),
            }
        )

    def _reasons(self, row: Mapping[str, Any], band: str) -> dict[str, str]:
        """What each check says against a day's figures, "" for nothing; a figure that is NaN speaks for nothing."""
        bounds = self.bounds()
        near = f"{row['nearest_distance']:.2f} of the usual distance to the nearest training day, {row['nearest_day']}"
        years = bounds["return_period"]
        faults = {
            "mass": (abs(row["mass"]) > bounds.get("mass", np.inf), self._mass_reason(row["mass"])),
            "return_level": (row["return_period"] > years, f"{row['max_mm']:.0f} mm once in more than {years:g} years"),
            "copy": (row["nearest_distance"] < bounds["nearest_distance"], near),
            "stranger": (row["stranger"] > bounds["stranger"], near),
            "spectrum": (
                abs(row["spectrum"]) > bounds["spectrum"],
                f"too {'little' if row['spectrum'] < 0 else 'much'} power in the {band}",
            ),
        }
        return {name: text if wrong else "" for name, (wrong, text) in faults.items()}

    def _mass_reason(self, mass: float) -> str:
        if self.mass is None:
            return f"{100 * mass:.0f} % of the rain is off the block means of the input"
        return f"too {'little' if mass < 0 else 'much'} for the coarse rain of the input"


def _maxima(fields: np.ndarray) -> np.ndarray:
    """Largest value of each field over its finite cells [mm/day]; 0 where there is none."""
    return np.asarray(np.where(np.isfinite(fields), fields, 0).max(axis=(1, 2), initial=0), dtype=np.float64)


def _log_ratio(means: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    return np.asarray(np.log((means + _DRIZZLE) / (coarse + _DRIZZLE)))
