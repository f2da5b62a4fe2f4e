"""The section on augmentation: how many synthetic days were judged, accepted and rejected, and why."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from rainsmith.augment.registry import CHECKS
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Row, Section, Table
from rainsmith.report.words import number

SOURCE = "source"
"""The check that a synthetic day belongs to a training day; it is always made."""
QUANTILES = (0.05, 0.5, 0.95)
FIGURES = {
    "max_mm": "Largest amount of a day [mm]",
    "mean_mm": "Mean of a day [mm]",
    "return_period": "Return period of the largest amount [years]",
    "mass": "Deviation of the mass from the coarse input [share]",
    "nearest_distance": "Distance to the nearest observed day [1: as far as observed days are apart]",
}
"""Columns of augmentation.csv that the page describes, and their titles."""


def synthetic_days_section(material: Material) -> Section | None:
    """The judgement of synthetic days on the page; None where none were drawn."""
    table = material.judged_days
    if table.empty:
        return None
    accepted = table["accepted"].astype(bool)
    share = number(float(accepted.mean()), percent=True)
    answer = f"{int(accepted.sum())} synthetic days were accepted, {share} % of the {len(table)} that were judged."
    modes = ", ".join(sorted(map(str, table["mode"].unique())))
    note = (
        f"Days drawn in {modes} mode for training days, each judged by checks whose bounds come from the observed "
        "training days. A day that is rejected is drawn anew. The whole list is augmentation.csv."
    )
    tables = [*_rejections(table), *_figures(table[accepted])]
    return Section("augmentation", "Augmentation", [note], tables, answer=answer)


def _rejections(table: pd.DataFrame) -> list[Table]:
    """How many days each check rejected; no table where all were accepted."""
    names = [SOURCE, *CHECKS.names()]
    said = re.compile(rf"(?:^|; )({'|'.join(map(re.escape, names))}): ")
    counts = Counter(name for reason in table["reason"].dropna() for name in said.findall(str(reason)))
    if not counts:
        return []
    rows = [
        Row(name.replace("_", " ").capitalize(), [Cell(str(count)), Cell(number(count / len(table), percent=True))])
        for name, count in counts.most_common()
    ]
    note = "A day may fail several checks."
    return [Table("Rejected by", "Check", [Column("Days"), Column("Share of the judged [%]")], rows, note)]


def _figures(accepted: pd.DataFrame) -> list[Table]:
    """What the accepted days are like; no table where there is none."""
    if accepted.empty:
        return []
    rows = []
    for name, title in FIGURES.items():
        values = pd.to_numeric(accepted[name], errors="coerce").dropna() if name in accepted else pd.Series(dtype=float)
        if len(values):
            rows.append(Row(title, [Cell(number(float(values.quantile(level)))) for level in QUANTILES]))
    columns = [Column(f"{100 * level:g} %", small="of the days lie below") for level in QUANTILES]
    return [Table("The accepted days", "Figure", columns, rows)]
