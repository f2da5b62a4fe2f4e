"""The coarse half of the embedded climate: its terrain, and the large-scale weather of every day.

Waves of pressure, temperature, moisture and lift move through the domain and fade over days (first-order
autoregressive processes, so a day depends on the one before). Winds follow from the pressure by geostrophic balance.
Storms, from a few hundred square kilometres to the size of the domain, add to the coarse rain and to the moisture where
they are, and lower the pressure there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.signal import lfilter

from rainsmith.config import Demo
from rainsmith.data.demo.character import DEMO, Character

CELL_KM = 5.0
"""Side of a fine cell [km]."""
CHANNELS = {
    "moisture": "g kg-1",
    "zonal_wind": "m s-1",
    "meridional_wind": "m s-1",
    "temperature": "K",
    "pressure": "hPa",
    "coarse_rain": "mm/day",
}
"""The six predictors of the embedded climate and their units, in the order of ``channel``."""
GEOSTROPHIC = 833.0
"""Wind for a pressure gradient of 1 hPa/km [m/s], 1 / (density 1.2 kg/m3 x Coriolis parameter 1e-4 /s)."""
WAVE_KM_PER_DAY = 200.0
"""Eastward speed of the waves [km/day]."""
MAX_STORMS = 3
"""Largest number of storms a day."""


@dataclass(frozen=True)
class Terrain:
    """The fixed maps of the domain; row 0 lies in the south.

    Attributes:
        land: (ny, nx) bool, True on land, where rain is observed.
        elevation: (ny, nx) [m], 0 at sea.
        coast_km: (ny, nx) distance to the nearest sea cell [km], 0 at sea.
        slope_x: (ny, nx) eastward gradient of the elevation [m/m].
        slope_y: (ny, nx) northward gradient of the elevation [m/m].
    """

    land: np.ndarray
    elevation: np.ndarray
    coast_km: np.ndarray
    slope_x: np.ndarray
    slope_y: np.ndarray


def terrain(ny: int, nx: int) -> Terrain:
    """The imaginary domain: land in the north-west with a ridge along the coast, sea with an island in the south-east.

    Args:
        ny: number of rows.
        nx: number of columns.
    """
    b, a = np.meshgrid((np.arange(ny) + 0.5) / ny, (np.arange(nx) + 0.5) / nx, indexing="ij")
    wiggle = 0.09 * np.sin(2 * np.pi * (1.1 * a + 0.3 * b)) + 0.04 * np.sin(2 * np.pi * (2.9 * a - 1.7 * b) + 1.0)
    inland = 0.85 * (b - 0.30) + 0.60 * (0.45 - a) + wiggle
    island = 0.09**2 - (a - 0.83) ** 2 - 1.6 * (b - 0.24) ** 2
    land = (inland > 0) | (island > 0)
    coast_km = CELL_KM * distance_transform_edt(land)
    ridge = 1700 * np.exp(-(((inland - 0.33) / 0.11) ** 2)) * (0.75 + 0.25 * np.sin(2 * np.pi * (a + b)))
    hills = 260 * (1 + np.sin(2 * np.pi * (2.3 * a + 1.2 * b)) * np.sin(2 * np.pi * (2.8 * b - 0.7 * a)))
    elevation = np.where(land, (ridge + hills) * -np.expm1(-coast_km / 15.0), 0.0)
    slope_y, slope_x = np.gradient(elevation, CELL_KM * 1000.0)
    return Terrain(land, elevation, coast_km, slope_x, slope_y)


def coarse_state(demo: Demo, day_of_year: np.ndarray, character: Character = DEMO) -> np.ndarray:
    """The six predictors of every day.

    A day depends on that day and earlier ones only, so that a longer record begins with the shorter one.

    Args:
        demo: size and seed of the climate.
        day_of_year: (time,) from 1 on.
        character: how wet, warm and stormy it is.

    Returns:
        (time, 6, ny_lr, nx_lr) float32, in the units of `CHANNELS`.
    """
    days = len(day_of_year)
    y_km = (np.arange(demo.ny_lr) + 0.5) * demo.ny * CELL_KM / demo.ny_lr
    x_km = (np.arange(demo.nx_lr) + 0.5) * demo.nx * CELL_KM / demo.nx_lr
    autumn = np.cos(2 * np.pi * (day_of_year - 320) / 365.25)[:, None, None]
    summer = np.cos(2 * np.pi * (day_of_year - 205) / 365.25)[:, None, None]

    def wave(stream: int, shortest: float, longest: float, memory: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng([demo.seed, 1, stream])
        return _waves(rng, days, y_km, x_km, (shortest, longest), memory)

    low, low_x, low_y = wave(0, 1600.0, 4000.0, 0.75)
    humid = wave(1, 700.0, 2500.0, 0.70)[0]
    warm = wave(2, 900.0, 3000.0, 0.80)[0]
    lift = wave(3, 160.0, 700.0, 0.40)[0]
    gust_x, gust_y = wave(4, 400.0, 1500.0, 0.40)[0], wave(5, 400.0, 1500.0, 0.40)[0]
    activity = character.storms + 0.5 * autumn[:, 0, 0] + 0.7 * low.mean(axis=(1, 2))
    storm = _storms(demo, y_km, x_km, activity, character.storm_peak_mm)

    depth = 6.5  # [hPa] standard deviation of the pressure
    u = 2.0 + GEOSTROPHIC * depth * low_y + 1.5 * gust_x
    v = -GEOSTROPHIC * depth * low_x + 1.5 * gust_y
    temperature = character.temperature_k + 7.0 * summer + 2.6 * warm + 0.12 * v
    humidity = 1 / (1 + np.exp(-(0.7 + 0.8 * humid + 0.04 * v - 0.02 * u)))
    saturated = saturation(temperature)
    forcing = character.forcing + 1.2 * humid + 1.1 * low + 0.75 * lift + 0.55 * autumn + 0.05 * v
    widespread = widespread_rain(forcing, character)
    rain = widespread + storm * (0.6 + 0.5 * humidity)
    moisture = humidity * saturated + 0.03 * storm
    pressure = 1015.0 + 2.5 * summer - depth * low - 0.10 * storm
    return np.stack([moisture, u, v, temperature, pressure, rain], axis=1).astype(np.float32)


def saturation(temperature: np.ndarray) -> np.ndarray:
    """Moisture of saturated air [g/kg] at 850 hPa, after Clausius and Clapeyron, for a temperature [K]."""
    return np.asarray(8.3 * np.exp(0.065 * (temperature - 281.0)))


def widespread_rain(forcing: np.ndarray, character: Character) -> np.ndarray:
    """Rain [mm/day] outside storms, for a forcing without unit."""
    return np.asarray(character.widespread_mm * np.logaddexp(0.0, forcing) ** 1.3)


def _waves(
    rng: np.random.Generator,
    days: int,
    y_km: np.ndarray,
    x_km: np.ndarray,
    lengths_km: tuple[float, float],
    memory: float,
    count: int = 16,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A Gaussian field of unit variance made of travelling plane waves, with its gradient in x and in y [1/km].

    Each amplitude is a complex autoregressive process c_t = r exp(i w) c_{t-1} + sqrt(1 - r^2) e_t, where w moves the
    wave eastward by `WAVE_KM_PER_DAY` and r is ``memory``.

    Args:
        rng: generator of directions, wavelengths and noise.
        days: number of days.
        y_km: (y,) positions of the coarse rows [km].
        x_km: (x,) positions of the coarse columns [km].
        lengths_km: shortest and longest wavelength [km].
        memory: correlation of an amplitude with that of the day before, 0 to 1.
        count: number of waves.

    Returns:
        The field, its gradient in x and its gradient in y, each (time, y, x).
    """
    angle = rng.uniform(0, 2 * np.pi, count)
    number = 2 * np.pi / np.exp(rng.uniform(np.log(lengths_km[0]), np.log(lengths_km[1]), count))
    kx, ky = number * np.cos(angle), number * np.sin(angle)
    noise = rng.standard_normal((days, count, 2))
    kick = (noise[..., 0] + 1j * noise[..., 1]) * np.sqrt(1 - memory**2)
    kick[0] /= np.sqrt(1 - memory**2)  # so that the first day has the stationary distribution
    turn = memory * np.exp(-1j * kx * WAVE_KM_PER_DAY)
    amplitude = np.stack([lfilter([1.0], [1.0, -turn[i]], kick[:, i]) for i in range(count)], axis=1)
    phase = np.exp(1j * (ky[:, None, None] * y_km[:, None] + kx[:, None, None] * x_km))
    scale = 1 / np.sqrt(count)

    def total(weight: np.ndarray) -> np.ndarray:
        return scale * np.real(np.einsum("tk,kyx->tyx", amplitude, weight[:, None, None] * phase))

    return total(np.ones(count)), total(1j * kx), total(1j * ky)


