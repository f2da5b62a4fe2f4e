"""What every kind of data is read into: rain in mm/day and raw predictors, before splits and statistics."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class RawData:
    """Fields as read, before splits and training statistics.

    Attributes:
        precip: (time, y, x) [mm/day], NaN where a cell is invalid that day, with CF coordinates.
        predictors: (time, channel, y_lr, x_lr), raw values, the same days as ``precip``.
        statics: (static, y, x), raw values without gaps.
        coarse_row: (y, x), fractional row of each fine cell in the coarse grid.
        coarse_col: (y, x), fractional column of each fine cell in the coarse grid.
        coarse_rain_channel: channel that holds the coarse rain of the day itself [mm/day], or "".
        rain_channels: names of all channels of rain [mm/day], of the day itself and of other days.
        channel_units: the unit of each channel, "" where none is known.
        coarsen: side of the blocks [fine cells] where ``coarse_rain_channel`` is block means of the target, else 0.
        split: (time,) int8 where the files themselves fix the splits, else None; then ``data.splits`` decides.
        log_mean: (y, x), mean of log1p mm/day where it came with the files, else None.
        log_std: (y, x), standard deviation of log1p mm/day where it came with the files, else None.
        attrs: source, title, history and terms of the data.
    """

    precip: xr.DataArray
    predictors: xr.DataArray
    statics: xr.DataArray
    coarse_row: xr.DataArray
    coarse_col: xr.DataArray
    coarse_rain_channel: str = ""
    rain_channels: tuple[str, ...] = ()
    channel_units: dict[str, str] = field(default_factory=dict)
    coarsen: int = 0
    split: np.ndarray | None = None
    log_mean: xr.DataArray | None = None
    log_std: xr.DataArray | None = None
    attrs: dict[str, str] = field(default_factory=dict)
