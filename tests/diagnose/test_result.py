"""The findings about one model: their count, their order in the text, and the file."""

from __future__ import annotations

from pathlib import Path

from rainsmith.diagnose.finding import Figure, Finding, at_most
from rainsmith.diagnose.result import DiagnosisResult

HEALTHY = at_most(1.0, 2.0, "made up")


def finding(name: str, value: float) -> Finding:
    return Finding(name, "Is it?", [Figure("size", value, HEALTHY)], f"Mend {name}.")


RESULT = DiagnosisResult(
    [finding("well", 0.5), finding("unknown", float("nan")), finding("bad", 3.0), finding("doubtful", 1.5)],
    {"model": "made up"},
    Path("diagnosis.json"),
)


def test_verdicts_are_counted() -> None:
    assert RESULT.count() == {"fail": 1, "warn": 1, "pass": 1, "n/a": 1}
    assert RESULT.line() == "1 fail (bad), 1 warn (doubtful), 1 pass, 1 n/a"


def test_failures_come_first_and_only_what_is_not_in_order_has_advice() -> None:
    assert RESULT.text().splitlines() == [
        "fail  bad: size is 3",
        "      Mend bad.",
        "warn  doubtful: size is 1.5",
        "      Mend doubtful.",
        "pass  well: size is 0.5",
        "n/a   unknown",
    ]


def test_the_file_keeps_the_order_of_the_diagnoses() -> None:
    kept = RESULT.to_json()
    assert list(kept) == ["model", "count", "findings"]
    assert [finding["name"] for finding in kept["findings"]] == ["well", "unknown", "bad", "doubtful"]
