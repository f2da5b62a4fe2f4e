"""Quantiles of each cell in place of members, on a run folder and on an xarray object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rainsmith.config import Config
from rainsmith.run_folder import Run

if TYPE_CHECKING:
    import xarray as xr


def quantiles(config: Config, run: Run | str | Path, *, netcdf: bool = False) -> list[Path]:
    """Draw prior members, keep calibrated quantiles and probabilities of exceedance of each cell, and score them.

    Writes ``quantiles/``, in [mm/day] and [1], and a table into ``evaluation/``.

    Args:
        config: its ``quantiles`` say what is written, its ``sampling`` for which splits and days.
        run: the run folder, trained.
        netcdf: whether NetCDF files are written, too.

    Returns:
        The paths of the stores, one for each split.

    Raises:
        UserError: the checkpoint is missing, damaged or of another grid, a day is not in the store, or there are no
            validation days to calibrate on.
    """
    from rainsmith.pipeline import run_stage

    paths: list[Path] = run_stage("quantiles", config, run if isinstance(run, Run) else Run(run), netcdf=netcdf)
    return paths


def quantiles_of(members: xr.DataArray, levels: Sequence[float]) -> xr.DataArray:
    """Quantiles of each cell from members that are in memory, without calibration.

    The member of rank i of K has level i / (K + 1). Above the largest members lies a generalised Pareto tail, fitted to
    the excesses of the ten largest (docs/quantiles.md)::

        >>> import numpy as np, xarray as xr
        >>> from rainsmith import api
        >>> rain = np.random.default_rng(0).gamma(0.7, 10, (1, 99, 2, 2))
        >>> members = xr.DataArray(rain, dims=("time", "member", "y", "x"))
        >>> api.quantiles_of(members, [0.5, 0.999]).sizes["quantile"]
        2

    Args:
        members: (time, member, y, x) [mm/day], NaN at invalid cells, the same in all members; at least 2 members.
        levels: rising, between 0 and 1.

    Returns:
        (time, quantile, y, x) [mm/day], float32.

    Raises:
        UserError: levels that do not rise between 0 and 1, other dimensions, or fewer than two members.
    """
    from rainsmith.quantiles.of_members import quantiles_of_members

    return quantiles_of_members(members, levels)
