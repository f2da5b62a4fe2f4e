"""Evidence that is made up of a few parts, for diagnoses that look at these only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from rainsmith.config import parse
from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.finding import Finding
from rainsmith.diagnose.registry import DIAGNOSES


def evidence_of(**parts: Any) -> Evidence:
    """Evidence that has the parts given and nothing else: a diagnosis that looks at another part stops the test."""
    return cast(
        Evidence, SimpleNamespace(**{"split": "test", "has_posterior": True, "settled_config": parse({}), **parts})
    )


def ask(name: str, evidence: Evidence) -> Finding:
    """The finding of one diagnosis."""
    return DIAGNOSES[name].finding(evidence)


def verdicts(names: tuple[str, ...], evidence: Evidence) -> dict[str, str]:
    """Verdicts of some diagnoses by their names."""
    return {name: ask(name, evidence).verdict for name in names}
