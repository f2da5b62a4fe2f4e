"""A made-up run folder in the formats that the stages write, for tests of what reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.ndimage import gaussian_filter

from rainsmith.base.dims import SPLITS
from rainsmith.config import Config, parse
from rainsmith.data.raw import RawData
from rainsmith.data.store import build_store, write_store
from rainsmith.run_folder import Run


def rain(days: int = 400, ny: int = 20, nx: int = 16, *, seed: int = 0) -> xr.DataArray:
    """Smooth random rain (time, y, x) [mm/day] with a sea (NaN) in one corner, from 2001-01-01 on."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.standard_normal((days, ny, nx)), (0, 2, 2))
    noise = noise / noise.std()
    field = np.clip(np.exp(0.9 * noise + 0.9 * rng.standard_normal((days, 1, 1)) + 1.0) - 1.5, 0, None)
    row, column = np.mgrid[:ny, :nx]
    field[:, (row < ny / 3) & (column < nx / 3)] = np.nan
    coords = {
        "time": pd.date_range("2001-01-01", periods=days, freq="D"),
        "y": ("y", 10_000.0 * np.arange(ny), {"units": "m"}),
        "x": ("x", 10_000.0 * np.arange(nx), {"units": "m"}),
    }
    return xr.DataArray(field.astype("f4"), dims=("time", "y", "x"), coords=coords, name="precip")


def config_of(**overrides: Any) -> Config:
    """A small configuration for the made-up rain: half of it trains, a quarter each validates and tests."""
    splits = {
        "train": [["2001-01-01", "2001-07-19"]],
        "validation": [["2001-07-20", "2001-10-27"]],
        "test": [["2001-10-28", "2002-12-31"]],
    }
    values: dict[str, Any] = {"data": {"kind": "gridded", "splits": splits, "heavy_quantile": 0.9}}
    values["evaluate"] = {"resamples": 50, "baselines": ["climatology", "bilinear", "scaled-analogs"]}
    values["sampling"] = {"members": 5}
    values["model"] = {"name": "flat"}
    return parse({**values, **overrides})


