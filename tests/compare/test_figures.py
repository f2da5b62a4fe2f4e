"""Figures and grades of one model: the metrics are known, observed values stand beside, grades are those of the lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rainsmith.base.dims import DAY_SETS
from rainsmith.compare.evaluated import EvaluatedRun, read_runs
from rainsmith.compare.figures import FIGURES, figures_of
from rainsmith.evaluate.criteria import verdict
from rainsmith.metrics.registry import METRICS
from tests.compare.planted import make_run


def planted(folder: Path) -> EvaluatedRun:
    (run,) = read_runs([make_run(folder / "a", crps=1.3, mean=8.0, modes=("prior", "posterior"))], "test")
    return run


def test_figures_are_metrics_on_known_sets_of_days_each_once() -> None:
    assert {metric for metric, _ in FIGURES} <= set(METRICS.names()) and {days for _, days in FIGURES} <= set(DAY_SETS)
    assert len(set(FIGURES)) == len(FIGURES)


def test_observed_values_stand_beside_where_there_are_some_and_missing_figures_are_gaps(tmp_path: Path) -> None:
    row = figures_of(planted(tmp_path).metrics, "flat", "prior", "test")
    assert row["crps heavy_x"] == 1.3 and "crps heavy_x observed" not in row
    assert (row["mean all"], row["mean all observed"]) == (8.0, 10.0)
    assert np.isnan(row["ralsd all"])


def test_grades_are_those_of_the_lists_and_say_what_bilinear_interpolation_passes(tmp_path: Path) -> None:
    metrics = planted(tmp_path).metrics
    row = figures_of(metrics, "flat", "prior", "test")
    criteria = {criterion.name: criterion for criterion in verdict(metrics, "flat", "test")}
    assert row["verdict crps"] == criteria["crps"].grade == "excellent"
    assert row["verdict mean"] == "fail*" and criteria["mean"].passed_by_bilinear
    assert row["verdict excellent"] == sum(criterion.grade == "excellent" for criterion in criteria.values())


def test_a_posterior_has_figures_and_no_grades(tmp_path: Path) -> None:
    row = figures_of(planted(tmp_path).metrics, "flat", "posterior", "test")
    assert row["crps all"] == 1.3 and not [column for column in row if column.startswith(("verdict", "documented"))]
