"""What a sweep will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.run_folder import Run
from rainsmith.sweep.estimate import needs
from rainsmith.sweep.stage import sweep
from tests.conftest import copy_of
from tests.foretold import foretold_and_done
from tests.small import small_config


def test_an_estimate_is_near_what_the_sweep_takes_and_writes_nothing(trained: Run, tmp_path: Path) -> None:
    run, config = copy_of(trained, tmp_path / "run"), small_config(sweep__members=3)
    needed, done = foretold_and_done(needs, sweep, config, run)
    assert needed.of.startswith(f"{len(done.table)} checkpoints, ") and needed.of.endswith(" days of 3 members")


def test_without_a_checkpoint_there_is_no_estimate(prepared: Run) -> None:
    with pytest.raises(UserError, match="found no checkpoint"):
        needs(small_config(), prepared)
