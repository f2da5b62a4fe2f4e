"""The experiment as text: sentences, marks in the tables, gaps, and numbers of seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rainsmith.experiment.comparison import compare_arms
from rainsmith.experiment.summary import arm_tables
from rainsmith.experiment.text import as_markdown, digits, sentences
from tests.experiment.planted import SHIFTS, WEEKS, planted_trials, results_of


def test_sentences_name_the_arm_the_controls_and_the_gains() -> None:
    better, neither, worse = sentences(compare_arms(planted_trials(SHIFTS), "all", WEEKS))
    assert better.startswith("q-srdrn trained on prior-25, against the better of real and oversampled: significantly b")
    assert "significantly better in pinball_p99 (+10." in better and better.endswith("(2 scores).")
    assert "posterior-25" in neither and "no significant difference in any score" in neither
    assert "prior-100" in worse and "significantly worse in pinball_p99 (-19." in worse


def test_one_control_is_called_by_its_name() -> None:
    comparisons = compare_arms(planted_trials({"real": 0.0, "prior-25": 0.0}), "all", WEEKS)
    assert sentences(comparisons)[0].startswith("q-srdrn trained on prior-25, against real: no significant")


def test_the_page_marks_what_is_significant() -> None:
    trials = planted_trials(SHIFTS)
    results, comparisons = results_of(trials), compare_arms(trials, "all", WEEKS)
    (table,) = arm_tables(results, comparisons)
    text = as_markdown(results, comparisons)
    _, _, better, neither, worse = dict(table.rows)["pinball_p99"]
    assert f"| **{digits(better.value)}** | {digits(neither.value)} | _{digits(worse.value)}_ |" in text
    assert "all days of the test split, 3 seeds" in text and f"- {sentences(comparisons)[0]}" in text


def test_the_page_shows_gaps_and_a_single_seed() -> None:
    trials = planted_trials({"real": 0.0, "prior-25": 0.0}, seeds=1)
    results = results_of(trials, sedi_50=0.3)
    results.loc[results.index[-1], "sedi_50"] = np.nan
    text = as_markdown(results, compare_arms(trials, "all", WEEKS))
    assert "| sedi_50 | 0.3000 | - |" in text and "1 seed\n" in text


@pytest.mark.parametrize(
    ("value", "text"), [(0.3, "0.3000"), (-12.3456, "-12.35"), (2043.4, "2043"), (math.nan, "-"), (math.inf, "-")]
)
def test_digits(value: float, text: str) -> None:
    assert digits(value) == text
