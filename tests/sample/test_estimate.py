"""What a sampling will take: before the training, and with a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.files import size_of
from rainsmith.run_folder import Run
from rainsmith.sample.estimate import needs
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.foretold import foretold_and_done
from tests.small import TEST_DAYS, small_config


def test_an_estimate_is_near_what_the_sampling_takes_and_leaves_nothing(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    needed, _ = foretold_and_done(needs, sample, small_config(), run)
    assert needed.disk == pytest.approx(size_of(run.samples), rel=0.3)
    assert needed.of == f"{TEST_DAYS} days of 3 members, prior and posterior"


def test_before_the_training_the_size_is_that_without_compression(prepared: Run) -> None:
    days = 2 * TEST_DAYS  # those of the validation are as many
    needed = needs(
        small_config(train__pool=2, sampling__modes=["prior"], sampling__splits=["validation", "test"]), prepared
    )
    assert needed.disk == 4.0 * days * 3 * 20 * 18 and needed.of == f"{days} days of 3 members, prior"
    assert needed.seconds > 0 and needed.memory > 2**27


def test_a_checkpoint_that_is_missing_is_said(trained: Run) -> None:
    with pytest.raises(UserError, match="epoch_999"):
        needs(small_config(sampling__checkpoint="epoch_999"), trained)
