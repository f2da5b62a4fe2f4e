"""What an experiment will take: all of its trials, and those that are still to be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.experiment import estimate
from rainsmith.experiment.estimate import needs
from rainsmith.experiment.stage import experiment
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.experiment.planted import config_of
from tests.foretold import foretold_and_done


def test_an_estimate_is_near_what_the_trials_take_and_forgets_those_that_are_done(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "DAYS", (7, 14))
    monkeypatch.setattr("rainsmith.downscale.estimate.REPEATS", 1)
    run = copy_of(trained, tmp_path / "run")
    config = config_of(experiment={"arms": {"unet": ["real", "better-5"]}, "seeds": [0]})
    needed, _ = foretold_and_done(needs, experiment, config, run)
    assert needed.of.startswith("2 trials of unet, 4 steps of ")
    assert needed.of.endswith("; 18 synthetic days are drawn") and needed.disk > 0
    (run.folder / "experiment/runs/unet-real-s0.nc").unlink()
    rest = needs(config, run)
    assert rest.of.startswith("1 trial of unet, 4 steps of ") and rest.of.endswith("; 0 synthetic days are drawn")
    assert 0 < rest.seconds and 0 < rest.disk < needed.disk


def test_synthetic_days_need_a_checkpoint(prepared: Run) -> None:
    with pytest.raises(UserError, match="best_prior"):
        needs(config_of(), prepared)
