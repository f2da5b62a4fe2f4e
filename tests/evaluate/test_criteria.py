"""Both lists of criteria: their limits, their references, what bilinear passes, and tables with gaps."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from rainsmith.evaluate.criteria import DOCUMENTED, VERDICT, Criterion, Grade, count, documented, verdict
from tests.evaluate.made import table


def named(judged: list[Criterion], name: str) -> Criterion:
    return next(criterion for criterion in judged if criterion.name == name)


@pytest.mark.parametrize(
    ("name", "metric", "observed", "steps"),
    [
        ("max_daily", "max_daily", 100.0, {100: "excellent", 94: "good", 111: "minimum", 89: "minimum", 116: "fail"}),
        ("mean", "mean", 10.0, {10.2: "excellent", 9.5: "good", 10.9: "minimum", 8.9: "fail", 11.2: "fail"}),
        ("p99", "p99", 50.0, {52.5: "excellent", 46: "good", 43: "minimum", 58: "fail"}),
        ("wet fraction", "wet_fraction", 0.8, {0.81: "excellent", 0.76: "good", 0.89: "minimum", 0.69: "fail"}),
        ("mass", "mass_bias", math.nan, {-0.05: "excellent", 0.1: "good", -0.29: "minimum", 0.31: "fail"}),
        ("spread_skill", "spread_skill", math.nan, {1.05: "excellent", 0.86: "good", 1.29: "minimum", 0.6: "fail"}),
        (
            "diversity_ratio",
            "diversity_ratio",
            math.nan,
            {0.95: "excellent", 1.1: "good", 0.81: "minimum", 0.1: "fail"},
        ),
        ("ks", "ks", math.nan, {0.02: "excellent", 0.1: "good", 0.14: "minimum", 0.2: "fail"}),
        ("ralsd", "ralsd", math.nan, {0.02: "excellent", 0.04: "good", 0.09: "minimum", 0.11: "fail"}),
    ],
)
def test_verdict_grades_both_sides(name: str, metric: str, observed: float, steps: dict[float, Grade]) -> None:
    for value, grade in steps.items():
        judged = named(verdict(table({"metric": metric, "value": value, "observed": observed}), "m", "test"), name)
        assert (value, judged.grade) == (value, grade)
        assert judged.days == "heavy_x"


@pytest.mark.parametrize(
    ("name", "metric", "mode", "observed", "steps"),
    [
        (
            "prior max",
            "max",
            "prior",
            100.0,
            {74: "fail", 75: "minimum", 86: "good", 94: "excellent", 300: "excellent"},
        ),
        ("prior mean", "mean", "prior", 10.0, {1: "minimum", 7.3: "good", 8.8: "excellent", 99: "excellent"}),
        ("posterior max", "max", "posterior", 100.0, {85: "fail", 86: "minimum", 91: "good", 98: "excellent"}),
        (
            "prior diversity",
            "diversity",
            "prior",
            math.nan,
            {0.05: "fail", 0.1: "minimum", 0.2: "good", 0.3: "excellent"},
        ),
        ("posterior diversity", "diversity", "posterior", math.nan, {0.002: "fail", 0.1: "minimum", 0.31: "fail"}),
        ("spatial correlation", "spatial_correlation", "prior", math.nan, {0.4: "fail", 0.5: "minimum", 0.9: "good"}),
        ("wet fraction", "wet_fraction", "prior", 0.5, {0.61: "fail", 0.4: "minimum", 0.5: "minimum"}),
        ("mass", "mass_bias", "prior", math.nan, {-0.4: "fail", 0.25: "minimum", 0.0: "good"}),
        ("ks", "ks", "prior", math.nan, {0.2: "fail", 0.1: "minimum"}),
        ("P99 captured", "p99", "prior", 50.0, {40: "fail", 45: "minimum", 80: "minimum"}),
    ],
)
def test_documented_is_one_sided(name: str, metric: str, mode: str, observed: float, steps: dict[float, Grade]) -> None:
    for value, grade in steps.items():
        rows = table({"metric": metric, "value": value, "observed": observed, "mode": mode, "days": "heavy"})
        judged = named(documented(rows, "m", "test"), name)
        assert (value, judged.grade) == (value, grade)
        assert judged.days == "heavy"


def crps(**scores: float) -> pd.DataFrame:
    return table(
        *({"metric": "crps", "model": name.replace("_", "-"), "value": value} for name, value in scores.items())
    )


@pytest.mark.parametrize(
    ("value", "grade"),
    [(2.5, "fail"), (2.0, "fail"), (1.5, "fail"), (1.49, "minimum"), (1.42, "good"), (1.34, "excellent")],
)
def test_crps_is_judged_by_the_best_baseline(value: float, grade: Grade) -> None:
    judged = named(verdict(crps(m=value, ratio=2.4, scaled_analogs=1.5, bilinear=2.8), "m", "test"), "crps")
    assert judged.grade == grade
    assert judged.ratio == pytest.approx(value / 1.5)
    assert not judged.passed_by_bilinear
    assert judged.against == ("scaled-analogs",) and judged.limits == pytest.approx((1.5, 1.425, 1.35))


def test_whichever_baseline_is_the_best_is_the_one_to_beat() -> None:
    """A model that beats the ratio and the analogs, and not the climatology, fails."""
    judged = named(verdict(crps(m=1.3, climatology=1.2, ratio=2.4, scaled_analogs=1.5), "m", "test"), "crps")
    assert judged.grade == "fail" and judged.against == ("climatology",)
    assert named(verdict(crps(m=1.3, bilinear=1.2), "m", "test"), "crps").against == ("bilinear",)
    assert named(verdict(crps(m=1.3, climatology=1.6), "m", "test"), "crps").grade == "excellent"
    assert named(verdict(crps(m=1.3), "m", "test"), "crps").grade == "n/a"


def test_baselines_stand_in_the_list() -> None:
    """The best of them is compared with the second."""
    rows = crps(m=1.3, ratio=2.4, scaled_analogs=1.5, climatology=6.0, bilinear=2.8)
    models = ["m", "climatology", "bilinear", "ratio", "scaled-analogs"]
    grades = [named(verdict(rows, model, "test"), "crps").grade for model in models]
    assert grades == ["excellent", "fail", "fail", "fail", "excellent"]
    assert named(verdict(rows, "m", "validation"), "crps").grade == "n/a"


def test_what_bilinear_passes_is_marked() -> None:
    def rows(bilinear: float) -> pd.DataFrame:
        return table(
            {"metric": "mean", "value": 20.0, "observed": 10.0},
            {"metric": "mean", "value": bilinear, "observed": 10.0, "model": "bilinear"},
            {"metric": "mean", "value": bilinear, "observed": 10.0, "model": "bilinear", "days": "heavy"},
        )

    assert named(verdict(rows(9.9), "m", "test"), "mean").passed_by_bilinear
    assert not named(verdict(rows(5.0), "m", "test"), "mean").passed_by_bilinear
    assert named(documented(rows(7.4), "m", "test"), "prior mean").passed_by_bilinear
    assert not named(documented(rows(7.2), "m", "test"), "prior mean").passed_by_bilinear  # it asks nothing of minimum


def test_a_baseline_has_no_posterior() -> None:
    rows = table({"metric": "max", "value": 99.0, "observed": 100.0, "model": "bilinear", "days": "heavy"})
    judged = documented(rows, "bilinear", "test")
    assert named(judged, "prior max").grade == "excellent"
    assert named(judged, "posterior max").grade == "n/a"


@pytest.mark.parametrize(
    ("observed", "members", "grade"),
    [(150.0, 100, "minimum"), (90.0, 100, "fail"), (201.0, 100, "fail"), (150.0, 10, "n/a")],
)
def test_a_single_extreme_is_judged_by_the_range_of_many_members(observed: float, members: int, grade: Grade) -> None:
    row = {"value": 140.0, "observed": observed, "members": members, "lower": 100.0, "upper": 200.0}
    rows = table({"metric": "max_range", **row}, {"metric": "max", **row})
    assert named(verdict(rows, "m", "test"), "max").grade == grade
    assert named(verdict(rows, "m", "test"), "p999").grade == "n/a"


@pytest.mark.parametrize(
    ("observed", "members", "grade"),
    [(150.0, 2, "minimum"), (97.0, 2, "minimum"), (90.0, 2, "fail"), (220.0, 100, "fail")],
)
def test_a_single_extreme_is_judged_by_composed_series_with_any_number_of_members(
    observed: float, members: int, grade: Grade
) -> None:
    """They go before the range of many members; what lies within 5 % of a bound is inside."""
    row = {"value": 140.0, "observed": observed, "members": members}
    rows = table(
        {"metric": "max_by_chance", **row, "lower": 100.0, "upper": 200.0},
        {"metric": "max_range", **row, "lower": 0.0, "upper": 900.0},
        {"metric": "max", **row},
    )
    judged = named(verdict(rows, "m", "test"), "max")
    assert judged.grade == grade and judged.limits == (100.0, 200.0, None)


@pytest.mark.parametrize(
    ("value", "observed", "grade"),
    [
        (50.0, 45.0, "minimum"),
        (70.0, 45.0, "fail"),
        (30.0, 45.0, "fail"),
        (70.0, 72.0, "minimum"),
        (80.0, 72.0, "fail"),
    ],
)
def test_members_are_held_against_the_record_and_not_blamed_for_the_split(
    value: float, observed: float, grade: Grade
) -> None:
    row = {"metric": "p999_of_record", "days": "all", "lower": 40.0, "upper": 60.0}
    rows = table({**row, "value": value, "observed": observed}, {"metric": "p999", "value": value, "days": "all"})
    assert named(verdict(rows, "m", "test"), "p999 of record").grade == grade


@pytest.mark.parametrize(("weeks", "grade"), [(1.0, "good"), (4.0, "minimum"), (7.0, "fail")])
def test_weeks_beyond_the_record_are_counted(weeks: float, grade: Grade) -> None:
    rows = table({"metric": "beyond_record", "days": "all", "value": weeks, "observed": 0.0})
    assert named(verdict(rows, "m", "test"), "beyond record").grade == grade


@pytest.mark.parametrize("rows", [table(), table({"metric": "other", "value": 1.0})])
def test_missing_rows_are_not_judged(rows: pd.DataFrame) -> None:
    judged = [*verdict(rows, "m", "test"), *documented(rows, "m", "test")]
    assert len(judged) == len(DOCUMENTED) + len(VERDICT)
    assert count(judged) == {"fail": 0, "minimum": 0, "good": 0, "excellent": 0, "n/a": len(judged)}


def test_missing_observations_are_not_judged() -> None:
    for value, observed in ((5.0, math.nan), (math.nan, 5.0), (5.0, 0.0)):
        rows = table({"metric": "mean", "value": value, "observed": observed})
        assert named(verdict(rows, "m", "test"), "mean").grade == "n/a"
