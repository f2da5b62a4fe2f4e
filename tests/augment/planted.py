"""Planted days for the checks of synthetic days: members of the true climate, and what the judge says of others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.data.grids.block_means import block_means

SIDE = 4
"""[cells] Of the blocks of the store whose coarse rain is block means."""


def heavy_days(store: xr.Dataset) -> xr.Dataset:
    """The heavy training days, chosen by the predictors."""
    training = in_split(store, "train")
    return training.isel(time=np.flatnonzero(training["heavy_x"].values))


def days_and_members(
    store: xr.Dataset, truth: xr.DataArray, kind: str, days: str = "heavy_x"
) -> tuple[xr.Dataset, np.ndarray]:
    """Training days and a true member for each; where the input is block means, it is made those of the member."""
    chosen = in_split(store, "train") if days == "all" else heavy_days(store)
    members = truth.sel(time=chosen["time"].values)
    if kind == "blocks":
        means = block_means(members, SIDE)[:, None]
        chosen = chosen.assign(predictors=chosen["predictors"].copy(data=means))
    return chosen, members.values


def failed(table: pd.DataFrame) -> list[set[str]]:
    """The checks that each day failed."""
    return [{rejection.check for rejection in of_day} for of_day in table["rejections"]]


def all_fail(table: pd.DataFrame, check: str) -> bool:
    """Whether every day failed a check, and none was accepted."""
    return all(check in checks for checks in failed(table)) and not table["accepted"].any()


def texts(table: pd.DataFrame, check: str) -> pd.Series:
    """What a check says of each day that it rejects."""
    return pd.Series(
        [str(rejection) for of_day in table["rejections"] for rejection in of_day if rejection.check == check]
    )
