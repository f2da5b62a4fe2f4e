"""Channels that lack values on some cells, as a sea temperature does over land: it is said how much.

They are not refused, since a map of half the cells is a legal predictor; what other days lack beyond the training is.
"""

from __future__ import annotations

import numpy as np

from rainsmith.base.dims import CHANNEL, SPLITS
from rainsmith.base.errors import UserError
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.locate import block_index
from rainsmith.data.sources.channels import Predictors

_MOST_NAMED = 3
MOST_MORE = 0.01
"""Share of the values of a channel that other days may lack beyond what the training lacks, as in a new period."""


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


def refuse_more_gaps(predictors: Predictors, kept: np.ndarray, split: np.ndarray) -> None:
    """Refuse a channel that lacks values on days of validation or test which the training had.

    Args:
        predictors: on the coarse grid.
        kept: (time,) bool, the days that are kept.
        split: (time,) index into ``dims.SPLITS``, -1 for none.

    Raises:
        UserError: more than 1 % of the values are missing beyond the share of the training.
    """
    of_blocks = {channel.name for channel in predictors.channels if channel.coarsen}
    for number, name in enumerate(map(str, predictors.values[CHANNEL].values)):
        gaps = np.isnan(predictors.values.values[:, number]).mean(axis=(1, 2))
        shares = [float(gaps[kept & (split == k)].mean()) if (kept & (split == k)).any() else 0.0 for k in range(3)]
        for part, share in zip(SPLITS[1:], shares[1:], strict=True):
            if name not in of_blocks and share > shares[0] + MOST_MORE:
                raise UserError(
                    f"predictor '{name}' lacks {share:.1%} of its values on the days of {part}, on those of training "
                    f"{shares[0]:.1%}; expected at most {MOST_MORE:.0%} more; fill them, or give files without gaps"
                )
