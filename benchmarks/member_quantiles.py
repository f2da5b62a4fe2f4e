"""Compares the quantiles of a generative model's members with those of downscalers: the most that members can teach.

    python benchmarks/member_quantiles.py RUN [--members 100] [--step 6] [--temperature T]

A quantile network that is trained on prior members of every day alone would learn the quantiles of those members. The
script draws many members of every sixth validation day and prints the pinball losses [mm/day] of their quantiles,
beside those of every forecast of validation days in RUN/downscale (of
`rainsmith downscale --set "downscale.splits=[validation]"`). Quantiles of few members are inaccurate, which raises the
pinball loss: compare 50 and 100 members. It reads no test day.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.zarr_files import open_zarr
from rainsmith.data.dataset import Days
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics.core import Settings
from rainsmith.metrics.estimates import score_days
from rainsmith.metrics.quantiles import as_members, quantile_metrics
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler

BATCH = 4
"""Days drawn at a time, with all their members."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--members", type=int, nargs="+", default=[100])
    parser.add_argument("--step", type=int, default=6)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--checkpoint", default="best_prior")
    arguments = parser.parse_args()
    run = Run(arguments.run)
    store = run.open_store()
    days = in_split(store, "validation").isel(time=slice(None, None, arguments.step)).load()
    loaded = checkpoints.load(run.checkpoints / arguments.checkpoint)
    levels, settings = loaded.config.downscale.quantiles, settings_of(store, loaded.config)
    how = loaded.config.sampling
    if arguments.temperature is not None:
        how = how.model_copy(update={"temperature": arguments.temperature})
    forecasts = member_quantiles(Sampler(loaded, how, "auto"), days, levels, arguments.members)
    for path in sorted((run.folder / "downscale").glob("*-validation.zarr")):
        found = open_zarr(path, "run 'rainsmith downscale' again").sel(time=days["time"])
        if "quantiles" in found and set(levels) <= set(found["quantile"].values.tolist()):
            forecasts[path.stem.removesuffix("-validation")] = found["quantiles"].sel(quantile=levels).load()
    show(forecasts, days["precip"], levels, settings)


def member_quantiles(
    sampler: Sampler, days: xr.Dataset, levels: list[float], counts: list[int]
) -> dict[str, xr.DataArray]:
    """Quantiles (time, quantile, y, x) [mm/day] of the first members, by their number."""
    reader = Days(days, in_memory=True)
    found: dict[int, list[np.ndarray]] = {count: [] for count in counts}
    for start in range(0, len(reader), BATCH):
        batch = reader.batch(np.arange(start, min(start + BATCH, len(reader))))
        drawn = sampler.draw(batch.x, batch.days, range(max(counts)))
        for count, parts in found.items():
            # the Weibull position: a new member exceeds the quantile of level q with probability 1 - q
            parts.append(np.moveaxis(np.quantile(drawn[:, :count], levels, axis=1, method="weibull"), 0, 1))
    coords = {"time": days["time"], "quantile": levels, "y": days["y"], "x": days["x"]}
    dims = tuple(coords)
    return {
        f"{count} members": xr.DataArray(np.concatenate(parts).astype(np.float32), dims=dims, coords=coords)
        for count, parts in found.items()
    }


def show(forecasts: Mapping[str, xr.DataArray], obs: xr.DataArray, levels: list[float], settings: Settings) -> None:
    """A Markdown table with a row for each forecast."""
    metrics = quantile_metrics(levels)
    print(f"| {obs.sizes['time']} validation days | {' | '.join(metric.name for metric in metrics)} |")
    print("|---" * (1 + len(metrics)) + "|")
    for name, quantiles in forecasts.items():
        found = score_days(as_members(quantiles), obs, metrics, settings=settings)
        print(f"| {name} | {' | '.join(f'{found[metric.name]:.4g}' for metric in metrics)} |", flush=True)


if __name__ == "__main__":
    main()
