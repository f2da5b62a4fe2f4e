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
        value, (lower, upper) = decisive["value"], decisive["warn"]
        # a figure outside of its bounds is not printed as if it lay on one
        near = (
            value is not None
            and verdict != "pass"
            and any(b is not None and number(value) == number(b) for b in (lower, upper))
        )
        figure = f"{_in_words(decisive['name'])}: {'not finite' if value is None else _number(value, near)}"
        healthy = f"{_range(lower, upper, near)}; from {decisive['origin']}"
    return Row(finding["question"], verdict, WORDS[verdict], figure, healthy, finding["advice"])


def _in_words(name: str) -> str:
    return name.replace("heavy_x days", "days heavy by the input")


def _number(value: float, fine: bool) -> str:
    return f"{value:.4g}" if fine else number(value)


def _range(lower: float | None, upper: float | None, fine: bool) -> str:
    if lower is None:
        return "no bound" if upper is None else f"at most {_number(upper, fine)}"
    return f"at least {_number(lower, fine)}" if upper is None else f"{_number(lower, fine)} to {_number(upper, fine)}"
