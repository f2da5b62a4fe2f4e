"""The whole command on a small training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainsmith.base.errors import UserError
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sweep.stage import saved_epochs, sweep
from tests.conftest import copy_of
from tests.small import small_config


def test_every_saved_epoch_is_scored_once_in_both_modes(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    result = sweep(small_config(sweep__members=3), run)
    assert result.path == run.folder / "sweep.csv" and (run.folder / "sweep.png").stat().st_size > 10_000
    table = pd.read_csv(result.path)
    pd.testing.assert_frame_equal(table, result.table, check_dtype=False, rtol=1e-5)
    assert sorted(table["epoch"]) == [1, 2] and table["rank"].tolist() == [1, 2]
    names = " ".join(table["checkpoint"]).split()
    assert sorted(names) == ["best_prior", "best_tail", "epoch_001", "epoch_002"]
    for mode in ("prior", "posterior"):
        assert np.isfinite(table[[f"{mode}_crps", f"{mode}_tail_score", f"{mode}_max_daily"]]).all(axis=None)
    assert table["prior_observed_mean"].nunique() == 1  # the same days for all


def test_without_a_checkpoint_and_with_a_damaged_one_it_says_so(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no checkpoint .* 'rainsmith train'"):
        saved_epochs(Run(tmp_path))
    damaged = Run(tmp_path)
    damaged.checkpoints.mkdir(parents=True)
    whole = (trained.checkpoints / f"epoch_001{checkpoints.SUFFIX}").read_bytes()
    (damaged.checkpoints / f"epoch_001{checkpoints.SUFFIX}").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="truncated or damaged"):
        saved_epochs(damaged)
