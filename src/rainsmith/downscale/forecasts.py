"""Forecasts of downscalers as files with their tables of scores, and the mean forecast of several seeds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.files import atomic
from rainsmith.base.large_arrays import empty, parts, release
from rainsmith.base.provenance import provenance
from rainsmith.base.zarr_blocks import daily_chunks, write_zarr_in_blocks
from rainsmith.config import Config
from rainsmith.data.store import CHUNK_CELLS, CHUNK_DAYS
from rainsmith.evaluate.forecast_scores import score_with_climatology


@dataclass(frozen=True)
class Named:
    """Whose forecast it is.

    Attributes:
        name: of its files, ``<network>-<train_on>-s<seed>`` or ``<network>-<train_on>-ensemble``.
        seed: of the training; of several, the first.
        split: of the days that are forecast.
    """

    name: str
    seed: int
    split: str


def write_forecast(path: Path, forecast: xr.Dataset, config: Config, named: Named) -> None:
    """Write the forecast of a split, with what made it, as a Zarr store."""
    label = config.downscale.label
    described = forecast.assign_attrs(
        title=f"daily precipitation downscaled by {label}",
        model=label,
        checkpoint=named.name,
        seed=named.seed,
        split=named.split,
        provenance=json.dumps(provenance(config)),
    )
    with atomic(path) as scratch:
        write_zarr_in_blocks(scratch, described, encoding=daily_chunks(described, CHUNK_DAYS, CHUNK_CELLS))


def scores_of(
    config: Config,
    store: xr.Dataset,
    forecast: xr.Dataset,
    days: xr.Dataset,
    named: Named,
    crps: xr.DataArray | None = None,
) -> pd.DataFrame:
    """The scores of a forecast and, where it has quantiles, those of the climatology.

    Args:
        config: the configuration.
        store: all days, of which the training days give the climatology.
        forecast: output of ``predict``.
        days: the days of the store that are forecast.
        named: whose forecast it is.
        crps: exact CRPS of its distributions (time, y, x) [mm/day], where it has them.
    """
    labels = {"model": config.downscale.label, "checkpoint": named.name, "seed": named.seed, "split": named.split}
    return score_with_climatology(config, store, forecast, days, labels, crps)


def mean_of(forecasts: Sequence[xr.Dataset]) -> xr.Dataset:
    """The mean of the amounts and of each quantile of several forecasts of the same days.

    Means of quantiles of one level keep the order of the levels (Vincent 1912; Lichtendahl et al. 2013,
    doi:10.1287/mnsc.1120.1667, on why they are sharper than the mixture of the distributions).

    Args:
        forecasts: outputs of ``predict``, in memory or in files.
    """
    first = forecasts[0]
    means = {}
    for name, array in first.data_vars.items():
        if array.dims[:1] != (TIME,):
            continue
        values = empty(array.shape)
        for part in parts(len(array), 8 * array[0].size):
            blocks = (forecast[name][part].values for forecast in forecasts)
            values[part] = sum(block.astype(np.float64) for block in blocks) / len(forecasts)
            release(values)
        means[name] = array.copy(data=values)
    return first.assign(means)
