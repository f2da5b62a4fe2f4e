"""What kind of rain an embedded climate has: the constants of its weather and of its law that make it wet or dry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Character:
    """Constants of an embedded climate. The defaults are those of ``data.kind: demo``.

    Attributes:
        forcing: what widespread rain starts from, without unit; lower values give more dry days.
        widespread_mm: [mm/day] scale of widespread rain.
        storms: log odds of the first storm of a day.
        storm_peak_mm: [mm/day] scale of the gamma distribution of storm peaks, whose shape is 2.
        temperature_k: [K] mean temperature at 850 hPa; from 283 K on the rain is mostly convective.
        drizzle_mm: [mm/day] expectation at which about two cells in three are wet; higher values give fewer wet cells.
        shape: shape xi of the tail on cold days.
        shape_unstable: what is added to it on warm, unstable days.
        length_km: [km] range of the Matern field on cold days.
        shorter_km: [km] how much shorter it is on warm, unstable days.
        flat: factor of the coarse rain at sea level without wind.
        height: what each 1000 m of elevation adds to it.
        upslope: what the strongest wind up a slope adds to it, and down a slope takes from it.
    """

    forcing: float = -0.5
    widespread_mm: float = 2.4
    storms: float = -0.9
    storm_peak_mm: float = 4.5
    temperature_k: float = 281.0
    drizzle_mm: float = 1.15
    shape: float = 0.04
    shape_unstable: float = 0.06
    length_km: float = 32.0
    shorter_km: float = 12.0
    flat: float = 0.78
    height: float = 0.15
    upslope: float = 0.50


DEMO = Character()
"""The embedded climate of ``data.kind: demo``."""
