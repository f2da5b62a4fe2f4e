"""The per-day layout of the reference, written with plain numpy, for tests of what reads and writes it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rainsmith.data.raw import RawData

DAYS = 60


def log_statistics(rain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    log = np.log1p(rain)
    return log.mean(axis=0), log.std(axis=0)


def write_layout(root: Path, raw: RawData, fill_sea: bool = False) -> None:
    """The per-day layout, independent of the package's own writers; ids start at 3 and have gaps."""
    rain = np.nan_to_num(raw.precip.values) if fill_sea else raw.precip.values
    if fill_sea:
        rain = rain + 0.1 * np.arange(len(rain), dtype=np.float32)[:, None, None] * ~np.isfinite(raw.precip.values)
    mean, std = log_statistics(rain)
    data = root / "data"
    for part in ("X_lr", "Y_hr", "metadata", "statics"):
        (data / part).mkdir(parents=True)
    ids = day_ids(len(rain))
    x = raw.predictors.values
    x = (x - x.mean(axis=(0, 2, 3), keepdims=True)) / x.std(axis=(0, 2, 3), keepdims=True)
    for day, one_x, one_y in zip(ids, x, (np.log1p(rain) - mean) / std, strict=True):
        np.save(data / "X_lr" / f"day_{day:06d}.npy", one_x.astype(np.float32))
        np.save(data / "Y_hr" / f"day_{day:06d}.npy", one_y[None].astype(np.float32))
    metadata = {
        "split": {"train": ids[:40], "val": ids[40:50], "test": ids[50:]},
        "categories": {str(day): ("dry", "heavy_coast")[i % 2] for i, day in enumerate(ids)},
        "thresholds": {"P95": 12.5, "P99": 30.0},
        "H_W": {"H": rain.shape[1], "W": rain.shape[2]},
    }
    for name, values in metadata.items():
        (data / "metadata" / f"{name}.json").write_text(json.dumps(values))
    np.save(data / "metadata" / "ERA5_mean_train.npy", mean)
    np.save(data / "metadata" / "ERA5_std_train.npy", std)
    maps = {"land_sea_mask": "land_sea_mask", "dist_to_coast_km": "distance_to_coast", "elevation_m": "elevation"}
    for name, ours in maps.items():
        np.save(data / "statics" / f"{name}.npy", raw.statics.sel(static=ours).values[None])


def day_ids(count: int) -> list[int]:
    return [3 + day + day // 10 for day in range(count)]
