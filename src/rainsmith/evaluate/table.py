"""Figures looked up in the rows of ``metrics.csv``."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from rainsmith.baselines.registry import BASELINES

Row = Mapping[Hashable, Any]
COLUMNS = ("model", "mode", "split", "days", "metric", "value", "observed")
"""Columns without which a ``metrics.csv`` is of no use."""
NUMBERS = ("value", "observed")
"""Those of them that hold numbers."""


class MetricTable:
    """The rows of one split of metrics.csv, found by model, days, metric and mode.

    Args:
        metrics: rows of metrics.csv; only the columns model, mode, split, days and metric must be there.
        split: train, validation or test.
    """

    def __init__(self, metrics: pd.DataFrame, split: str) -> None:
        self._rows: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in metrics[metrics["split"] == split].to_dict("records"):
            mode = "" if row["model"] in BASELINES else row["mode"]  # one row of a baseline serves both modes
            self._rows.setdefault((row["model"], mode, row["days"], row["metric"]), []).append(row)

    def find(self, model: str, days: str, metric: str, mode: str) -> Row | None:
        """The row of one figure, or None.

        Where there are rows of several thresholds or scales, it is the one without a threshold and at the scale of
        single cells; where rows are repeated, it is the last.
        """
        rows = self._rows.get((model, "" if model in BASELINES else mode, days, metric), [])
        for column, plain in (("threshold", ()), ("scale", (0, 1))):
            simple = [row for row in rows if math.isnan(number(row, column)) or number(row, column) in plain]
            rows = simple or rows
        return rows[-1] if rows else None

    def value(self, model: str, days: str, metric: str, mode: str) -> float:
        """The value of one figure; nan where it is missing."""
        return number(self.find(model, days, metric, mode), "value")

    def observed(self, model: str, days: str, metric: str, mode: str) -> float:
        """The same figure of the observation; nan where it is missing."""
        return number(self.find(model, days, metric, mode), "observed")

    def interval(self, model: str, days: str, metric: str, mode: str) -> tuple[float, float]:
        """The 90 % interval of one figure; nan where it is missing."""
        row = self.find(model, days, metric, mode)
        return number(row, "lower"), number(row, "upper")


def number(row: Row | None, column: str) -> float:
    """A column as a number; nan where the row, the column or its value is missing."""
    value = math.nan if row is None else row.get(column, math.nan)
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
