"""Failures of the data: statistics that are not those of the training days, unknown predictors, suspect values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.data.check import find_suspects
from rainsmith.diagnose.finding import Figure, Finding, at_most
from rainsmith.sample.stage import outside_training_range


def findings(store: xr.Dataset, split: str) -> Iterator[Finding]:
    """What the store says.

    Args:
        store: all days.
        split: that is scored.
    """
    yield _statistics(store, split)
    suspects = find_suspects(store["precip"])
    yield Finding(
        "suspect-values",
        "Are there observed values that stand alone among their neighbours?",
        [Figure("suspect values in use", float(len(suspects)), at_most(0.0, 10.0, "the check of data.suspect"))],
        "Look at these days; correct the files or set data.suspect: mask: "
        + "; ".join(str(suspect) for suspect in suspects[:3]),
        note=str(store.attrs.get("suspect_values", "")),
    )


def _statistics(store: xr.Dataset, split: str) -> Finding:
    training = in_split(store, "train")
    logs: xr.DataArray = xr.apply_ufunc(np.log1p, training["precip"].load())
    mean, std = logs.mean(TIME), logs.std(TIME)
    floor = float(std.median())
    shift = float((abs(store["log_mean"] - mean) / np.maximum(std, 0.1 * floor)).max())
    ratio = float(np.exp(abs(np.log((store["log_std"] / std).where(std > 0.1 * floor))).max()))
    away = max(outside_training_range(in_split(store, split), store).values(), default=0.0)
    own = "the statistics of the training days themselves"
    return Finding(
        "normalisation",
        "Do the statistics of the normalisation belong to these data?",
        [
            Figure("mean of log1p rain, farthest cell [standard deviations]", shift, at_most(0.05, 0.5, own)),
            Figure("standard deviation of log1p rain, farthest cell [ratio]", ratio, at_most(1.05, 1.5, own)),
            Figure(
                f"share of the predictors of {split} days outside the training range, worst channel",
                away,
                at_most(0.01, 0.05, "a climate like the training's leaves a few values in ten thousand"),
            ),
        ],
        "Prepare the data again; with legacy files give the statistics that they were normalised with; do not sample "
        "periods or models whose predictors the training never saw without saying so.",
    )
