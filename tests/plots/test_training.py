"""Training curves: values and epochs of the log, with the best checkpoints marked."""

from __future__ import annotations

import numpy as np

from rainsmith.plots import training
from tests.fake_run import training_log


def _lines(figure: object) -> dict[str, np.ndarray]:
    axes = figure.axes[0]  # type: ignore[attr-defined]
    return {line.get_label(): np.column_stack(line.get_data()) for line in axes.get_lines()}


def test_scores_show_prior_posterior_and_observed_from_epoch_one() -> None:
    rows = training_log(40)
    lines = _lines(training.score_by_epoch(rows, "max", title="Largest"))
    assert {"prior", "posterior", "observed"} <= set(lines)
    assert lines["prior"][0].tolist() == [2.0, rows[1]["validation"]["prior"]["max"]]
    assert (lines["observed"][:, 1] == 145.0).all()


def test_a_long_title_is_broken_into_lines() -> None:
    figure = training.score_by_epoch(training_log(4), "max", title="Mean absolute error where heavy rain was observed")
    assert max(len(line) for line in figure.axes[0].get_title(loc="left").split("\n")) <= 38


def test_both_best_epochs_are_the_last_improvements() -> None:
    assert training.best_epochs(training_log(40)) == {"prior": 30, "tail": 22}
    lines = _lines(training.loss_terms(training_log(40)))
    assert [set(lines[f"best {name}"][:, 0]) for name in ("prior", "tail")] == [{30}, {22}]


def test_scores_are_those_of_either_mode_that_are_finite() -> None:
    rows = [
        {"epoch": 0, "validation": {"prior": {"crps": 1.0, "mae_tail": float("nan")}, "posterior": {"p99": 2.0}}},
        {"epoch": 1},
    ]
    assert training.scores_of(rows) == ["crps", "p99"]


def test_a_log_without_validation_still_has_its_loss() -> None:
    rows = [{"epoch": 0, "beta": 0.0, "train": {"loss": 3.0, "kl": float("nan")}}]
    assert training.scores_of(rows) == []
    assert set(_lines(training.loss_terms(rows))) == {"loss"}


def test_kl_stands_above_its_weight() -> None:
    above, below = training.kl_and_beta(training_log(6)).axes
    assert above.get_lines()[0].get_ydata()[0] == training_log(6)[0]["train"]["kl"]
    assert below.get_lines()[0].get_ydata()[0] == 0.0
