"""The section on the sweep: all saved checkpoints on validation days, the best first."""

from __future__ import annotations

import math

from rainsmith.plots.sweep import over_epochs
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Gallery, Part, Row, Section, Table, embed
from rainsmith.report.words import number
from rainsmith.sweep.text import PICTURED, sentences_of, titles_of

SHOWN = (*PICTURED, "mean", "spread_skill")
"""Scores of prior samples that the page shows; ``sweep.csv`` has all."""
CAPTION = (
    "Scores of every saved epoch on the same validation days. Upright lines: the best epoch of this ranking, and those "
    "that training kept as best."
)


def sweep_section(material: Material) -> Section | None:
    """The ranking on the page; None where there was no sweep."""
    table = material.sweep
    if table.empty:
        return None
    titles = titles_of(name for name in SHOWN if f"prior_{name}" in table)
    note = (
        "Scores of prior samples on validation days. The best checkpoint comes first: Pareto fronts of tail score, "
        "CRPS and rank deviation in order, and within a front the lower tail score."
    )
    rows = []
    for _, row in table.iterrows():
        used = material.config.sampling.checkpoint in str(row["checkpoint"]).split()
        scores = [Cell(number(float(row[f"prior_{name}"]))) for name in titles]
        cells = [Cell(f"{int(row['epoch'])}"), *scores, Cell(str(row["checkpoint"]), "in use" if used else "")]
        rows.append(Row(f"{int(row['rank'])}", cells))
    columns = [Column("Epoch"), *[Column(title) for title in titles.values()], Column("Checkpoint", kind="text")]
    parts: list[Part] = []
    if set(PICTURED) <= set(titles):
        figure = over_epochs(table, titles_of(PICTURED))
        parts.append(Gallery([embed(figure, "Scores of all saved epochs", CAPTION)], "whole"))
    parts.append(Table(f"All {len(table)} saved epochs", "Rank", columns, rows, note))
    sentences = sentences_of(table)
    return Section("sweep", "Sweep", [], parts, sentences[1:], answer=sentences[0] + _cost(material))


def _cost(material: Material) -> str:
    """What the checkpoint in use costs beside the best one, in the tail score."""
    table, used = material.sweep, material.config.sampling.checkpoint
    rows = table[table["checkpoint"].map(lambda text: used in str(text).split())]
    best = float(table.iloc[0]["prior_tail_score"])
    if rows.empty or not best > 0:
        return ""
    excess = float(rows.iloc[0]["prior_tail_score"]) / best - 1
    if not math.isfinite(excess) or int(rows.iloc[0]["rank"]) == 1:
        return " It is in use." if int(rows.iloc[0]["rank"]) == 1 else ""
    return f" In use: {used}, whose tail score is {number(excess, percent=True, signed=True)} % against it."
