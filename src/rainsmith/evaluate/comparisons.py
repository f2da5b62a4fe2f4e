"""Forecasts compared in pairs, on the days and cells that both were scored on: rows of ``comparisons.csv``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import Scored, day_sets_of
from rainsmith.evaluate.settings import Resampling
from rainsmith.metrics.bootstrap import calendar_blocks, paired_difference
from rainsmith.metrics.registry import compared_metrics

COMPARISON_COLUMNS = ["metric", "days", "a", "b", "difference", "lower", "upper", "p", "split", "blocks"]
"""Columns of ``comparisons.csv``."""


def compare_in_pairs(
    scored: Mapping[str, tuple[Forecast, Scored]], store: xr.Dataset, split: str, resampling: Resampling
) -> pd.DataFrame:
    """Paired differences of every model and mode to all others and to all baselines; negative where ``a`` is better.

    Args:
        scored: forecasts and their scores by name, the models first; baselines are not compared with each other.
        store: the prepared data.
        split: the split that all of them belong to.
        resampling: how the intervals are made.
    """
    rows = []
    for (a, (first, one)), (b, (second, two)) in itertools.combinations(scored.items(), 2):
        if first.baseline:
            continue
        common, i, j = np.intersect1d(first.days, second.days, return_indices=True)
        cells = one.daily["cells"].values
        alike = cells[i] == two.daily["cells"].values[j]
        common, i, j = common[alike], i[alike], j[alike]
        days = store[["category", "heavy_x"]].isel({TIME: common})
        block = calendar_blocks(days[TIME], resampling.block_days)
        sets_and_scores = itertools.product(day_sets_of(days).items(), compared_metrics().items())
        for (day_set, chosen), (metric, term) in sets_and_scores:
            if term not in one.daily:
                continue
            difference = paired_difference(
                one.daily[term].values[i][chosen],
                two.daily[term].values[j][chosen],
                cells[i][chosen],
                block[chosen],
                resamples=resampling.resamples,
                seed=resampling.seed,
            )
            if np.isfinite(difference.difference):
                about = {"metric": metric, "days": day_set, "a": a, "b": b}
                rows.append({**about, **difference._asdict(), "split": split})
    return pd.DataFrame(rows, columns=COMPARISON_COLUMNS)
