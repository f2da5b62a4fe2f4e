"""A made-up run folder in the formats that the stages write, for tests of what reads them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.arrays import CATEGORIES, SPLITS


def rain(days: int = 40, ny: int = 20, nx: int = 16, *, seed: int = 0) -> xr.DataArray:
    """Smooth random rain (time, y, x) [mm/day] with a sea (NaN) in one corner."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.standard_normal((days, ny, nx)), (0, 2, 2))
    noise = noise / noise.std()
    field = np.clip(np.exp(1.2 * noise + 0.8 * rng.standard_normal((days, 1, 1)) + 1.0) - 1.5, 0, None)
    row, column = np.mgrid[:ny, :nx]
    field[:, (row < ny / 3) & (column < nx / 3)] = np.nan
    time = pd.date_range("2001-01-01", periods=days, freq="D")
    coords = {
        "time": time,
        "y": ("y", 10_000.0 * np.arange(ny), {"units": "m"}),
        "x": ("x", 10_000.0 * np.arange(nx), {"units": "m"}),
    }
    return xr.DataArray(
        field.astype("f4"), dims=("time", "y", "x"), coords=coords, name="precip", attrs={"units": "mm/day"}
    )


def store_of(precip: xr.DataArray, *, coarsen: int = 8, coarse_rain: bool = True) -> xr.Dataset:
    """A store around ``precip``: the first half trains, then a quarter each; block means or pressure as predictors."""
    days, ny, nx = precip.shape
    mask = np.isfinite(precip.values).any(0)
    ny_lr, nx_lr = -(-ny // coarsen), -(-nx // coarsen)
    row, column = np.mgrid[:ny, :nx]
    block = (row // coarsen) * nx_lr + column // coarsen
    if coarse_rain:
        coarse = np.full((days, ny_lr * nx_lr), np.nan)
        for index in np.unique(block[mask]):
            coarse[:, index] = np.nanmean(precip.values[:, (block == index) & mask], axis=1)
        predictors = coarse.reshape(days, 1, ny_lr, nx_lr)
        names = ["rain_lag0"]
    else:
        rng = np.random.default_rng(1)
        predictors = 101325 + 2500 * gaussian_filter(rng.standard_normal((days, 2, ny_lr, nx_lr)), (0, 0, 1.5, 1.5))
        names = ["msl_day0", "msl_day+1"]
    split = np.repeat([0, 1, 2], [days - 2 * (days // 4), days // 4, days // 4]).astype("i1")
    mean = np.nanmean(precip.values[:, mask], axis=1)
    heavy = mean >= np.quantile(mean, 0.8)
    train = precip.values[split == 0][:, mask]
    p90, p95, p99 = np.nanquantile(train, [0.9, 0.95, 0.99])
    return xr.Dataset(
        {
            "precip": precip,
            "predictors": (("time", "channel", "y_lr", "x_lr"), predictors.astype("f4")),
            "mask": (("y", "x"), mask),
            "split": ("time", split),
            "category": ("time", np.where(heavy, CATEGORIES.index("heavy"), CATEGORIES.index("light")).astype("i1")),
            "heavy_x": ("time", heavy),
            "coarse_row": (("y", "x"), ((row + 0.5) / coarsen - 0.5).astype("f4")),
            "coarse_col": (("y", "x"), ((column + 0.5) / coarsen - 0.5).astype("f4")),
            "block": (("y", "x"), block.astype("i4")),
            "p90": p90,
            "p95": p95,
            "p99": p99,
            "train_max": np.nanmax(train),
            "heavy_threshold": p95,
        },
        coords={"channel": names},
        attrs={
            "kind": "gridded",
            "title": "Made-up rain",
            "source": "smooth noise for tests",
            "coarse_rain_channel": names[0] if coarse_rain else "",
            "coarsen": coarsen if coarse_rain else 0,
            "rainsmith_version": "0.1.0",
        },
    )


def members_of(store: xr.Dataset, mode: str, members: int = 5, *, split: str = "test", seed: int = 0) -> xr.Dataset:
    """Made-up members of the days of a split: posterior ones vary the day itself, prior ones mix in another day."""
    rng = np.random.default_rng(seed)
    every = store["precip"].values
    days = np.flatnonzero(store["split"].values == SPLITS.index(split))
    order = np.argsort(np.nanmean(every, axis=(1, 2)))
    place = {int(day): rank for rank, day in enumerate(order)}
    fields = np.empty((days.size, members, *every.shape[1:]), "f4")
    for i, day in enumerate(days):
        for m in range(members):
            near = order[np.clip(place[int(day)] + rng.integers(-3, 3), 0, order.size - 1)]
            noise = gaussian_filter(rng.standard_normal(every.shape[1:]), 2)
            factor = np.exp(0.35 * noise / noise.std())
            fields[i, m] = every[day if mode == "posterior" else near] * factor
    source = store["precip"].isel(time=days)
    coords = {name: source.coords[name] for name in ("time", "y", "x")}
    return xr.Dataset(
        {"precip": (("time", "member", "y", "x"), fields, {"units": "mm/day"})},
        coords=coords,
        attrs={
            "model": "flat",
            "mode": mode,
            "split": split,
            "checkpoint": "best_prior",
            "seed": 0,
            "members": members,
            "temperature": 1.0,
            "pixel_threshold": 0.1,
        },
    )


def training_log(epochs: int = 40) -> list[dict[str, object]]:
    """Rows of metrics.jsonl whose prior figures rise towards the observed ones."""
    rows: list[dict[str, object]] = []
    for epoch in range(1, epochs + 1):
        gain = 1 - np.exp(-epoch / 12)
        wave = 1 + 0.03 * np.sin(2.7 * epoch)
        row: dict[str, object] = {
            "epoch": epoch,
            "step": 20 * epoch,
            "lr": 3e-4,
            "beta": 0.01 * min(1, epoch / 20),
            "seconds": 3.2,
            "train": {
                "loss": 6 - 3 * gain * wave,
                "rec": 5.5 - 3 * gain,
                "grad": 0.9 - 0.3 * gain,
                "mass": 0.3,
                "kl": 40 - 25 * gain * wave,
            },
        }
        if epoch % 2 == 0:
            common = {
                "p99": 28 * gain * wave,
                "wet_fraction": 0.75 - 0.12 * gain,
                "correlation": 0.4 + 0.3 * gain,
                "crps": 3 - gain,
            }
            row["validation"] = {
                "prior": {
                    "max": 110 * gain * wave,
                    "mean": 9.5 * gain,
                    "diversity": 0.25 * gain,
                    "twcrps_p99": 0.9 - 0.2 * gain,
                    **common,
                },
                "posterior": {
                    "max": 140 * gain,
                    "mean": 10 * gain,
                    "diversity": 0.05,
                    "twcrps_p99": 0.5,
                    "mae_tail": 9.0,
                    **common,
                },
                "observed": {"max": 145.0, "mean": 10.2, "p99": 31.0, "wet_fraction": 0.61},
                "kl_per_dimension": [0.5] * 12 + [0.001] * 20,
                "best": [name for name, at in (("prior", 30), ("tail", 22)) if epoch in (at, at - 6)],
            }
        rows.append(row)
    return rows


def write_log(path: Path, rows: list[dict[str, object]]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