def store_of(precip: xr.DataArray, config: Config, *, coarsen: int = 4, coarse_rain: bool = True) -> xr.Dataset:
    """A store around ``precip`` with its block means, or else smooth pressure, as predictors."""
    days, ny, nx = precip.shape
    mask = np.isfinite(precip.values).any(0)
    ny_lr, nx_lr = -(-ny // coarsen), -(-nx // coarsen)
    row, column = np.mgrid[:ny, :nx]
    if coarse_rain:
        block = (row // coarsen) * nx_lr + column // coarsen
        coarse = np.full((days, ny_lr * nx_lr), np.nan)
        for index in np.unique(block[mask]):
            coarse[:, index] = np.nanmean(precip.values[:, (block == index) & mask], axis=1)
        fields, names = coarse.reshape(days, 1, ny_lr, nx_lr), ["rain_lag0"]
    else:
        noise = np.random.default_rng(1).standard_normal((days, 2, ny_lr, nx_lr))
        fields, names = 101325 + 2500 * gaussian_filter(noise, (0, 0, 1.5, 1.5)), ["msl_day0", "msl_day+1"]
    predictors = xr.DataArray(
        fields.astype("f4"),
        dims=("time", "channel", "y_lr", "x_lr"),
        coords={"time": precip["time"], "channel": np.array(names, dtype=object)},
    )
    statics = xr.DataArray(
        mask[None].astype("f4"),
        dims=("static", "y", "x"),
        coords={"static": np.array(["land"], dtype=object), "y": precip["y"], "x": precip["x"]},
    )
    raw = RawData(
        precip=precip,
        predictors=predictors,
        statics=statics,
        coarse_row=xr.DataArray((row + 0.5) / coarsen - 0.5, dims=("y", "x")),
        coarse_col=xr.DataArray((column + 0.5) / coarsen - 0.5, dims=("y", "x")),
        coarse_rain_channel=names[0] if coarse_rain else "",
        coarsen=coarsen if coarse_rain else 0,
        attrs={"title": "Made-up rain", "source": "smooth noise <for> tests", "terms": "free to use"},
    )
    return build_store(raw, config.data, {"days_found": days, "negatives_set_to_zero": 3, "suspect_values": ""})


def members_of(store: xr.Dataset, mode: str, members: int = 5, *, split: str = "test", seed: int = 0) -> xr.Dataset:
    """Members for the days of a split: posterior ones vary the day itself, prior ones a day of similar mean."""
    rng = np.random.default_rng(seed)
    every = store["precip"].values
    days = np.flatnonzero(store["split"].values == SPLITS.index(split))
    order = np.argsort(np.nanmean(every, axis=(1, 2)))
    place = np.argsort(order)
    fields = np.empty((days.size, members, *every.shape[1:]), "f4")
    for i, day in enumerate(days):
        for m in range(members):
            near = order[np.clip(place[day] + rng.integers(-3, 4), 0, order.size - 1)]
            noise = gaussian_filter(rng.standard_normal(every.shape[1:]), 2)
            fields[i, m] = every[day if mode == "posterior" else near] * np.exp(0.35 * noise / noise.std())
    source = store["precip"].isel(time=days)
    return xr.Dataset(
        {"precip": (("time", "member", "y", "x"), fields, {"units": "mm/day"})},
        coords={name: source.coords[name] for name in ("time", "y", "x")},
        attrs={
            "model": "flat",
            "mode": mode,
            "split": split,
            "checkpoint": "best_prior",
            "checkpoint_epoch": 30,
            "checkpoint_sha256": "0123abcd",
            "seed": 0,
            "members": members,
            "temperature": 1.0,
            "pixel_threshold": 0.1,
        },
    )


def training_log(epochs: int = 40) -> list[dict[str, Any]]:
    """Rows of metrics.jsonl whose prior figures rise towards the observed ones."""
    rows: list[dict[str, Any]] = []
    for epoch in range(epochs):
        gain = 1 - np.exp(-(epoch + 1) / 12)
        wave = 1 + 0.03 * np.sin(2.7 * epoch)
        terms = {"rec": 5.5 - 3 * gain, "grad": 0.9 - 0.3 * gain, "mass": 0.3, "kl": 40 - 25 * gain * wave}
        row: dict[str, Any] = {"epoch": epoch, "step": 20 * epoch, "lr": 3e-4, "beta": 0.01 * min(1, epoch / 20)}
        row |= {"seconds": 3.2, "train": {"loss": 6 - 3 * gain * wave, **terms}}
        if epoch % 2 == 1:
            same = {"wet_fraction": 0.75 - 0.12 * gain, "correlation": 0.4 + 0.3 * gain, "crps": 3 - gain}
            prior = {"max": 110 * gain * wave, "mean": 9.5 * gain, "p99": 28 * gain * wave, "diversity": 0.25 * gain}
            posterior = {"max": 140 * gain, "mean": 10 * gain, "p99": 30 * gain, "diversity": 0.05}
            row["validation"] = {
                "prior": {**prior, **same, "twcrps_p99": 0.9 - 0.2 * gain, "mae_tail": 14 - 2 * gain},
                "posterior": {**posterior, **same, "twcrps_p99": 0.5, "mae_tail": 9.0 - gain},
                "observed": {"max": 145.0, "mean": 10.2, "p99": 31.0, "wet_fraction": 0.61},
                "kl_per_dimension": [0.5] * 12 + [0.001] * 20,
                "best": [name for name, at in (("prior", 29), ("tail", 21)) if epoch in (at, at - 6)],
            }
        rows.append(row)
    return rows


def write_run(folder: Path, config: Config, store: xr.Dataset, modes: tuple[str, ...] = ("prior", "posterior")) -> Run:
    """A run folder with a store, samples of the test days and a training log; not yet evaluated."""
    run = Run(folder)
    write_store(store, run.store)
    for mode in modes:
        path = run.sample_path(config.model.name, mode, "test")
        members_of(store, mode, config.sampling.members).to_zarr(path, zarr_format=3, consolidated=False)
    run.metrics_log.write_text("".join(json.dumps(row) + "\n" for row in training_log()), encoding="utf-8")
    return run
