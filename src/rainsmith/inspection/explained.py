"""How well the predictors explain the rain: a linear fit, and baselines without a network on validation days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, SPLITS, TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.baselines.fields import has_coarse_rain
from rainsmith.baselines.registry import BASELINES
from rainsmith.data.offer import explained_share
from rainsmith.metrics import crps

SPLIT = "validation"
"""The split whose days are forecast; the test days are left for the final table."""
MOST_DAYS, MEMBERS = 150, 10
"""Days, evenly spaced, and members of each forecast."""
MOST_VALUES = 2 * 10**7
"""Values of one forecast; fewer days are taken on a large grid."""
FORECASTS = ("climatology", "bilinear", "analogs", "scaled-analogs")
"""Baselines that are tried, as far as the data allow them; the first is what the others are compared with."""


@dataclass(frozen=True)
class Explained:
    """How much one way to use the predictors explains.

    Attributes:
        name: of the method.
        title: the same in words.
        share: of the variance of log1p(rain) about the mean of each cell that it explains; below 0 it is worse than
            that mean. NaN where it is not measured.
        crps: fair CRPS on the validation days [mm/day]; NaN where it is not measured.
        gain: by how much the CRPS is below that of climatology, as a share of it; NaN where it is not measured.
    """

    name: str
    title: str
    share: float
    crps: float = float("nan")
    gain: float = float("nan")


def explained(store: xr.Dataset) -> list[Explained]:
    """A linear fit on the training days, and baselines on days of validation.

    Args:
        store: the prepared data.

    Returns:
        One record a method that the data allow; the linear fit first.
    """
    linear = explained_share(in_split(store, "train"))
    records = [Explained("linear", "linear regression on the predictors", linear)]
    days = chosen_days(store)
    if not len(days):
        return records
    mask = np.asarray(store["mask"].values, dtype=bool)
    observed = store["precip"].isel({TIME: days}).values[:, mask]
    of_climate = float("nan")
    for name in FORECASTS:
        baseline = BASELINES[name]
        if baseline.needs_coarse_rain and not has_coarse_rain(store):
            continue
        try:
            members = baseline.function(store, days, baseline.members_of(MEMBERS), 0)
        except UserError:  # too few training days, or other data than it is made of
            continue
        score = _crps(members, observed)
        of_climate = score if name == FORECASTS[0] else of_climate
        gain = 1 - score / of_climate if of_climate > 0 else float("nan")
        usual = store["log_mean"].values[mask]
        records.append(Explained(name, baseline.title, _share(members, observed, usual), score, gain))
    return records


def chosen_days(store: xr.Dataset) -> np.ndarray:
    """Places along time of the validation days that are forecast."""
    days = np.flatnonzero(store["split"].values == SPLITS.index(SPLIT))
    cells = max(int(store["mask"].values.sum()), 1)
    most = max(8, min(MOST_DAYS, MOST_VALUES // (cells * MEMBERS)))
    return days[np.unique(np.linspace(0, len(days) - 1, min(most, len(days))).astype(int))] if len(days) else days


def _share(members: np.ndarray, observed: np.ndarray, usual: np.ndarray) -> float:
    """Share of the variance of log1p(rain) about ``usual`` that the mean of log1p of the members explains."""
    truth = np.log1p(observed)
    error = truth - np.log1p(np.maximum(members, 0.0)).mean(axis=1)
    known = np.isfinite(error) & np.isfinite(usual)
    total = float(((truth - usual)[known] ** 2).sum())
    return 1 - float((error[known] ** 2).sum()) / total if total > 0 else float("nan")


def _crps(members: np.ndarray, observed: np.ndarray) -> float:
    """Fair CRPS [mm/day] of members (day, member, cell)."""
    fcst = xr.DataArray(members[:, :, None], dims=(TIME, MEMBER, "y", "x"))
    obs = xr.DataArray(observed[:, None], dims=(TIME, "y", "x"))
    time = np.datetime64("2001-01-01") + np.arange(len(observed)).astype("timedelta64[D]")
    return float(crps(fcst.assign_coords({TIME: time}), obs.assign_coords({TIME: time})))
