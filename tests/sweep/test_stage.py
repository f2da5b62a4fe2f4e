"""The checkpoint sweep: Pareto fronts, what early stopping would have cost, and the whole command on a real training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainsmith.base.errors import UserError
from rainsmith.models import checkpoint as checkpoints
from rainsmith.pipeline import sweep as sweep_and_draw
from rainsmith.run_folder import Run
from rainsmith.sweep.stage import fronts, ranked, saved_epochs, sentences, sweep
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.small import small_config


def test_fronts_by_hand() -> None:
    values = np.array([[1.0, 5.0], [2.0, 2.0], [3.0, 3.0], [5.0, 1.0], [4.0, 4.0], [np.nan, 9.0]])
    assert fronts(values).tolist() == [1, 1, 2, 1, 3, 4]
    assert fronts(np.ones((3, 2))).tolist() == [1, 1, 1]


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
    found = ranked(table)
    assert found["epoch"].tolist() == [20, 30, 10]
    assert found["front"].tolist() == [1, 2, 2] and found["rank"].tolist() == [1, 2, 3]
    said = sentences(found)
    assert said[0] == "Best of 3 saved epochs: 20 (epoch_020)."
    assert "best_tail" in said[1] and "tail score +50.0 %, CRPS +100.0 %" in said[1]
    assert "tail score +100.0 %, CRPS +0.0 %" in said[2]


@pytest.fixture(scope="module")
def trained(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(prepared, tmp_path_factory.mktemp("sweep"))
    train(small_config(train__epochs=3, train__save_every=1), run)
    return run


def test_every_saved_epoch_is_scored_once_in_both_modes(trained: Run) -> None:
    path = sweep_and_draw(small_config(sweep__members=3), trained)
    assert path == trained.folder / "sweep.csv" and (trained.folder / "sweep.png").stat().st_size > 10_000
    table = pd.read_csv(path)
    assert sorted(table["epoch"]) == [1, 2, 3] and table["rank"].tolist() == [1, 2, 3]
    names = " ".join(table["checkpoint"]).split()
    assert sorted(names) == ["best_prior", "best_tail", "epoch_001", "epoch_002", "epoch_003"]
    for mode in ("prior", "posterior"):
        assert np.isfinite(table[[f"{mode}_crps", f"{mode}_tail_score", f"{mode}_max_daily"]]).all(axis=None)
    assert table["prior_observed_mean"].nunique() == 1  # the same days for all
    again = sweep(small_config(sweep__members=3), trained).table
    np.testing.assert_allclose(again["prior_crps"], table["prior_crps"], rtol=1e-5)


def test_without_a_checkpoint_and_with_a_damaged_one_it_says_so(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no checkpoint .* 'rainsmith train'"):
        saved_epochs(Run(tmp_path))
    damaged = Run(tmp_path)
    damaged.checkpoints.mkdir(parents=True)
    whole = (trained.checkpoints / f"epoch_001{checkpoints.SUFFIX}").read_bytes()
    (damaged.checkpoints / f"epoch_001{checkpoints.SUFFIX}").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="truncated or damaged"):
        saved_epochs(damaged)
