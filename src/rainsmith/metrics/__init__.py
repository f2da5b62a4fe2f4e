"""Scores of ensembles of daily rain: functions of xarray arrays in mm/day; each is a formula of sums over days.

Every metric of ``metrics.csv`` can be imported by its name and called with two arrays:

>>> import numpy as np, xarray as xr
>>> from rainsmith.metrics import crps
>>> obs = xr.DataArray([[[0.0, 4.0]], [[2.0, 6.0]]], dims=("day", "lat", "lon"))
>>> fcst = obs + xr.DataArray([0.0, 1.0, 2.0], dims="number")
>>> daily = crps(fcst, obs, member_dim="number", time_dim="day", space_dims=("lat", "lon"), preserve_dims="day")
>>> np.round(daily.values, 3).tolist()
[0.333, 0.333]
"""

from rainsmith.metrics.quantiles import exceeded, pinball, quantile_crps
from rainsmith.metrics.rain_objects import Sal, sal
from rainsmith.metrics.registry import METRICS, Metric

__all__ = ["METRICS", "Metric", "Sal", "exceeded", "pinball", "quantile_crps", "sal"]


def __getattr__(name: str) -> Metric:
    """A metric by its name; the modules of this folder are not listed here, so that a new metric takes one file."""
    if name.startswith("_") or name not in METRICS:
        raise AttributeError(f"module 'rainsmith.metrics' has no metric '{name}'")
    return METRICS[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *METRICS.names()})
