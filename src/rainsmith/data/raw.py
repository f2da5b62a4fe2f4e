"""What a source of data hands to ``prepare``: raw fields in mm/day and raw predictors, not yet split or measured."""

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
        rain_channels: every channel of rain [mm/day], of whatever day.
        coarsen: side of the blocks [fine cells] where that channel is block means of the target, else 0.
        split: (time,) int8 where the source itself fixes the splits, else None (``data.splits`` rules).
        log_mean: (y, x), statistics of log1p mm/day that came with the files, else None.
        log_std: (y, x), likewise.
        attrs: source, title, history and terms of the data.
    """

    precip: xr.DataArray
    predictors: xr.DataArray
    statics: xr.DataArray
    coarse_row: xr.DataArray
    coarse_col: xr.DataArray
    coarse_rain_channel: str = ""
    rain_channels: tuple[str, ...] = ()
    coarsen: int = 0
    split: np.ndarray | None = None
    log_mean: xr.DataArray | None = None
    log_std: xr.DataArray | None = None
    attrs: dict[str, str] = field(default_factory=dict)
