"""What an experiment will take, without a trial that is done; beside what it took: ``test_stage.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rainsmith.base.errors import UserError
from rainsmith.experiment.estimate import needs, trials_to_do
from rainsmith.experiment.trial import Inputs
from rainsmith.run_folder import Run
from tests.experiment.planted import config_of


def test_synthetic_days_need_a_checkpoint(prepared: Run) -> None:
    with pytest.raises(UserError, match="best_prior"):
        needs(config_of(), prepared)


def test_the_better_of_two_modes_that_are_not_known_yet_is_that_of_the_first_arm(trained: Run) -> None:
    inputs = Inputs.read(config_of(), trained)
    keys = [trial.key for trial in trials_to_do(inputs)]
    assert keys[:2] == ["q-srdrn-real-s0", "q-srdrn-oversampled-s0"] and len(keys) == 12
    assert keys[-1] == "srdrn-prior-10-s1"
    wider = inputs.config.experiment.model_copy(update={"ratios": [10, 30]})  # three more arms with two seeds each
    assert len(trials_to_do(replace(inputs, config=inputs.config.model_copy(update={"experiment": wider})))) == 18
