"""Figures made of the rows of metrics.csv, by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from rainsmith.diagnose.finding import Figure, Range
from rainsmith.diagnose.member_scores import MemberScores, only_high, only_low
from rainsmith.diagnose.natural_variability import NaturalVariability
from rainsmith.evaluate.table import MetricTable

COLUMNS = ["model", "mode", "split", "days", "metric", "value", "observed", "lower", "upper"]
ROWS = [
    ("made", "prior", "test", "all", "mean", 3.0, 2.0, 2.5, 3.5),
    ("made", "posterior", "test", "all", "mean", 2.2, 2.0, 2.0, 2.4),
    ("made", "prior", "test", "heavy_x", "mean", 1.0, 0.0, 0.5, 1.5),
]
VARIABILITY = NaturalVariability(
    {("all", "mean"): (math.log(1.2), math.log(1.4))}, {("all", "mean"): (0.3, 0.9)}, 2, 50
)


@pytest.fixture
def scores() -> MemberScores:
    return MemberScores(MetricTable(pd.DataFrame(ROWS, columns=COLUMNS), "test"), "made", VARIABILITY)


def test_members_beside_the_observation(scores: MemberScores) -> None:
    ratio = scores.ratio("mean", "all", title="mean rain")
    assert ratio.value == 1.5 and ratio.verdict == "fail"
    assert ratio.name == "mean rain, prior members / observed, all days"
    assert scores.ratio("mean", "all", high=False, title="").verdict == "pass"
    difference = scores.difference("mean", "all", title="mean rain")
    assert difference.value == 1.0 and difference.verdict == "fail"
    assert scores.difference("mean", "all", high=False, title="").verdict == "pass"
    assert scores.value("mean", "all", "posterior") == 2.2


def test_what_is_not_known_gives_no_verdict(scores: MemberScores) -> None:
    assert scores.ratio("mean", "heavy_x", title="").verdict == "n/a"  # the observation is 0, and no bounds
    assert scores.ratio("p99", "all", title="").verdict == "n/a"


def test_a_score_by_itself_has_its_interval(scores: MemberScores) -> None:
    figure = scores.score("mean", "all", Range((2.6, 2.9), (2.6, 2.9), "made up"), title="mean rain")
    assert figure.interval == (2.5, 3.5) and figure.value == 3.0


def test_one_side_alone_counts() -> None:
    narrow = Figure("a", 5.0, Range((0.9, 1.1), (0.8, 1.2), "made up"))
    wide = Figure("a", 0.1, narrow.healthy)
    assert (only_low(narrow).verdict, only_high(narrow).verdict) == ("pass", "fail")
    assert (only_low(wide).verdict, only_high(wide).verdict) == ("fail", "pass")
