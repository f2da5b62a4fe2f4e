"""Nearest training days: copies among the members, and days that training has seen among those it is judged on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, in_split
from rainsmith.diagnose.finding import Figure, Finding, at_most
from rainsmith.metrics.bootstrap import calendar_blocks

COPY = 1e-4
"""1 - correlation of log1p mm below which two days are one: packing and rounding leave less."""
WET_SHARE, WET_CELLS = 0.05, 10
"""Share and number of the cells that must have rain for a day to count: two days with one wet cell are easily alike."""
_NEXT = 10
_SHARE = 0.05
_UNSEEN = "unseen observed days, of which 5 % are as close to one training day: 3 and 6 times that share"
_MOST = 200


def findings(store: xr.Dataset, members: xr.DataArray, split: str, *, seed: int = 0) -> Iterator[Finding]:
    """Memorisation and leakage.

    Args:
        store: all days.
        members: (time, y, x) one prior member of days of ``split`` [mm/day].
        split: that is scored.
        seed: of the choice of at most 200 days.
    """
    cells = np.asarray(store["mask"].values, dtype=bool)
    training = _unit(in_split(store, "train")["precip"], cells)
    scored = store.isel({TIME: np.flatnonzero(np.isin(store[TIME].values, members[TIME].values))})
    place = np.sort(np.random.default_rng([seed, 5]).permutation(scored.sizes[TIME])[:_MOST])
    observed = _nearest(_unit(scored["precip"].isel({TIME: place}), cells), training, _NEXT)
    drawn = _nearest(_unit(members.isel({TIME: place}), cells), training, _NEXT)
    yield _memorised(drawn, observed)
    yield _leaked(store, split, training, cells)


def _memorised(drawn: np.ndarray, observed: np.ndarray) -> Finding:
    """A copy is much closer to one training day than to the next ones; a smooth field is about as close to many."""
    alone, usual = (_known(near[:, 0] / np.maximum(near[:, -1], 1e-9)) for near in (drawn, observed))
    share = float(np.mean(alone < np.quantile(usual, _SHARE))) if alone.size and usual.size else math.nan
    nearest = _known(drawn[:, 0])
    copies = float(np.mean(nearest < COPY)) if nearest.size else math.nan
    return Finding(
        "memorisation",
        "Are synthetic days copies of training days?",
        [
            Figure(
                f"share of members as close to one training day, next to the {_NEXT}th, as few unseen days are",
                share,
                at_most(3 * _SHARE, 6 * _SHARE, _UNSEEN),
            ),
            Figure("share of members that are a training day", copies, at_most(0.0, 0.01, "a copy is a copy")),
        ],
        "The model repeats what it saw: more weight decay and dropout, fewer epochs, a smaller network.",
        note=""
        if not (alone.size and usual.size)
        else f"1 - correlation of log1p mm with the nearest training day: members {np.nanmedian(drawn[:, 0]):.3g}, "
        f"unseen days {np.nanmedian(observed[:, 0]):.3g} (medians)",
    )


def _leaked(store: xr.Dataset, split: str, training: np.ndarray, cells: np.ndarray) -> Finding:
    """Duplicates of training days among the days of the other splits, and days beside training days."""
    days = in_split(store, split)
    nearest = _known(_nearest(_unit(days["precip"], cells), training, 1)[:, 0])
    number = calendar_blocks(store[TIME], 1)
    kinds = store["split"].values
    trained = number[kinds == SPLITS.index("train")]
    beside = np.isin(number[kinds == SPLITS.index(split)][:, None] + np.array([-1, 0, 1]), trained).any(axis=1)
    edges = "a boundary of whole years leaves at most one day a split; 1 and 10 % of the days"
    return Finding(
        "leakage",
        f"Are {split} days known from training?",
        [
            Figure(
                f"share of {split} days that are a training day",
                float(np.sum(nearest < COPY) / days.sizes[TIME]) if nearest.size else math.nan,
                at_most(0.0, 0.01, "no two days of rain are the same"),
            ),
            Figure(f"share of {split} days beside a training day", float(beside.mean()), at_most(0.01, 0.10, edges)),
        ],
        "Split by whole years (data.splits), look for repeated files, and score again: these scores are too good.",
    )


def _unit(rain: xr.DataArray, cells: np.ndarray) -> np.ndarray:
    """(time, cell) anomalies of log1p mm of unit length; NaN where a day has hardly any rain."""
    values = np.log1p(np.nan_to_num(np.asarray(rain.transpose(TIME, ...).values, dtype=np.float32)[:, cells]))
    wet = (values > 0).sum(axis=1, keepdims=True) >= max(WET_SHARE * values.shape[1], WET_CELLS)
    values -= values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(wet & (length > 1e-3), values / np.maximum(length, 1e-3), np.nan)


def _nearest(days: np.ndarray, library: np.ndarray, count: int) -> np.ndarray:
    """(time, count) 1 - correlation with the most similar days of the library, rising; NaN where nothing varies."""
    known = library[np.isfinite(library).all(axis=1)]
    if not len(known):
        return np.full((len(days), 1), np.nan)
    count = min(count, len(known))
    distance = 1 - days @ known.T
    return np.sort(np.partition(distance, count - 1, axis=1)[:, :count], axis=1)


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]
