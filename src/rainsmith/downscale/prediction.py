"""Forecasts of a trained downscaler, in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import xarray as xr

from rainsmith.base.cf import coordinates_of_cells, rain_attributes
from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import empty, release
from rainsmith.data.dataset import Days
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


def predict(module: Downscaler, days: xr.Dataset, *, batch_size: int = 64) -> xr.Dataset:
    """Forecast some days.

    Args:
        module: a trained downscaler.
        days: with raw ``predictors`` (time, channel, y_lr, x_lr) and the coordinates of the fine grid.
        batch_size: number of days at once.

    Returns:
        ``precip`` (time, y, x) [mm/day], which is the median of ``q-srdrn`` and the mean of ``unet``; and, where the
        network has them, ``quantiles`` (time, quantile, y, x) [mm/day], which never cross. NaN at cells that are never
        valid.
    """
    fields, levels = _fields(module, days, batch_size)
    forecast = coordinates_of_cells(days)
    forecast["precip"] = ((TIME, "y", "x"), fields, rain_attributes("daily precipitation", days))
    if module.quantiles:
        forecast = forecast.assign_coords({QUANTILE: (QUANTILE, np.asarray(module.quantiles), {"units": "1"})})
        attrs = rain_attributes("quantiles of daily precipitation", days)
        forecast["quantiles"] = ((TIME, QUANTILE, "y", "x"), levels, attrs)
    return forecast


def _fields(module: Downscaler, days: xr.Dataset, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Amounts (time, y, x) and quantiles (time, quantile, y, x), both [mm/day]."""
    device = module.cells.device
    precision = sampling_precision(module.settings.precision, device)
    reader = Days(days.drop_vars("precip", errors="ignore"))
    fields = empty((len(reader), *module.size))
    levels = empty((len(reader), len(module.quantiles), *module.size))
    for start in range(0, len(reader), batch_size):
        part = slice(start, min(start + batch_size, len(reader)))
        batch = reader.batch(np.arange(part.start, part.stop))
        with autocast(device, precision):
            amounts, quantiles = module.predict(batch.x.to(device))
        fields[part] = amounts.cpu().numpy()
        if quantiles is not None:
            levels[part] = quantiles.cpu().numpy()
        release(fields)
        release(levels)
    return fields, levels
