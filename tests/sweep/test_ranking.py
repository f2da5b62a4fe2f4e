"""Pareto fronts by hand, and the order of checkpoints."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rainsmith.sweep.ranking import pareto_fronts, ranked


def test_fronts_by_hand() -> None:
    values = np.array([[1.0, 5.0], [2.0, 2.0], [3.0, 3.0], [5.0, 1.0], [4.0, 4.0], [np.nan, 9.0]])
    assert pareto_fronts(values).tolist() == [1, 1, 2, 1, 3, 4]
    assert pareto_fronts(np.ones((3, 2))).tolist() == [1, 1, 1]


def test_the_best_is_of_the_first_front_and_has_the_lowest_tail_score() -> None:
    table = pd.DataFrame(
        {
            "checkpoint": ["epoch_010 best_prior", "epoch_020", "epoch_030 best_tail"],
            "epoch": [10, 20, 30],
            "prior_tail_score": [0.4, 0.2, 0.3],
            "prior_crps": [1.0, 1.0, 2.0],
            "prior_rank_deviation": [0.1, 0.1, 0.5],
        }
    )
    table = ranked(table)
    assert table["epoch"].tolist() == [20, 30, 10]
    assert table["front"].tolist() == [1, 2, 2] and table["rank"].tolist() == [1, 2, 3]


def test_a_checkpoint_without_scores_comes_last() -> None:
    scores = {"prior_tail_score": [np.nan, 0.4], "prior_crps": [np.nan, 1.0], "prior_rank_deviation": [np.nan, 0.1]}
    assert ranked(pd.DataFrame({"epoch": [1, 2], **scores}))["epoch"].tolist() == [2, 1]
