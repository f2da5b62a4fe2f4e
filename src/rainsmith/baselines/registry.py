"""What a baseline is, the registry of all baselines, and the one function that makes a forecast of any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS
from rainsmith.base.errors import UserError
from rainsmith.base.registry import Registry
from rainsmith.baselines.fields import NotApplicable, as_forecast, has_coarse_rain

__all__ = ["BASELINES", "Baseline", "NotApplicable", "forecast"]

Function = Callable[[xr.Dataset, np.ndarray, int, int], np.ndarray]
"""(store, days as indices of its time, number of members, seed) -> (day, member, cell) [mm/day] at the valid cells."""


@dataclass(frozen=True)
class Baseline:
    """A forecast without a network, which a model has to beat.

    Attributes:
        name: the name in configurations, on the command line and in the column ``model`` of ``metrics.csv``.
        order: its place in lists and tables.
        title: what the report calls it.
        meaning: one line on how it is made.
        needs_coarse_rain: it is made of coarse rain, which not every set of predictors holds.
        single_valued: it gives one member, however many are asked for.
        by_default: it is part of an evaluation unless the configuration says otherwise.
        function: makes the members of some days. It may read the training days of the store and the predictors of all
            days, never the rain of the days that it forecasts. It raises ``NotApplicable`` where the store lacks what
            it needs.
        drawn: its members are drawn at random, so that another seed gives others.
    """

    name: str
    order: int
    title: str
    meaning: str
    needs_coarse_rain: bool
    single_valued: bool
    by_default: bool
    function: Function
    drawn: bool = False

    def members_of(self, asked: int) -> int:
        """The number of members that it gives where ``asked`` are asked for."""
        return 1 if self.single_valued else asked


BASELINES: Registry[Baseline] = Registry("baseline", "rainsmith.baselines")
"""All baselines by name; the modules of this folder add them."""


def forecast(name: str, store: xr.Dataset, split: str, members: int, *, seed: int = 0) -> xr.DataArray:
    """Forecast of one baseline for every day of a split.

    Args:
        name: one of ``BASELINES``.
        store: the prepared data; only its training days and the predictors are read.
        split: train, validation or test.
        members: number of members; a single-valued baseline gives one.
        seed: of the baselines that draw at random; a member is a function of (seed, day, member) only.

    Returns:
        (time, member, y, x) float32 [mm/day], NaN at invalid cells.

    Raises:
        NotApplicable: the store lacks what the baseline is made of.
        UserError: an unknown name, or fewer training days than members.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> import xarray as xr
        >>> rain = np.random.default_rng(0).gamma(0.5, 8.0, size=(730, 4, 5)).astype("float32")
        >>> store = xr.Dataset(
        ...     {
        ...         "precip": (("time", "y", "x"), rain),
        ...         "split": ("time", np.repeat([0, 2], 365)),
        ...         "mask": (("y", "x"), np.ones((4, 5), dtype=bool)),
        ...     },
        ...     coords={"time": pd.date_range("2001-01-01", periods=730)},
        ... )
        >>> members = forecast("climatology", store, "test", 10)
        >>> dict(members.sizes), members.attrs["units"]
        ({'time': 365, 'member': 10, 'y': 4, 'x': 5}, 'mm/day')
    """
    baseline = BASELINES[name]
    if members < 1:
        raise UserError(f"found {members} members; expected at least 1")
    if baseline.needs_coarse_rain and not has_coarse_rain(store):
        others = ", ".join(other.name for other in BASELINES if not other.needs_coarse_rain)
        raise NotApplicable(
            "found no coarse rain among the predictors, which would be rescaled or interpolated; "
            f"name another baseline ({others}) or give a rain predictor"
        )
    days = np.flatnonzero(store["split"].values == SPLITS.index(split))
    return as_forecast(baseline.function(store, days, members, seed), store, days, name)
