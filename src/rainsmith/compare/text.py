"""The table of the comparison as Markdown."""

from __future__ import annotations

import math

import pandas as pd

from rainsmith.base.markdown import markdown_table
from rainsmith.evaluate.criteria import GRADES

COUNTS = (*GRADES, "n/a")
DAYS = {
    "all": "all days",
    "heavy_x": "heavy_x, chosen by the predictors",
    "heavy": "heavy, chosen by the observation",
}
"""Sets of days, in the order of their tables, and how their headings call them."""


def as_markdown(table: pd.DataFrame, split: str) -> str:
    """A page of Markdown: figures with the observed value beside, repeats with their range, and both lists of criteria.

    Args:
        table: output of ``compare``, with ``attrs["notes"]``.
        split: that the figures belong to.
    """
    shown = table[table["kind"].isin(["run", "baseline"])]
    parts = [
        f"# Comparison of runs ({split})",
        "Amounts and CRPS in mm/day. Brackets hold the observed value. An asterisk marks a criterion that bilinear "
        "interpolation passes, too.",
        *[f"**Note.** {note}" for note in table.attrs.get("notes", [])],
        "## Runs\n\n" + _runs(table),
        *[f"## Figures on {words}\n\n{_figures(shown, days)}" for days, words in DAYS.items()],
    ]
    if (table["kind"] == "median").any():
        parts.append("## Repeats with other seeds: median (smallest to largest)\n\n" + _repeats(table))
    if "verdict fail" in table:
        judged = table[table["kind"].isin(["run", "baseline", "median"])]
        parts.append("## Verdict (heavy_x, two-sided)\n\n" + _grades(judged, "verdict"))
        parts.append(
            "## As documented by the reference (heavy, one-sided; never decisive)\n\n" + _grades(judged, "documented")
        )
    return "\n\n".join(parts) + "\n"


def _name(row: pd.Series) -> str:
    if row["kind"] == "baseline":
        return str(row["label"])
    kind = "median of " if row["kind"] == "median" else ""
    return f"{kind}{row['label']}, {row['model']} {row['mode']}"


def _runs(table: pd.DataFrame) -> str:
    columns = ["label", "model", "mode", "checkpoint", "seed", "members", "epochs", "settings"]
    runs = table[table["kind"] == "run"]
    return markdown_table(columns, ([_plain(row[column]) for column in columns] for _, row in runs.iterrows()))


def _figures(table: pd.DataFrame, days: str) -> str:
    columns = [column for column in table.columns if str(column).endswith(f" {days}") and table[column].notna().any()]
    rows = [[_name(row), *[_number(row[c], row.get(f"{c} observed")) for c in columns]] for _, row in table.iterrows()]
    return markdown_table(["", *[column.removesuffix(f" {days}") for column in columns]], rows)


def _repeats(table: pd.DataFrame) -> str:
    """One table for each model and mode that has repeats."""
    parts = []
    for _, median in table[table["kind"] == "median"].iterrows():
        of_model = table[(table[["label", "model", "mode"]] == median[["label", "model", "mode"]]).all(axis=1)]
        low, high = (of_model[of_model["kind"] == kind].iloc[0] for kind in ("min", "max"))
        endings = tuple(f" {days}" for days in DAYS)
        columns = [
            column for column in map(str, table.columns) if column.endswith(endings) and pd.notna(median[column])
        ]
        rows = [
            [
                column,
                f"{_number(median[column])} ({_number(low[column])} to {_number(high[column])})",
                _number(median.get(f"{column} observed", math.nan)),
            ]
            for column in columns
        ]
        heading = f"{_name(median)} (seeds {median['seed']})"
        parts.append(f"{heading}\n\n{markdown_table(['figure', 'median (range)', 'observed'], rows)}")
    return "\n\n".join(parts)


def _grades(table: pd.DataFrame, title: str) -> str:
    """One list of criteria: the counts of its grades, and the grade in each criterion."""
    columns = [str(column).removeprefix(f"{title} ") for column in table.columns if str(column).startswith(f"{title} ")]
    criteria = [name for name in columns if name not in COUNTS]
    rows = []
    for _, row in table.dropna(subset=[f"{title} fail"]).iterrows():
        counts = ", ".join(f"{int(row[f'{title} {grade}'])} {grade}" for grade in COUNTS if row[f"{title} {grade}"])
        rows.append([_name(row), counts, *[_plain(row[f"{title} {name}"]) for name in criteria]])
    return markdown_table(["", "count", *criteria], rows)


def _number(value: object, observed: object = math.nan) -> str:
    """Three digits, the observed value in brackets; a dash where there is no value."""
    number, beside = (
        float(pd.to_numeric(x, errors="coerce")) if x is not None else math.nan for x in (value, observed)
    )
    if not math.isfinite(number):
        return "-"
    return f"{number:.3g}" + (f" [{beside:.3g}]" if math.isfinite(beside) else "")


def _plain(value: object) -> str:
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:g}"
    return str(value).replace("|", "\\|")
