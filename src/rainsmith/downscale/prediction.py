"""Forecasts of a trained downscaler, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from rainsmith.base.cf import coordinates_of_cells, rain_attributes
from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import empty, release
from rainsmith.data.dataset import Batch, Days
from rainsmith.metrics.quantiles import QUANTILE
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.downscaling.downscaler import Downscaler
from rainsmith.models.precision import autocast, sampling_precision


def load_downscaler(path: Path, device: torch.device | None = None) -> Downscaler:
    """A trained downscaler from its file, ready for ``predict``.

    Raises:
        UserError: the file is missing, damaged or of another configuration.
    """
    saved = checkpoints.load(path)

    def build() -> Downscaler:
        return Downscaler(saved.config.downscale, saved.domain, wet_mm=saved.config.data.wet_mm)

    checkpoints.refuse_other_layers(build, saved)
    module = build()
    checkpoints.load_weights(module, saved)
    return module.to(device or torch.device("cpu")).eval()


def predict(
    module: Downscaler, days: xr.Dataset, *, levels: Sequence[float] | None = None, batch_size: int = 64
) -> xr.Dataset:
    """Forecast some days.

    Args:
        module: a trained downscaler.
        days: with raw ``predictors`` (time, channel, y_lr, x_lr) and the coordinates of the fine grid.
        levels: rising levels of the quantiles; None takes those of the training. A network that forecasts a
            distribution has every level, a network of quantiles those of its training only.
        batch_size: number of days at once.

    Returns:
        ``precip`` (time, y, x) [mm/day], which is the median of ``q-srdrn`` and the mean of a distribution; and, where
        the network has them, ``quantiles`` (time, quantile, y, x) [mm/day], which never cross. NaN at cells that are
        never valid.

    Raises:
        UserError: the network has no quantile of one of the levels.
    """
    wanted = module.quantiles if levels is None or not module.quantiles else levels
    fields, of_levels = _fields(module, days, wanted, batch_size)
    forecast = coordinates_of_cells(days)
    forecast["precip"] = ((TIME, "y", "x"), fields, rain_attributes("daily precipitation", days))
    if wanted:
        forecast = forecast.assign_coords({QUANTILE: (QUANTILE, np.asarray(wanted), {"units": "1"})})
        attrs = rain_attributes("quantiles of daily precipitation", days)
        forecast["quantiles"] = ((TIME, QUANTILE, "y", "x"), of_levels, attrs)
    return forecast


def crps_of(module: Downscaler, days: xr.Dataset, *, batch_size: int = 64) -> xr.DataArray | None:
    """Exact CRPS of the forecast distributions (time, y, x) [mm/day]; None where the network forecasts none.

    Args:
        module: a trained downscaler.
        days: with raw ``predictors``, and ``precip`` [mm/day]; the CRPS is NaN where that is missing.
        batch_size: number of days at once.
    """
    fields = empty((days.sizes[TIME], *module.size))
    for part, batch in _batches(module, days, batch_size):
        with autocast(module.cells.device, _precision(module)):
            found = module.crps(batch.x, batch.y)
        if found is None:
            return None
        fields[part] = torch.where(batch.valid, found, torch.nan).cpu().numpy()
        release(fields)
    dims = (TIME, "y", "x")
    return xr.DataArray(fields, {name: days[name] for name in dims}, dims, "crps", {"units": "mm/day"})


def _fields(
    module: Downscaler, days: xr.Dataset, wanted: Sequence[float], batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Amounts (time, y, x) and quantiles (time, quantile, y, x), both [mm/day]."""
    fields = empty((days.sizes[TIME], *module.size))
    levels = empty((days.sizes[TIME], len(wanted), *module.size))
    for part, batch in _batches(module, days.drop_vars("precip", errors="ignore"), batch_size):
        with autocast(module.cells.device, _precision(module)):
            amounts, quantiles = module.predict(batch.x, wanted)
        fields[part] = amounts.cpu().numpy()
        if quantiles is not None:
            levels[part] = quantiles.cpu().numpy()
        release(fields)
        release(levels)
    return fields, levels


def _batches(module: Downscaler, days: xr.Dataset, batch_size: int) -> Iterator[tuple[slice, Batch]]:
    """The days in their order, on the processor of the network, and where they stand."""
    reader = Days(days)
    for start in range(0, len(reader), batch_size):
        part = slice(start, min(start + batch_size, len(reader)))
        yield part, reader.batch(np.arange(part.start, part.stop)).to(module.cells.device)


def _precision(module: Downscaler) -> str:
    return sampling_precision(module.settings.precision, module.cells.device)
