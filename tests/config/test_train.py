"""The section ``train``: intervals follow from the number of epochs unless they are given."""

from __future__ import annotations

import pytest

from rainsmith.config.train import Train


@pytest.mark.parametrize(("epochs", "saved", "validated"), [(3, 1, 1), (12, 1, 1), (40, 5, 3), (100, 12, 8)])
def test_eight_checkpoints_are_kept_and_twelve_validations_made(epochs: int, saved: int, validated: int) -> None:
    settings = Train(epochs=epochs)
    assert (settings.save_interval, settings.validation_interval) == (saved, validated)
    assert epochs // saved >= min(8, epochs) and epochs // validated >= min(12, epochs)


def test_intervals_that_are_given_stay() -> None:
    settings = Train(epochs=40, save_every=7, validate_every=1)
    assert (settings.save_interval, settings.validation_interval) == (7, 1)


def test_the_number_of_epochs_is_known_only_where_it_was_settled() -> None:
    with pytest.raises(ValueError, match="settle the configuration"):
        assert Train().planned_epochs


def test_a_part_of_a_step_has_at_least_a_day() -> None:
    assert Train(batch_size=8, accumulate=8).accumulate == 8
    with pytest.raises(ValueError, match="accumulate is 9 and batch_size 8; expected at most a part a day"):
        Train(batch_size=8, accumulate=9)
