"""The section that says why a model fails: the findings of diagnosis.json, the bad ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Row, Section, Table
from rainsmith.report.words import listing, number

ANSWERS = {"fail": "failed", "warn": "doubtful", "pass": "in order", "n/a": "not measured"}
"""Verdicts in words, the worst first."""


def diagnosis_section(material: Material) -> Section:
    """How many failures were found, a table of them with advice, and a table of what is in order."""
    findings = sorted(material.diagnosis.get("findings", []), key=lambda one: list(ANSWERS).index(one["verdict"]))
    if not findings:
        return Section("diagnosis", "Diagnosis", missing="No diagnosis yet: 'rainsmith diagnose' makes it.")
    failed, doubtful, passed, _ = (sum(finding["verdict"] == verdict for finding in findings) for verdict in ANSWERS)
    note = (
        f"Known failures that were looked for: {failed + doubtful + passed}; found: {failed}; doubtful: {doubtful}. "
        "Figures of the members are held against how far two samples of the observed years are apart by chance; bounds "
        "inside the model lie between healthy and spoilt runs of an artificial climate."
    )
    bad = [finding for finding in findings if finding["verdict"] in ("fail", "warn")]
    good = [finding for finding in findings if finding not in bad]
    parts = [finding_table("What is not in order", bad)] if bad else []
    if good:
        title = "What is in order, and what could not be measured"
        parts.append(finding_table(title, good, foldable=True))
    worst = [finding["name"] for finding in findings if finding["verdict"] == "fail"]
    named = f": {listing(worst)}" if worst else ""
    answer = f"{failed} of {failed + doubtful + passed} known failures found{named}; {doubtful} doubtful."
    return Section("diagnosis", "Diagnosis", [note], parts, answer=answer)


def finding_table(title: str, findings: Sequence[Mapping[str, Any]], *, foldable: bool = False) -> Table:
    """Findings as rows: the answer, the figure that decides, where it would be in order, and the advice if any."""
    heads = ["Answer", "Measured", "In order"] + ["What to do"] * any(finding["advice"] for finding in findings)
    rows = []
    for finding in findings:
        cells = [Cell(ANSWERS[finding["verdict"]], mark="worse" if finding["verdict"] == "fail" else "")]
        cells += [*measured(finding), Cell(finding["advice"])]
        rows.append(Row(finding["question"], cells[: len(heads)]))
    columns = [Column(head, kind="text") for head in heads]
    return Table(title, "Question", columns, rows, foldable=foldable, shown=not foldable, stacked=True)


def in_words(name: str) -> str:
    """The name of a figure with the words of the page for its days."""
    return name.replace("heavy_x days", "days heavy by the input").replace("heavy_x", "days heavy by the input")


def measured(finding: Mapping[str, Any], digits: int = 4) -> tuple[Cell, Cell]:
    """The figure that decides, and the range in which it would be in order.

    Args:
        finding: of diagnosis.json.
        digits: that tell a figure from a bound which it would otherwise be printed as; with 3 it is said in words.
    """
    verdict = finding["verdict"]
    figure = next((figure for figure in finding["figures"] if figure["verdict"] == verdict), None)
    if figure is None or verdict == "n/a":
        return Cell(), Cell()
    value, (lower, upper) = figure["value"], figure["warn"]
    # a figure outside of its bounds is not printed as if it lay on one
    is_near = verdict != "pass" and number(value) in (number(lower), number(upper)) and value is not None

    def text(of: float) -> str:
        return f"{of:.{digits}g}" if is_near and digits > 3 else number(of)

    said = ", just outside" if is_near and digits <= 3 else ""
    if lower is None:
        healthy = "no bound" if upper is None else f"at most {text(upper)}"
    else:
        healthy = f"at least {text(lower)}" if upper is None else f"{text(lower)} to {text(upper)}"
    return (
        Cell("not finite" if value is None else text(value) + said, in_words(figure["name"])),
        Cell(healthy, f"from {figure['origin']}"),
    )
