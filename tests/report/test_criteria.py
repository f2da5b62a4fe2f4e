"""Both lists of criteria as tables: the grades are those that the rules give."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from rainsmith.evaluate import criteria
from rainsmith.metrics.registry import METRICS
from rainsmith.report.criteria import checklist, criteria_section, judge
from rainsmith.report.gather import Material
from rainsmith.report.parts import Table
from rainsmith.report.words import quantity


def test_both_tables_hold_the_grades_of_the_model_and_its_baselines(material: Material) -> None:
    section = criteria_section(material, judge(material))
    assert len(section.parts) == 2
    for table, rules in zip(section.parts, (criteria.verdict, criteria.documented), strict=True):
        assert isinstance(table, Table)
        lists = [rules(material.metrics, name, "test") for name in ("flat", *material.baselines)]
        for row, line in zip(table.rows, zip(*lists, strict=True), strict=True):
            own, others = row.cells[0], row.cells[4:]
            assert (own.grade or "n/a") == line[0].grade
            assert [cell.grade for cell in others] == [other.grade for other in line[1:]]
            assert row.failed == (line[0].grade == "fail")
            assert (row.sign == "b") == line[0].passed_by_bilinear


def test_a_line_shows_value_and_observation_with_their_unit(material: Material) -> None:
    lines = criteria.verdict(material.metrics, "flat", "test")
    table = checklist("Verdict", lines, {})
    rows = {row.title: row.cells for row in table.rows}
    mean = next(line for line in lines if line.name == "mean")
    metric = METRICS["mean"]
    assert [cell.text for cell in rows[metric.title][1:3]] == [
        quantity(mean.value, metric),
        quantity(mean.observed, metric),
    ]
    assert rows[METRICS["ks"].title][2].text == "", "a distance has no observed value"
    assert [column.title for column in table.columns] == ["Grade", "Model", "Observed", "Asked for"]


def test_lines_of_posterior_members_say_so(material: Material) -> None:
    titles = [row.title for row in checklist("", criteria.documented(material.metrics, "flat", "test"), {}).rows]
    assert sum(title.endswith(", posterior members") for title in titles) == 2


def test_without_scores_the_section_names_the_command(material: Material) -> None:
    bare = replace(material, metrics=pd.DataFrame())
    section = criteria_section(bare, judge(bare))
    assert not section.parts and "rainsmith evaluate" in section.missing