def _storms(
    demo: Demo, y_km: np.ndarray, x_km: np.ndarray, activity: np.ndarray, peak_mm: float = DEMO.storm_peak_mm
) -> np.ndarray:
    """Rain of up to three storms a day on the coarse grid.

    Each storm is a Gaussian hump at a random place, with a radius of about one to two coarse cells and a
    gamma-distributed peak.

    Args:
        demo: size and seed of the climate.
        y_km: (y,) positions of the coarse rows [km].
        x_km: (x,) positions of the coarse columns [km].
        activity: (time,) log odds of the first storm of each day.
        peak_mm: [mm/day] scale of the gamma distribution of their peaks.

    Returns:
        (time, ny_lr, nx_lr) [mm/day].
    """
    days = len(activity)
    rng = np.random.default_rng([demo.seed, 2])
    happens, place_y, place_x, width = np.moveaxis(rng.uniform(size=(days, MAX_STORMS, 4)), -1, 0)
    peak = np.random.default_rng([demo.seed, 3]).gamma(2.0, peak_mm, size=(days, MAX_STORMS))
    chance = 1 / (1 + np.exp(-activity)) / np.arange(1, MAX_STORMS + 1)[:, None]
    peak = np.where(happens < chance.T, peak, 0.0)
    spacing = max(demo.ny * CELL_KM / demo.ny_lr, demo.nx * CELL_KM / demo.nx_lr)
    radius = spacing * (0.9 + 0.9 * width)
    centre_y, centre_x = place_y * demo.ny * CELL_KM, place_x * demo.nx * CELL_KM
    hump_y = np.exp(-0.5 * ((y_km - centre_y[..., None]) / radius[..., None]) ** 2)
    hump_x = np.exp(-0.5 * ((x_km - centre_x[..., None]) / radius[..., None]) ** 2)
    return np.einsum("ts,tsy,tsx->tyx", peak, hump_y, hump_x)
