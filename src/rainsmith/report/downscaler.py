"""The section on forecasts of single amounts and quantiles: those of members and of downscalers, with their scores."""

from __future__ import annotations

import math
import re

import pandas as pd

from rainsmith.metrics.quantiles import distribution_crps, quantile_metrics
from rainsmith.metrics.registry import METRICS
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Row, Section, Table
from rainsmith.report.words import DAY_WORDS, NOTHING, interval, number, unit_of

FIRST = ("distribution_crps", "quantile_crps", "pinball_", "exceeded_", "mae", "rmse", "bias", "csi", "frequency_bias")
"""Beginnings of the names of scores that the page shows; the tables in ``evaluation/`` have all."""


def downscaler_section(material: Material) -> Section | None:
    """One table for the quantiles of members and for each downscaler; None where there are none."""
    if not material.downscaled:
        return None
    note = (
        "Quantiles of members, of 'rainsmith sample --quantiles', and downscalers that 'rainsmith downscale' trained, "
        "with 90 % intervals from resampled weeks. Whether synthetic days or members made downscalers better is a "
        "question for 'rainsmith experiment', which trains several seeds."
    )
    thresholds = {float(material.store["p99"]), *material.config.evaluate.thresholds_mm}
    tables = [
        _table(name, _of_thresholds(table, thresholds), place == 0)
        for place, (name, table) in enumerate(material.downscaled.items())
    ]
    names = ", ".join(material.downscaled)
    return Section("downscaler", "Downscaler", [note], tables, answer=f"Scored: {names}.")


def _table(name: str, scores: pd.DataFrame, shown: bool) -> Table:
    """All days: a row a score, and a column for the downscaler and the climatology."""
    days = "all" if "all" in set(scores["days"]) else str(scores["days"].iloc[0])
    scores = scores[(scores["days"] == days) & scores["metric"].astype(str).str.startswith(FIRST)]
    models = list(scores["model"].unique())
    order = {metric: place for place, metric in enumerate(FIRST)}
    rows = []
    keys = scores[["metric", "threshold", "scale"]].drop_duplicates()
    keys = keys.assign(place=[_place(str(metric), order) for metric in keys["metric"]]).sort_values(
        "place", kind="stable"
    )
    for _, key in keys.iterrows():
        group = scores[(scores["metric"] == key["metric"]) & _same(scores["threshold"], key["threshold"])]
        group = group[_same(group["scale"], key["scale"])].drop_duplicates("model").set_index("model")
        cells = [_cell(group.loc[model]) if model in group.index else Cell(NOTHING) for model in models]
        rows.append(Row(_title(key), cells, unit_of(str(group["units"].iloc[0]))))
    columns = [Column(model) for model in models]
    return Table(f"{name}, {DAY_WORDS.get(days, days).lower()}", "Score", columns, rows, foldable=True, shown=shown)


def _of_thresholds(scores: pd.DataFrame, thresholds: set[float]) -> pd.DataFrame:
    """The scores without a threshold, and those of events above the training P99 and the fixed thresholds."""
    values = scores["threshold"]
    is_known = values.map(lambda value: any(math.isclose(value, one, rel_tol=1e-5) for one in thresholds))
    return scores[values.isna() | is_known.astype(bool)]


def _place(metric: str, order: dict[str, int]) -> int:
    return min(place for name, place in order.items() if metric.startswith(name))


def _same(values: pd.Series, wanted: float) -> pd.Series:
    return values.isna() if pd.isna(wanted) else values == wanted


def _cell(row: pd.Series) -> Cell:
    return Cell(number(float(row["value"])), interval(float(row["lower"]), float(row["upper"])))


def _title(key: pd.Series) -> str:
    """The title of a metric with its threshold; a quantile score is named by its level."""
    name = str(key["metric"])
    words = METRICS[name].title if name in METRICS.names() else _title_of_quantile(name)
    threshold = "" if pd.isna(key["threshold"]) else f", {float(key['threshold']):.3g} mm/day"
    scale = "" if pd.isna(key["scale"]) or float(key["scale"]) == 1 else f", {float(key['scale']):g} cells"
    return words + threshold + scale


def _title_of_quantile(name: str) -> str:
    """The title of a score of quantiles, ``pinball_p999``; the name in words where it is none."""
    level = re.search(r"_p(\d+)$", name)
    metrics = quantile_metrics([float(f"0.{level[1]}")] if level else [0.5])
    titles = {metric.name: metric.title for metric in (*metrics, distribution_crps)}
    return titles.get(name, name.replace("_", " ").capitalize())
