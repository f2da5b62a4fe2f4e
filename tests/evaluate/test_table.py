"""Figures that are looked up in metrics.csv."""

from __future__ import annotations

import math

import pytest

from rainsmith.evaluate.table import MetricTable, number
from tests.evaluate.made import table


def test_the_plain_row_is_taken_where_there_are_thresholds_and_scales() -> None:
    rows = table(
        {"metric": "crps", "value": 1.0, "scale": 8},
        {"metric": "crps", "value": 2.0, "scale": 1},
        {"metric": "crps", "value": 3.0, "threshold": 50, "scale": 1},
        {"metric": "wet_fraction", "value": 4.0, "threshold": 0.1},
        {"metric": "mean", "value": 5.0},
        {"metric": "mean", "value": 6.0},
        {"metric": "mean", "value": 7.0, "mode": "posterior"},
    )
    figures = MetricTable(rows, "test")
    assert [figures.value("m", "heavy_x", name, "prior") for name in ("crps", "wet_fraction", "mean")] == [
        2.0,
        4.0,
        6.0,
    ]
    assert figures.find("m", "all", "mean", "prior") is None
    assert math.isnan(figures.value("m", "all", "mean", "prior"))


def test_a_baseline_has_one_row_for_every_mode() -> None:
    rows = table(
        {"metric": "mean", "value": 1.0, "model": "ratio"},
        {"metric": "mean", "value": 2.0},
        {"metric": "mean", "value": 9.0, "model": "ratio", "split": "train"},
    )
    figures = MetricTable(rows, "test")
    assert figures.value("ratio", "heavy_x", "mean", "posterior") == 1.0
    assert math.isnan(figures.value("m", "heavy_x", "mean", "posterior"))


def test_observed_and_interval_stand_in_the_same_row() -> None:
    figures = MetricTable(table({"metric": "mean", "value": 2.0, "observed": 3.0, "lower": 1.0, "upper": 2.5}), "test")
    assert figures.observed("m", "heavy_x", "mean", "prior") == 3.0
    assert figures.interval("m", "heavy_x", "mean", "prior") == (1.0, 2.5)
    assert all(map(math.isnan, figures.interval("m", "heavy", "mean", "prior")))


@pytest.mark.parametrize(("row", "value"), [({"a": 2}, 2.0), ({"a": "3.5"}, 3.5), ({"a": "text"}, math.nan)])
def test_a_column_is_a_number_or_nan(row: dict[str, object], value: float) -> None:
    assert number(row, "a") == pytest.approx(value, nan_ok=True)
    assert math.isnan(number(row, "b")) and math.isnan(number(None, "a"))
