"""What a record offers a model: its days, its grid, and how much of the rain the predictors settle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, in_split
from rainsmith.base.large_arrays import blocks_of_days
from rainsmith.data.analogs import principal_components

MOST_DAYS, MOST_CELLS = 3000, 300
"""Days and cells on which the explained share is measured, evenly spaced, to bound the time."""
COMPONENTS = 60
"""Leading components of the predictors that the regression knows, and a twentieth of the days at most."""
BLOCKS = 6
"""Blocks of days that are left out in turn."""
_RIDGE = 10.0  # added to the squares of the components, whose variance is 1: as if so many more days had no rain signal


class Offer(NamedTuple):
    """What a store offers a model.

    Attributes:
        days: of training.
        side: [fine cells] the longer side of the box that holds them.
        coarse_block: [fine cells] side of the blocks whose means are among the predictors; 0 where there are none.
        explained: share of the variance of log1p rain that a linear regression on the predictors explains on days that
            it was not fitted on; 0 where it explains nothing.
    """

    days: int
    side: int
    coarse_block: int
    explained: float


def offer_of(store: xr.Dataset) -> Offer:
    """Measure what a store offers, from its training days."""
    training, mask = in_split(store, "train"), store["mask"].values
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return Offer(
        days=training.sizes[TIME],
        side=int(max(np.ptp(rows), np.ptp(columns))) + 1,
        coarse_block=int(store.attrs.get("coarsen", 0)),
        explained=explained_share(training),
    )


def explained_share(training: xr.Dataset) -> float:
    """Share of the variance of log1p rain that the predictors explain on days left out, by linear regression.

    The regression knows the leading principal components of the predictors and the squares of the first ones. Its
    errors are those of whole blocks of days that it was not fitted on.

    Args:
        training: the training days, with ``precip`` [mm/day] and ``predictors``.
    """
    places = _spread(training.sizes[TIME], MOST_DAYS)
    chosen = training.isel({TIME: places})
    cells = np.flatnonzero(training["mask"].values)
    cells = cells[_spread(len(cells), MOST_CELLS)]
    rain = np.empty((len(places), len(cells)))
    for part, block in blocks_of_days(training["precip"].transpose(TIME, ...), places):  # whole fields would be large
        rain[part] = np.log1p(block.reshape(len(block), -1)[:, cells])
    known = np.isfinite(rain)
    some = known.any(axis=1)
    if some.sum() < 2 * BLOCKS:
        return 0.0
    rain, known, inputs = rain[some], known[some], _components(chosen)[some]
    block = np.arange(len(rain)) * BLOCKS // len(rain)
    error = total = 0.0
    for left_out in range(BLOCKS):
        fitted, scored = block != left_out, block == left_out
        mean = np.where(known, rain, 0.0)[fitted].sum(axis=0) / np.maximum(known[fitted].sum(axis=0), 1)
        away = np.where(known, rain - mean, 0.0)  # a gap counts as the mean where it is fitted, and nowhere else
        weights = np.linalg.solve(
            inputs[fitted].T @ inputs[fitted] + _RIDGE * np.eye(inputs.shape[1]), inputs[fitted].T @ away[fitted]
        )
        missed = np.where(known, away - inputs @ weights, 0.0)[scored]
        error, total = error + float((missed**2).sum()), total + float((away[scored] ** 2).sum())
    return max(0.0, 1.0 - error / total) if total > 0 else 0.0


def _components(days: xr.Dataset) -> np.ndarray:
    """(time, feature) of mean 0: leading components of the predictors with variance 1, and squares of the first."""
    predictors = days["predictors"].transpose(TIME, CHANNEL, "y_lr", "x_lr").values.astype(np.float64)
    if "predictor_log_mean" in days:
        rain = np.isfinite(days["predictor_log_mean"].values)
        predictors[:, rain] = np.log1p(np.maximum(predictors[:, rain], 0.0))
    every = np.ones(len(predictors), dtype=bool)
    scores = principal_components(predictors, every, min(COMPONENTS, max(1, len(predictors) // 20)))
    scores = scores / np.maximum(scores.std(axis=0), 1e-9)
    squares = scores[:, :8] ** 2
    return np.asarray(np.concatenate([scores, squares - squares.mean(axis=0)], axis=1))


def _spread(count: int, most: int) -> np.ndarray:
    """At most ``most`` of so many places, evenly spaced."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
