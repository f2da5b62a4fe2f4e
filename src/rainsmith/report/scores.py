"""The section of scores: one table for each set of days, and the differences from the baselines."""

from __future__ import annotations

import math

import pandas as pd

from rainsmith.baselines.registry import BASELINES
from rainsmith.metrics.registry import METRICS, Metric
from rainsmith.report.forecasts import column_of, forecast_named
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Row, Section, Table
from rainsmith.report.words import DAY_WORDS, NOTHING, interval, listing, number, unit_of

SHOWN_SCALES = (1.0, 7.0)
"""[cells] Scales of the fractions skill score that the page shows; ``metrics.csv`` has all."""


def scores_section(material: Material) -> Section:
    """The paired differences, all scores on each set of days, and what was left out."""
    note = [
        "Each value with its 90 % interval from resampled weeks. Bold: closest to the best possible value among prior "
        "members and simple methods; posterior members have seen the observation and do not compete.",
        "Correlation and critical success index take each member by itself: smooth members that are all alike score "
        "better there than those of an honest ensemble. RALSD says how far the power of the maps is off over all "
        "wavelengths, as a power of ten: 0.3 is a factor of two.",
    ]
    tables = [*comparison_table(material), *score_tables(material)]
    missing = "" if tables else "No scores yet: 'rainsmith evaluate' computes them."
    answer = "All scores on each set of days beside every simple method, and whether the differences are real."
    return Section("scores", "Scores", note, tables, left_out(material), missing, answer)


def day_meaning(material: Material) -> dict[str, str]:
    """What each set of days is, and what may be expected on it."""
    return {
        "heavy_x": f"The days {material.heavy_days}, chosen without the observed fine rain: a good model matches the "
        "observed column.",
        "all": "Every day of the period. A good model matches the observed column.",
        "heavy": f"Chosen because the observed rain was heavy. {honesty(material)} So nothing is bold.",
    }


def honesty(material: Material) -> str:
    """What an honest forecast looks like on days that were chosen by their observed rain."""
    if material.is_super_resolution:
        return (
            "The coarse input is the block mean of that rain, so an honest forecast matches its mean and total, and "
            "stays a little below only in the wettest cells."
        )
    return (
        "On average an honest forecast is below the observed one: the input does not say that the day will be this wet."
    )


def score_tables(material: Material) -> list[Table]:
    """One table for each set of days that was scored.

    Scores of events are shown above the training P99 and the fixed thresholds; ``metrics.csv`` has all.
    """
    if material.metrics.empty:
        return []
    thresholds = {float(material.store["p99"]), *material.config.evaluate.thresholds_mm}
    tables = []
    for days, words in DAY_WORDS.items():
        rows = material.metrics[material.metrics["days"] == days]
        if len(rows):
            columns = [Column("Observed"), *[column_of(name) for name in material.forecasts]]
            lines = [_score_row(*line, material.forecasts, days != "heavy") for line in _lines(rows, thresholds)]
            title = f"{words}, {int(pd.to_numeric(rows['n_days'], errors='coerce').max())} days"
            is_shown = days == "heavy_x"  # the days that verdicts rest on
            meaning = day_meaning(material)[days]
            tables.append(Table(title, "Metric", columns, lines, meaning, foldable=True, shown=is_shown))
    return tables


def _lines(rows: pd.DataFrame, thresholds: set[float]) -> list[tuple[Metric, str, pd.DataFrame]]:
    """The metrics of a table with their titles and the rows of all forecasts, in the order of the registry."""
    rows = rows.assign(**{key: pd.to_numeric(rows[key], errors="coerce") for key in ("threshold", "scale")})
    lines = []
    for metric in METRICS:
        of_metric = rows[rows["metric"] == metric.name]
        for (threshold, scale), group in of_metric.groupby(["threshold", "scale"], dropna=False):
            of_event = math.isfinite(threshold) and not metric.threshold
            if of_event and not any(math.isclose(threshold, known, rel_tol=1e-5) for known in thresholds):
                continue
            if math.isfinite(scale) and scale not in SHOWN_SCALES:
                continue
            title = metric.title + (f", {threshold:.3g} mm/day" if of_event else "")
            title += f", {scale:g} cells" if math.isfinite(scale) and scale > 1 else ""
            lines.append((metric, title, group.drop_duplicates("forecast", keep="last").set_index("forecast")))
    return lines


