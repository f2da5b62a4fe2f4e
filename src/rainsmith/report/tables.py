"""Tables of the report as rows of text: the scores, the comparisons, and which days they are of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from rainsmith.base.dims import DAY_SETS
from rainsmith.report.gather import Material
from rainsmith.report.words import (
    METRICS,
    MODEL_WORDS,
    OF_EVENTS,
    SHOWN_SCALES,
    closeness,
    describe,
    interval,
    number,
    title,
    unit_of,
)

DAY_WORDS = {"all": "All days", "heavy_x": "Heavy by the input", "heavy": "Heavy as observed"}


def day_meaning(material: Material) -> dict[str, str]:
    """What each set of days is, and what may be expected on it."""
    return {
        "heavy_x": f"The days {promise(material)}. They are chosen before any rain is drawn and without the observed "
        "fine rain, so a good model matches the observed column.",
        "all": "Every day of the period. A good model matches the observed column.",
        "heavy": f"Chosen because the observed rain was heavy. {honesty(material)} So there is no verdict here, and "
        "nothing is bold.",
    }


def block_mean(material: Material) -> bool:
    """Whether the coarse input is the block mean of the observed rain."""
    return int(material.store.attrs.get("coarsen", 0) or 0) > 0


def honesty(material: Material) -> str:
    """What an honest forecast looks like on days that were chosen by their observed rain."""
    if block_mean(material):
        return (
            "The coarse input is the block mean of that rain, so an honest forecast matches its mean and total, and "
            "stays a little below only in the wettest cells."
        )
    return "An honest forecast stays below the observed one: the input does not say that the day will be this wet."


def promise(material: Material) -> str:
    """How the days that the input calls heavy were chosen."""
    if material.store.attrs.get("coarse_rain_channel"):
        return "with the most coarse rain"
    return "whose weather brought the most rain on similar training days"


@dataclass(frozen=True)
class Score:
    """One cell of the score table."""

    value: str
    interval: str
    best: bool


@dataclass(frozen=True)
class ScoreRow:
    """One metric: its name, unit, the observed value, and one score a forecast."""

    title: str
    unit: str
    observed: str
    scores: list[Score]


@dataclass(frozen=True)
class ScoreTable:
    """All metrics on one set of days."""

    title: str
    meaning: str
    n_days: int
    columns: list[str]
    rows: list[ScoreRow]


@dataclass(frozen=True)
class Comparison:
    """The model minus one baseline: a difference, its interval, and better, worse or noise."""

    difference: str
    interval: str
    outcome: str


@dataclass(frozen=True)
class ComparisonRow:
    """One score on one set of days against every baseline; None where there is no comparison."""

    title: str
    unit: str
    days: str
    against: list[Comparison | None]


def score_tables(material: Material) -> list[ScoreTable]:
    """One table for each set of days that was scored: the days that verdicts rest on first.

    Scores of events are shown above the training P99 and the fixed thresholds; ``metrics.csv`` has all.
    """
    shown = {float(material.store["p99"]), *material.config.evaluate.thresholds_mm}
    tables = []
    for days in ("heavy_x", "all", "heavy"):
        chosen = material.metrics[material.metrics["days"] == days] if len(material.metrics) else material.metrics
        if len(chosen):
            tables.append(_score_table(chosen, days, material.forecasts, day_meaning(material)[days], shown))
    return tables


def _score_table(
    rows: pd.DataFrame, days: str, forecasts: list[str], meaning: str, thresholds: set[float]
) -> ScoreTable:
    order = {name: place for place, name in enumerate(METRICS)}
    keyed = rows[~rows["metric"].str.endswith("_range")].assign(
        threshold=pd.to_numeric(rows["threshold"], errors="coerce"), scale=pd.to_numeric(rows["scale"], errors="coerce")
    )
    known = keyed["threshold"].map(lambda value: any(math.isclose(value, t, rel_tol=1e-5) for t in thresholds))
    hidden = keyed["metric"].isin(OF_EVENTS) & ~known | (keyed["metric"] == "fss") & ~keyed["scale"].isin(SHOWN_SCALES)
    keyed = keyed[~hidden]
    keys = keyed[["metric", "threshold", "scale"]].drop_duplicates()
    keys = keys.assign(order=[order.get(name, len(order)) for name in keys["metric"]])
    keys = keys.sort_values(["order", "metric", "threshold", "scale"], kind="stable")
    lines = []
    for metric, threshold, scale in keys[["metric", "threshold", "scale"]].itertuples(index=False):
        same = (keyed["metric"] == metric) & _equal(keyed["threshold"], threshold) & _equal(keyed["scale"], scale)
        by_forecast = keyed[same].drop_duplicates("forecast", keep="last").set_index("forecast")
        lines.append(_score_row(by_forecast, str(metric), float(threshold), float(scale), forecasts, days != "heavy"))
    n_days = int(pd.to_numeric(rows["n_days"], errors="coerce").max())
    columns = [MODEL_WORDS.get(name, name).capitalize() for name in forecasts]
    return ScoreTable(DAY_WORDS[days], meaning, n_days, columns, lines)


def _score_row(
    rows: pd.DataFrame, metric: str, threshold: float, scale: float, forecasts: list[str], competing: bool
) -> ScoreRow:
    words = describe(metric)
    shape = {"percent": words.percent, "signed": words.signed}
    observed = pd.to_numeric(rows["observed"], errors="coerce").dropna()
    truth = float(observed.iloc[0]) if len(observed) and words.aim == "observed" else math.nan
    distance = {
        name: closeness(metric, float(rows.at[name, "value"]), truth) for name in forecasts if name in rows.index
    }
    # the posterior has seen the observation, so it does not compete
    rivals = [d for name, d in distance.items() if name != "posterior" and math.isfinite(d)]
    least = min(rivals) if len(rivals) > 1 and competing else math.nan
    texts_of_best = {number(float(rows.at[name, "value"]), **shape) for name, d in distance.items() if d == least}
    scores = []
    for name in forecasts:
        if name not in rows.index:
            scores.append(Score("–", "", best=False))
            continue
        row = rows.loc[name]
        low, high = (float(pd.to_numeric(row[key], errors="coerce")) for key in ("lower", "upper"))
        if metric == "max":  # no resampling shows more than the largest value
            low = high = math.nan
        text = number(float(row["value"]), **shape)
        best = name != "posterior" and text in texts_of_best
        scores.append(Score(text, interval(low, high, **shape), best))
    units = next((str(u) for u in rows["units"].dropna()), "")
    return ScoreRow(
        title(metric, threshold, scale), unit_of(units, percent=words.percent), number(truth, **shape), scores
    )


def _equal(column: pd.Series, value: float) -> pd.Series:
    return column.isna() if math.isnan(value) else column == value


def comparison_rows(material: Material) -> list[ComparisonRow]:
    """Prior members minus each baseline (columns in the order of ``material.baselines``), by score and set of days."""
    table = material.comparisons
    if table.empty:
        return []
    chosen = table[(table["a"] == f"{material.model}-prior") & (table["split"] == material.split)]
    rows = []
    for days in ("heavy_x", "all", "heavy"):
        for metric in [name for name in METRICS if name in set(chosen["metric"])]:
            same = chosen[(chosen["days"] == days) & (chosen["metric"] == metric)].set_index("b")
            if len(same):
                against = [_comparison(same.loc[b]) if b in same.index else None for b in material.baselines]
                rows.append(ComparisonRow(title(metric), "mm/day", DAY_WORDS[days], against))
    return rows


def _comparison(row: pd.Series) -> Comparison:
    """All compared scores are errors: negative is better."""
    lower, upper = float(row["lower"]), float(row["upper"])
    outcome = "better" if upper < 0 else "worse" if lower > 0 else "noise"
    return Comparison(number(float(row["difference"]), signed=True), interval(lower, upper, signed=True), outcome)


def day_counts(metrics: pd.DataFrame) -> dict[str, int]:
    """Number of days of each set, from the scores."""
    if metrics.empty:
        return {}
    found = {days: pd.to_numeric(metrics.loc[metrics["days"] == days, "n_days"], errors="coerce") for days in DAY_SETS}
    return {days: int(column.max()) for days, column in found.items() if len(column)}
