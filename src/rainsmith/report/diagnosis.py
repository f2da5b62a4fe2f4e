"""The section that says why a model fails: rows of diagnosis.json in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rainsmith.report.words import number

ORDER = ("fail", "warn", "pass", "n/a")
WORDS = {"fail": "failed", "warn": "doubtful", "pass": "in order", "n/a": "not measured"}


@dataclass(frozen=True)
class Row:
    """One finding.

    Attributes:
        question: that was asked.
        verdict: fail, warn, pass or n/a.
        word: the verdict in words.
        figure: the figure that decides, with its name.
        healthy: where it would be in order, and where that bound comes from.
        advice: what to change, or "".
    """

    question: str
    verdict: str
    word: str
    figure: str
    healthy: str
    advice: str


def diagnosis_rows(diagnosis: Mapping[str, Any]) -> list[Row]:
    """All findings, failures first; none without a diagnosis."""
    found = sorted(diagnosis.get("findings", []), key=lambda finding: ORDER.index(finding["verdict"]))
    return [_row(finding) for finding in found]


def diagnosis_sentence(diagnosis: Mapping[str, Any]) -> str:
    """How many questions were asked, and how many have a bad answer."""
    count = diagnosis.get("count", {})
    asked = sum(count.get(verdict, 0) for verdict in ("fail", "warn", "pass"))
    bad, doubtful = count.get("fail", 0), count.get("warn", 0)
    return f"Of {asked} known failures, {bad} {'was' if bad == 1 else 'were'} found and {doubtful} may be there."


def _row(finding: Mapping[str, Any]) -> Row:
    verdict = str(finding["verdict"])
    decisive = next((figure for figure in finding["figures"] if figure["verdict"] == verdict), None)
    figure, healthy = "", ""
    if decisive is not None and verdict != "n/a":
        value = decisive["value"]
        figure = f"{decisive['name']}: {'not finite' if value is None else number(value)}"
        healthy = f"{_range(*decisive['warn'])}; from {decisive['origin']}"
    return Row(finding["question"], verdict, WORDS[verdict], figure, healthy, finding["advice"])


def _range(lower: float | None, upper: float | None) -> str:
    if lower is None:
        return "no bound" if upper is None else f"at most {number(upper)}"
    return f"at least {number(lower)}" if upper is None else f"{number(lower)} to {number(upper)}"
