"""The ranking in sentences."""

from __future__ import annotations

import pandas as pd

from rainsmith.sweep.text import sentences_of

TABLE = pd.DataFrame(
    {
        "rank": [1, 2, 3],
        "checkpoint": ["epoch_020", "epoch_030 best_tail", "epoch_010 best_prior"],
        "epoch": [20, 30, 10],
        "prior_tail_score": [0.2, 0.3, 0.4],
        "prior_crps": [1.0, 2.0, 1.0],
    }
)


def test_what_the_choices_of_training_cost() -> None:
    best, by_tail, by_prior = sentences_of(TABLE)
    assert best == "Best of 3 saved epochs: 20 (epoch_020)."
    assert by_tail.startswith("best_tail (by reconstruction, as the reference chooses) is epoch 30, rank 2")
    assert "tail score +50.0 %, CRPS +100.0 %" in by_tail
    assert by_prior.startswith("best_prior") and "tail score +100.0 %, CRPS +0.0 %" in by_prior


def test_a_choice_that_was_not_saved_has_no_sentence_and_a_score_of_nothing_no_cost() -> None:
    assert len(sentences_of(TABLE.iloc[:1])) == 1
    dry = TABLE.assign(prior_tail_score=0.0)
    assert "tail score -, CRPS +100.0 %" in sentences_of(dry)[1]
