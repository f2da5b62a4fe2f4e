"""Steps that are timed are those of a training."""

from __future__ import annotations

from pathlib import Path

from rainsmith.run_folder import Run
from rainsmith.train.timing import WARM_UP, time_steps
from tests.conftest import copy_of
from tests.small import small_config


def test_steps_are_timed_until_the_time_is_over(prepared: Run, tmp_path: Path) -> None:
    config = small_config(train__batch_size=64)
    few = time_steps(config, copy_of(prepared, tmp_path / "few"), at_most=0.0)
    assert few.steps == 1 and few.batch_size == 64 and few.seconds > 0
    assert (few.precision, few.device) == ("fp32", "cpu")
    whole = time_steps(config, copy_of(prepared, tmp_path / "whole"), at_most=60.0)
    assert whole.steps == -(-365 // 64) - WARM_UP  # one epoch
    assert not (tmp_path / "whole" / "checkpoints").exists()
