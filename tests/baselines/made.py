"""A made-up store for the tests of baselines."""

from __future__ import annotations

import numpy as np
import xarray as xr

NY, NX, FACTOR = 12, 10, 4  # 10 columns are no multiple of 4: the last blocks are half as wide


def make_store(years: int = 6, calendar: str = "standard", seed: int = 0) -> xr.Dataset:
    """A store by the contract: rain of a smooth random field times noise, block means of it as predictors."""
    generator = np.random.default_rng(seed)
    use_cftime = calendar != "standard"
    time = xr.date_range("2001-01-01", f"{2000 + years}-12-30", freq="3D", calendar=calendar, use_cftime=use_cftime)
    days = len(time)
    state = np.repeat(np.repeat(generator.normal(size=(days, 3, 3)), FACTOR, axis=1), FACTOR, axis=2)[:, :NY, :NX]
    slope = np.linspace(0.5, 1.5, NX)
    rain = slope * np.exp(1.2 * state + 0.6 * generator.normal(size=(days, NY, NX)))
    rain[generator.random(rain.shape) < 0.2] = 0.0
    mask = np.ones((NY, NX), dtype=bool)
    mask[:3, :3] = False
    mask[8:, 8:] = False  # the whole of the last block
    precip = np.where(mask, rain, np.nan).astype(np.float32)
    padded = np.pad(precip.astype(np.float64), ((0, 0), (0, 0), (0, 2)), constant_values=np.nan)
    blocks = padded.reshape(days, 3, FACTOR, 3, FACTOR)
    count = np.isfinite(blocks).sum(axis=(2, 4))
    mean = np.where(count > 0, np.nansum(blocks, axis=(2, 4)) / np.maximum(count, 1), np.nan)
    other = np.full_like(mean, generator.normal())
    year = 2001 + (np.arange(days) * years) // days
    split = np.select([year <= 1998 + years, year == 1999 + years], [0, 1], 2).astype(np.int8)
    row, col = np.indices((NY, NX))
    training = precip[split == 0].astype(np.float64)
    return xr.Dataset(
        {
            "precip": (("time", "y", "x"), precip, {"units": "mm/day", "standard_name": "lwe_precipitation_rate"}),
            "predictors": (("time", "channel", "y_lr", "x_lr"), np.stack([other, mean], axis=1).astype(np.float32)),
            "mask": (("y", "x"), mask),
            "split": ("time", split),
            "coarse_row": (("y", "x"), ((row + 0.5) / FACTOR - 0.5).astype(np.float32)),
            "coarse_col": (("y", "x"), ((col + 0.5) / FACTOR - 0.5).astype(np.float32)),
            "block": (("y", "x"), (row // FACTOR * 3 + col // FACTOR).astype(np.int32)),
            "climatology": (("y", "x"), np.where(mask, np.nan_to_num(training).mean(axis=0), np.nan)),
        },
        coords={"time": time, "y": np.arange(NY) * 5.0, "x": np.arange(NX) * 5.0, "channel": ["other", "rain_4_lag0"]},
        attrs={"coarse_rain_channel": "rain_4_lag0", "coarsen": FACTOR},
    )


def without_coarse_rain(store: xr.Dataset) -> xr.Dataset:
    return store.assign_attrs(coarse_rain_channel="", coarsen=0)
