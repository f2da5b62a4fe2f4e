"""Channels that lack values on some cells, as a sea temperature does over land: it is said how much."""

from __future__ import annotations

import numpy as np

from rainsmith.base.dims import CHANNEL
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.locate import block_index
from rainsmith.data.sources.channels import Predictors

_MOST_NAMED = 3


def say_gaps(
    predictors: Predictors, kept: np.ndarray, row: np.ndarray, column: np.ndarray, valid: np.ndarray, log: CheckLog
) -> None:
    """Say which channels lack values on the days that are kept, since a network takes these for the training mean.

    Block means of the target lack what the target lacks (the sea), and are left out.

    Args:
        predictors: on the coarse grid.
        kept: (time,) bool, the days that are kept.
        row: (y, x) fractional row of each fine cell in the coarse grid.
        column: (y, x) fractional column.
        valid: (y, x) bool, the fine cells that have rain.
        log: takes the notice.
    """
    of_blocks = {channel.name for channel in predictors.channels if channel.coarsen}
    near = np.unique(block_index(row, column, predictors.grid.shape)[valid])
    said = []
    for number, name in enumerate(map(str, predictors.values[CHANNEL].values)):
        missing = np.isnan(predictors.values.values[kept, number]).reshape(int(kept.sum()), -1)
        if name not in of_blocks and missing.any():
            share, there = missing.mean(), missing[:, near].mean() if near.size else 0.0
            said.append(f"'{name}' lacks {share:.2%} of its values ({there:.2%} of those at the target)")
    if said:
        more = f" and {len(said) - _MOST_NAMED} more channels" if len(said) > _MOST_NAMED else ""
        log.notices.append(f"{', '.join(said[:_MOST_NAMED])}{more}; a network takes its training mean there")
