"""Which checkpoint is the best: Pareto fronts of three scores of prior samples, and the order within a front."""

from __future__ import annotations

import numpy as np
import pandas as pd

OBJECTIVES = ("prior_tail_score", "prior_crps", "prior_rank_deviation")
"""Columns that the Pareto fronts are made of: the tail, the whole, and reliability; for each, the lower the better."""


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``rank`` and ``front`` first, the best first; checkpoints whose scores are undefined last.

    Within a front the lower tail score is the better one.
    """
    table = table.assign(front=pareto_fronts(table[list(OBJECTIVES)].to_numpy(dtype=np.float64)))
    table = table.sort_values(["front", OBJECTIVES[0]], kind="stable", ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table.insert(1, "front", table.pop("front"))
    return table


def pareto_fronts(values: np.ndarray) -> np.ndarray:
    """Number of the Pareto front of each row, from 1.

    No row of a front is at least as good in every column, and better in one, than another row of that front.

    Args:
        values: (row, objective), the lower the better; an undefined value counts as infinite.
    """
    costs = np.where(np.isfinite(values), values, np.inf)
    front = np.zeros(len(costs), dtype=np.int64)
    number = 0
    while (front == 0).any():
        number += 1
        left = np.flatnonzero(front == 0)
        no_worse = (costs[left][:, None] <= costs[left][None]).all(axis=2)
        better = (costs[left][:, None] < costs[left][None]).any(axis=2)
        front[left[~(no_worse & better).any(axis=0)]] = number
    return front
