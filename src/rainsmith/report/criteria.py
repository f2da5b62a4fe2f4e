"""The section with both lists of criteria: the grades of the model, and of the baselines on the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rainsmith.evaluate import criteria
from rainsmith.evaluate.criteria import Criterion
from rainsmith.metrics.registry import METRICS, Aim, Metric
from rainsmith.report.forecasts import column_of
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Row, Section, Table
from rainsmith.report.words import NOTHING, quantity


@dataclass(frozen=True)
class Judged:
    """Both lists of criteria, for the model and for every baseline by its name."""

    verdict: Sequence[Criterion]
    documented: Sequence[Criterion]
    of_baselines: dict[str, Sequence[Criterion]]
    documented_of_baselines: dict[str, Sequence[Criterion]]


def judge(material: Material) -> Judged:
    """Apply both lists to the scores of a run; empty lists without scores."""
    metrics, split = material.metrics, material.split
    if metrics.empty:
        return Judged([], [], {}, {})
    return Judged(
        criteria.verdict(metrics, material.model, split),
        criteria.documented(metrics, material.model, split),
        {name: criteria.verdict(metrics, name, split) for name in material.baselines},
        {name: criteria.documented(metrics, name, split) for name in material.baselines},
    )


def metric_of(criterion: Criterion) -> Metric:
    """The record of the metric that a criterion judges; a count of the tail has one of its own."""
    rule = criterion.rule
    if rule.metric in METRICS.names():
        return METRICS[rule.metric]
    observed: Aim = "low" if rule.kind == "at most" else "observed"
    units = criterion.units or "weeks"
    return Metric(rule.metric, lambda sums: sums["cells"], (), units, None, title=rule.title, aim=observed)


def title_of(criterion: Criterion) -> str:
    """The title of the figure that a criterion judges, with the days or members that are not those of the list."""
    rule = criterion.rule
    words = [rule.title or metric_of(criterion).title]
    if rule.days == "all" and rule.kind == "observed in range":
        words.append("all days")
    if rule.kind == "like the record":
        words.append("against the record")
    if rule.mode == "posterior":
        words.append("posterior members")
    return ", ".join(words)


def criteria_section(material: Material, judged: Judged) -> Section:
    """The verdict that decides, then the list of the reference."""
    note = (
        f"Prior members on the days {material.heavy_days}; the tail on all days and against the record, too. "
        "Deviations count in both directions. Three dots are excellent, two good, one the minimum, none a failure. A b "
        "marks what bilinear interpolation passes, too: passing it tells little."
    )
    documented = (
        "The list of the reference model, for comparison only: its days are chosen for their observed rain, which "
        "rewards forecasting too much rain."
    )
    tables = [
        checklist("Verdict", judged.verdict, judged.of_baselines),
        checklist("As documented by the reference", judged.documented, judged.documented_of_baselines, documented),
    ]
    missing = "" if judged.verdict else "No scores yet: 'rainsmith evaluate' computes them."
    return Section("criteria", "Criteria", [note], tables if judged.verdict else [], missing=missing)


def checklist(
    title: str, lines: Sequence[Criterion], of_baselines: dict[str, Sequence[Criterion]], note: str = ""
) -> Table:
    """One list as a table.

    Args:
        title: of the list.
        lines: the criteria applied to the model.
        of_baselines: the same criteria, in the same order, applied to each baseline.
        note: how to read the list.
    """
    columns = [
        Column("Grade", kind="text"),
        Column("Model"),
        Column("Observed"),
        Column("Asked for", small="minimum / good / excellent", kind="text"),
    ]
    columns += [column_of(name, "grade") for name in of_baselines]
    rows = []
    for place, line in enumerate(lines):
        metric = metric_of(line)
        cells = [
            Cell("not judged", mark="noise") if line.grade == "n/a" else Cell(line.grade, grade=line.grade),
            Cell(quantity(line.value, metric)),
            Cell(quantity(line.observed, metric).strip(NOTHING) if metric.aim == "observed" else ""),
            Cell(line.bounds, mark="noise"),
            *[Cell(grade=others[place].grade) for others in of_baselines.values()],
        ]
        sign = "b" if line.passed_by_bilinear else ""
        rows.append(Row(title_of(line), cells, sign=sign, failed=line.grade == "fail"))
    return Table(title, "Criterion", columns, rows, note)
