"""The section with both lists of criteria: the grades of the model, and of the baselines on the same lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from rainsmith.evaluate import criteria
from rainsmith.evaluate.criteria import Criterion
from rainsmith.evaluate.table import MetricTable
from rainsmith.evaluate.tail import BEYOND_RECORD, BY_CHANCE
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
    table = MetricTable(metrics, split)  # made once for both lists of all forecasts
    return Judged(
        criteria.verdict(table, material.model, split),
        criteria.documented(table, material.model, split),
        {name: criteria.verdict(table, name, split) for name in material.baselines},
        {name: criteria.documented(table, name, split) for name in material.baselines},
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


def why_not_judged(material: Material, criterion: Criterion) -> str:
    """Why a criterion has no grade."""
    rule, table = criterion.rule, material.metrics
    days = rule.days or "heavy_x"
    rows = table[(table["days"] == days) & (table["forecast"] == "prior")]
    if rows.empty:
        return f"no such {material.split} days" if days == "heavy_x" else "no scores"
    if rule.of_tail:
        if not rows["metric"].astype(str).str.endswith(BY_CHANCE).any():
            return "nothing judged them: run 'rainsmith evaluate' again"
        if rule.kind != "observed in range" and BEYOND_RECORD not in set(rows["metric"]):
            return "the samples do not hold every day of the split"
        again = "nothing judged it: run 'rainsmith evaluate' again"
        return "fewer than two cell-days lie above it" if rule.metric.startswith("p9") else again
    if rule.kind == "below baselines":
        return "no simple method was scored"
    if int(rows["members"].iloc[0]) < 2:
        return "a single member has none"
    return "not defined on these days"


def criteria_section(material: Material, judged: Judged) -> Section:
    """The verdict that decides, then the list of the reference."""
    passed_by_bilinear = (
        "A b marks what bilinear interpolation passes, too: passing it tells little. "
        if "bilinear" in material.baselines
        else ""
    )
    note = (
        f"Prior members on the days {material.heavy_days}; the tail on all days and against the record, too. "
        "Deviations count in both directions. Three dots are excellent, two good, one the minimum, none a failure. "
        f"{passed_by_bilinear}Ranges by chance hold 99 % of series "
        "that take each week from the observation or a member at random; those by the record hold 99 % of samples of "
        "the whole record, and the observed figure. The largest amount may be what the heaviest known tail of rain "
        "reaches in 1 of 100 cases. What is not judged does not count."
    )
    documented = (
        "The list of the reference model, for comparison only: its days are chosen for their observed rain, which "
        "rewards forecasting too much rain."
    )
    tables = [
        checklist("Verdict", judged.verdict, judged.of_baselines, why=partial(why_not_judged, material)),
        replace(
            checklist("As documented by the reference", judged.documented, judged.documented_of_baselines, documented),
            foldable=True,
            shown=False,
        ),
    ]
    count = criteria.count(judged.verdict)
    met = sum(count[grade] for grade in ("minimum", "good", "excellent"))
    beside = f", {count['n/a']} not judged" if count["n/a"] else ""
    answer = f"{met} of {met + count['fail']} met, {count['good'] + count['excellent']} of them good or better{beside}."
    missing = "" if judged.verdict else "No scores yet: 'rainsmith evaluate' computes them."
    return Section("criteria", "Criteria", [note], tables if judged.verdict else [], missing=missing, answer=answer)


def checklist(
    title: str,
    lines: Sequence[Criterion],
    of_baselines: dict[str, Sequence[Criterion]],
    note: str = "",
    why: Callable[[Criterion], str] = lambda line: "",
) -> Table:
    """One list as a table.

    Args:
        title: of the list.
        lines: the criteria applied to the model.
        of_baselines: the same criteria, in the same order, applied to each baseline.
        note: how to read the list.
        why: why a line has no grade.
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
            Cell("not judged", why(line), mark="noise") if line.grade == "n/a" else Cell(line.grade, grade=line.grade),
            Cell(quantity(line.value, metric)),
            Cell(quantity(line.observed, metric).strip(NOTHING) if metric.aim == "observed" else ""),
            Cell(line.bounds, mark="noise"),
            *[Cell(grade=others[place].grade) for others in of_baselines.values()],
        ]
        sign = "b" if line.passed_by_bilinear else ""
        rows.append(Row(title_of(line), cells, sign=sign, failed=line.grade == "fail"))
    return Table(title, "Criterion", columns, rows, note, stacked=True)