def _score_row(metric: Metric, title: str, rows: pd.DataFrame, forecasts: list[str], competing: bool) -> Row:
    shape = {"percent": metric.percent, "signed": metric.signed}
    observed = pd.to_numeric(rows["observed"], errors="coerce").dropna()
    truth = float(observed.iloc[0]) if len(observed) and metric.aim == "observed" else math.nan
    texts = {name: number(float(value), **shape) for name, value in rows["value"].items()}
    best = _best(metric, rows["value"], truth) if competing else set()
    rivals = [text for name, text in texts.items() if name != "posterior"]
    of_best = {texts[name] for name in best}
    if 2 * sum(text in of_best for text in rivals) > len(rivals):
        best = set()  # where most of them are equal on paper nobody is best
    cells = [Cell(number(truth, **shape) if math.isfinite(truth) else "")]
    for name in forecasts:
        if name not in rows.index:
            cells.append(Cell(NOTHING))
            continue
        bounds = [float(pd.to_numeric(rows.at[name, key], errors="coerce")) for key in ("lower", "upper")]
        small = "" if metric.name == "max" else interval(*bounds, **shape)  # resamples never exceed the largest value
        is_best = name != "posterior" and texts[name] in {texts[other] for other in best}
        cells.append(Cell(texts[name], small, "best" if is_best else ""))
    return Row(title, cells, unit_of(metric.units, percent=metric.percent))


def _best(metric: Metric, values: pd.Series, truth: float) -> set[str]:
    """Names of the rivals that are closest to the best value; the posterior has seen the observation and is none."""
    distance = {str(name): closeness(metric, float(value), truth) for name, value in values.items()}
    rivals = {name: d for name, d in distance.items() if name != "posterior" and math.isfinite(d)}
    if len(rivals) < 2 or max(rivals.values()) == min(rivals.values()):
        return set()  # nobody to beat, or all are alike, as where the event never came
    return {name for name, d in rivals.items() if d == min(rivals.values())}


def closeness(metric: Metric, value: float, observed: float) -> float:
    """How far a value is from the best: 0 is perfect; NaN where there is nothing to compare with."""
    if metric.aim == "low":
        return abs(value)
    if metric.aim == "high":
        return 1 - value
    if metric.aim == "one":
        return abs(math.log(value)) if value > 0 else math.inf
    return abs(value - (observed if isinstance(metric.aim, str) else metric.aim))


def left_out(material: Material) -> list[str]:
    """Baselines that do not apply, each with the reason, and those that the configuration does not ask for."""
    of_reason: dict[str, list[str]] = {}
    for name, reason in material.notes.items():
        of_reason.setdefault(reason, []).append(forecast_named(name).title)
    texts = [f"Left out: {listing(titles)} ({reason})." for reason, titles in of_reason.items()]
    asked = {*material.config.evaluate.baselines, *material.baselines}
    others = [baseline.title for baseline in BASELINES if baseline.by_default and baseline.name not in asked]
    if others and not material.metrics.empty:
        texts.append(f"Not asked for in evaluate.baselines, so nothing was held against them: {listing(others)}.")
    return texts


def comparison_table(material: Material) -> list[Table]:
    """Prior members minus each baseline, by score and set of days; no table where nothing was compared."""
    table = material.comparisons
    if table.empty:
        return []
    chosen = table[table["a"] == f"{material.model}-prior"]
    rows = []
    for days, words in DAY_WORDS.items():
        for metric in METRICS:
            against = chosen[(chosen["days"] == days) & (chosen["metric"] == metric.name)].set_index("b")
            if len(against):
                cells = [_difference(against.loc[b]) if b in against.index else Cell() for b in material.baselines]
                rows.append(Row(metric.title, [Cell(words), *cells], unit_of(metric.units)))
    note = (
        "Prior members minus each simple method, on the same days. All these scores are errors, so a negative "
        "difference means that the model is better. A difference whose 90 % interval holds zero is inside the noise."
    )
    columns = [Column("Days", kind="text"), *[column_of(name) for name in material.baselines]]
    return [Table("Is the difference real?", "Score", columns, rows, note)]


def _difference(row: pd.Series) -> Cell:
    """All compared scores are errors: negative is better."""
    lower, upper, text = float(row["lower"]), float(row["upper"]), number(float(row["difference"]), signed=True)
    outcome = "better" if upper < 0 else "worse" if lower > 0 else "noise"
    small = interval(lower, upper, signed=True)
    return Cell(f"{text} {outcome}", small, outcome) if outcome != "noise" else Cell(text, f"{small}, noise", outcome)
