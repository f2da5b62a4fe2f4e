"""Findings of diagnosis.json as tables: the bad ones first, figures never printed as the bound that they miss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rainsmith.report.diagnosis import diagnosis_section, finding_table
from rainsmith.report.gather import Material
from rainsmith.report.parts import Table


def _finding(
    verdict: str, value: float | None = 1.2, warn: tuple[float | None, float | None] = (0.909, 1.101)
) -> dict[str, Any]:
    figure = {
        "name": "mean rain, heavy_x days",
        "value": value,
        "verdict": verdict,
        "warn": warn,
        "origin": "some years",
    }
    advice = "train longer" if verdict in ("fail", "warn") else ""
    return {"name": "drift", "question": f"{verdict}?", "verdict": verdict, "advice": advice, "figures": [figure]}


@pytest.mark.parametrize(
    ("value", "verdict", "shown", "healthy"),
    [
        (1.104, "warn", "1.104", "0.909 to 1.101"),
        (1.2, "fail", "1.20", "0.909 to 1.10"),
        (1.099, "pass", "1.10", "0.909 to 1.10"),
    ],
)
def test_a_figure_outside_of_its_bounds_is_not_printed_as_one_of_them(
    value: float, verdict: str, shown: str, healthy: str
) -> None:
    _, measured, in_order, *_ = finding_table("", [_finding(verdict, value)]).rows[0].cells
    assert (measured.text, measured.small) == (shown, "mean rain, days heavy by the input")
    assert (in_order.text, in_order.small) == (healthy, "from some years")


@pytest.mark.parametrize(
    ("warn", "healthy"), [((0.9, None), "at least 0.900"), ((None, 1.1), "at most 1.10"), ((None, None), "no bound")]
)
def test_open_bounds_are_said(warn: tuple[float | None, float | None], healthy: str) -> None:
    assert finding_table("", [_finding("pass", 1.0, warn)]).rows[0].cells[2].text == healthy


def test_what_is_not_finite_or_not_measured_has_no_number() -> None:
    failed, unmeasured = finding_table("", [_finding("fail", None), _finding("n/a")]).rows
    assert failed.cells[1].text == "not finite"
    assert [cell.text for cell in unmeasured.cells] == ["not measured", "", "", ""]


def test_bad_findings_come_first_with_advice_and_the_others_are_folded(material: Material) -> None:
    findings = [_finding(verdict) for verdict in ("pass", "warn", "n/a", "fail", "pass")]
    section = diagnosis_section(replace(material, diagnosis={"findings": findings}))
    assert "looked for: 4; found: 1; doubtful: 1" in section.note[0]
    bad, good = section.parts
    assert isinstance(bad, Table) and isinstance(good, Table)
    assert [row.title for row in bad.rows] == ["fail?", "warn?"]
    assert bad.rows[0].cells[3].text == "train longer" and len(good.columns) == 3
    assert [row.title for row in good.rows] == ["pass?", "pass?", "n/a?"]
    assert good.foldable and not good.shown
