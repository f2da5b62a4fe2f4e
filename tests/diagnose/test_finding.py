"""Verdicts of ranges, and what diagnosis.json keeps of a finding."""

from __future__ import annotations

import json
import math

import pytest

from rainsmith.diagnose.finding import Figure, Finding, Range, at_least, at_most

TWO_SIDED = Range((0.9, 1.1), (0.7, 1.3), "made up")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1.0, "pass"), (0.9, "pass"), (1.2, "warn"), (0.7, "warn"), (0.69, "fail"), (1.31, "fail"), (math.nan, "n/a")],
)
def test_a_value_is_judged_by_both_sides(value: float, verdict: str) -> None:
    assert TWO_SIDED.verdict(value) == verdict


def test_open_sides_do_not_matter() -> None:
    assert at_least(0.5, 0.2, "").verdict(1e9) == "pass" and at_least(0.5, 0.2, "").verdict(0.3) == "warn"
    assert at_most(0.5, 0.8, "").verdict(-1e9) == "pass" and at_most(0.5, 0.8, "").verdict(math.inf) == "fail"


def test_an_unknown_bound_gives_no_verdict() -> None:
    assert Range((math.nan, math.inf), (math.nan, math.inf), "").verdict(0.0) == "n/a"


def test_a_figure_with_an_interval_fails_only_where_all_of_it_does() -> None:
    low = at_least(0.85, 0.7, "")
    assert Figure("a", 0.6, low, (0.5, 0.65)).verdict == "fail"
    assert Figure("a", 0.6, low, (0.4, 0.8)).verdict == "warn" and Figure("a", 0.6, low, (0.4, 0.9)).verdict == "pass"
    assert Figure("a", 0.6, low, (math.nan, math.nan)).verdict == "fail"
    assert Figure("a", math.nan, low, (0.4, 0.9)).verdict == "n/a"


def test_the_worst_figure_decides() -> None:
    figures = [Figure("a", 1.0, TWO_SIDED), Figure("b", 0.1, TWO_SIDED), Figure("c", math.nan, TWO_SIDED)]
    finding = Finding("made-up", "Is it?", figures, "Change it.")
    assert finding.verdict == "fail" and finding.decisive is figures[1]
    kept = json.loads(json.dumps(finding.to_json(), allow_nan=False))
    assert kept["number"] == 0.1 and kept["threshold"] == {"warn": [0.9, 1.1], "fail": [0.7, 1.3]}
    assert kept["advice"] == "Change it." and [figure["value"] for figure in kept["figures"]] == [1.0, 0.1, None]


def test_a_healthy_finding_gives_no_advice_and_an_empty_one_no_verdict() -> None:
    healthy = Finding("made-up", "Is it?", [Figure("a", 1.0, at_least(0.5, 0.2, ""))], "Change it.")
    assert healthy.to_json()["advice"] == "" and healthy.to_json()["threshold"] == {
        "warn": [0.5, None],
        "fail": [0.2, None],
    }
    assert Finding("made-up", "Is it?", [], "").verdict == "n/a"
