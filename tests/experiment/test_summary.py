"""Tables and verdicts of planted trials: every arm, what is significant, and which scores a verdict counts."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.experiment.comparison import ScoredTrial, compare_arms
from rainsmith.experiment.summary import arm_tables, arm_verdicts
from tests.experiment.planted import SHIFTS, WEEKS, planted_trials, results_of


def test_tables_hold_every_arm_and_say_what_is_significant() -> None:
    trials = planted_trials(SHIFTS)
    results = results_of(trials)
    (table,) = arm_tables(results, compare_arms(trials, "all", WEEKS))
    assert table.network == "q-srdrn" and table.seeds == 3 and list(table.arms) == list(SHIFTS)
    scores = dict(table.rows)
    assert list(scores) == ["validation_loss", "pinball_p99", "mapped_sedi_20"]  # "mean" is no score
    assert [score.outcome for score in scores["pinball_p99"]] == ["", "", "better", "", "worse"]
    assert [score.outcome for score in scores["mapped_sedi_20"]] == ["", "", "better", "", "worse"]
    mean = results.groupby("arm")["mapped_sedi_20"].mean()
    assert [score.value for score in scores["mapped_sedi_20"]] == [mean[arm] for arm in SHIFTS]


def test_a_seed_without_a_value_leaves_a_gap() -> None:
    trials = planted_trials({"real": 0.0, "prior-25": 0.0})
    results = results_of(trials, sedi_50=0.3)
    results.loc[results.index[-1], "sedi_50"] = np.nan
    (table,) = arm_tables(results, compare_arms(trials, "all", WEEKS))
    assert [score.value for score in dict(table.rows)["sedi_50"]] == pytest.approx([0.3, np.nan], nan_ok=True)


def test_controls_alone_give_a_table_and_no_verdict() -> None:
    trials = planted_trials({"real": 0.0, "oversampled": 0.0}, seeds=1)
    comparisons = compare_arms(trials, "all", WEEKS)
    (table,) = arm_tables(results_of(trials, rmse=np.nan), comparisons)
    assert [column for column, _ in table.rows] == ["validation_loss"]
    assert arm_verdicts(comparisons) == []


def test_verdicts_hold_gains_with_their_sign() -> None:
    verdicts = {v.arm: v for v in arm_verdicts(compare_arms(planted_trials(SHIFTS), "all", WEEKS))}
    assert list(verdicts) == ["prior-25", "posterior-25", "prior-100"]
    assert all(v.compared == 2 and v.controls == ["real", "oversampled"] for v in verdicts.values())
    assert [name for name, _ in verdicts["prior-25"].better] == ["pinball_p99", "mapped_sedi_20"]
    assert dict(verdicts["prior-25"].better)["pinball_p99"] == pytest.approx(0.1, abs=0.02)
    assert not verdicts["posterior-25"].better and not verdicts["posterior-25"].worse
    assert not verdicts["prior-100"].better and all(gain < 0 for _, gain in verdicts["prior-100"].worse)


@pytest.mark.parametrize(("network", "verdicts"), [("q-srdrn", 0), ("unet", 1)])
def test_the_rmse_counts_only_for_a_network_that_forecasts_the_mean(network: str, verdicts: int) -> None:
    """Raining more lowers the RMSE of a median."""
    noise = np.random.default_rng(7).normal(0, 0.02, 201)
    trials = [ScoredTrial(network, "real", s, {"rmse": 2 + noise}) for s in range(3)]
    trials += [ScoredTrial(network, "prior-25", s, {"rmse": 1 + noise + 1e-3 * s}) for s in range(3)]
    table = compare_arms(trials, "all", WEEKS)
    assert table["significant"].all() and len(arm_verdicts(table)) == verdicts
