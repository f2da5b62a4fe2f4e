"""Differences between arms: planted gains are significant, chance is not, and intervals cover."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.experiment.comparison import COLUMNS, ScoredTrial, compare_arms
from rainsmith.metrics.bootstrap import resampling_weights
from tests.experiment.planted import SHIFTS, WEEKS, planted, planted_trials


def test_a_planted_gain_is_significant_and_chance_is_not() -> None:
    table = compare_arms(planted_trials(SHIFTS), "all", WEEKS)
    assert table.columns.tolist() == COLUMNS
    assert set(table["arm"]) == {"prior-25", "posterior-25", "prior-100"} and set(table["control"]) == {"oversampled"}
    assert set(table["score"]) == {"pinball_p99", "mapped_sedi_20"}  # the mean is no score
    by = table.set_index(["arm", "score"])
    for score in ("pinball_p99", "mapped_sedi_20"):
        assert by.loc[("prior-25", score), "significant"] and by.loc[("prior-25", score), "gain"] > 0
        assert by.loc[("prior-100", score), "significant"] and by.loc[("prior-100", score), "gain"] < 0
        assert not by.loc[("posterior-25", score), "significant"]
    assert by.loc[("prior-25", "pinball_p99"), "gain"] == pytest.approx(0.1, abs=0.02)


def test_one_seed_that_disagrees_takes_significance_away() -> None:
    trials = planted_trials({"real": 0.0, "prior-25": -0.1}, seeds=2)
    trials += [planted("real", 2, 0.0), planted("prior-25", 2, 0.001)]
    table = compare_arms(trials, "all", WEEKS)
    assert not table["significant"].any() and (table["seeds"] == 3).all()


def test_one_seed_says_nothing_and_seeds_on_both_sides_say_nothing() -> None:
    alone = compare_arms([planted("real", 0, 0.0), planted("prior-25", 0, -0.2)], "all", WEEKS)
    assert not alone["significant"].any() and alone["p"].isna().all() and alone["lower"].isna().all()
    shifts = [-0.3, -0.3, 0.1]
    both = [planted("prior-25", seed, shift) for seed, shift in enumerate(shifts)]
    table = compare_arms([*both, *planted_trials({"real": 0.0})], "all", WEEKS)
    assert not table["significant"].any()


def test_few_seeds_make_wide_intervals() -> None:
    """No effect, trainings far noisier than weeks: an interval of 90 % holds 0 in 90 % of the cases."""
    random = np.random.default_rng(0)
    held = []
    for _ in range(300):
        difference = random.normal(0, 1.0, (3, 1)) + random.normal(0, 0.1, 201)
        trials = [ScoredTrial("srdrn", "real", s, {"rmse": np.ones(201)}) for s in range(3)]
        trials += [ScoredTrial("srdrn", "prior-25", s, {"rmse": 1 + d}) for s, d in enumerate(difference)]
        row = compare_arms(trials, "all", WEEKS).iloc[0]
        held.append(row["lower"] <= 0 <= row["upper"])
    assert 0.85 < np.mean(held) < 0.95


def test_few_weeks_make_wide_intervals() -> None:
    """No effect, three weeks, trainings that hardly differ: the interval still holds 0 in 90 % of the cases."""
    random = np.random.default_rng(1)
    held = []
    for seed in range(300):
        weeks = random.normal(size=3)
        resampled = resampling_weights(3, 200, seed=seed) @ weeks / 3
        trials = [ScoredTrial("unet", "real", s, {"rmse": np.ones(201)}) for s in range(3)]
        trials += [ScoredTrial("unet", "prior-25", s, {"rmse": 1 + resampled + 1e-4 * s}) for s in range(3)]
        row = compare_arms(trials, "all", 3).iloc[0]
        held.append(row["lower"] <= 0 <= row["upper"])
    assert 0.85 < np.mean(held) < 0.95


def test_worse_counts_only_where_it_is_worse_than_both_controls() -> None:
    shifts = {"real": 0.1, "oversampled": 0.0, "prior-25": 0.1, "prior-100": 0.2}
    table = compare_arms(planted_trials(shifts), "all", WEEKS)
    by = table.set_index(["arm", "score"])["significant"]
    assert not by["prior-25", "pinball_p99"] and by["prior-100", "pinball_p99"]


def test_a_score_that_is_undefined_in_a_seed_is_compared_in_the_others_and_in_none_left_out() -> None:
    trials = []
    for trial in planted_trials({"real": 0.0, "prior-25": -0.1}):
        lost = trial.seed == 0 or trial.arm == "prior-25"
        sedi_50 = np.full(201, np.nan) if lost else trial.scores["pinball_p99"]
        csi_50 = trial.scores["mapped_sedi_20"] * (np.nan if trial.seed == 1 else 1)
        scores = {**trial.scores, "mapped_sedi_50": sedi_50, "mapped_csi_50": csi_50}
        trials.append(ScoredTrial(trial.network, trial.arm, trial.seed, scores))
    table = compare_arms(trials, "all", WEEKS).set_index("score")
    assert "mapped_sedi_50" not in table.index and not table.loc["mapped_csi_50", "significant"]
    assert table.loc["mapped_csi_50", "seeds"] == 2 and np.isfinite(table.loc["mapped_csi_50", "difference"])
