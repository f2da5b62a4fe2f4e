"""What the command ``diagnose`` gives: the findings of all diagnoses about one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainsmith.diagnose.finding import VERDICTS, Finding


@dataclass(frozen=True)
class DiagnosisResult:
    """The findings about one model.

    Attributes:
        findings: one a diagnosis, in the order of the diagnoses.
        about: model, checkpoint, epoch, split, provenance.
        path: the file that holds all this, diagnosis.json.
    """

    findings: Sequence[Finding]
    about: dict[str, Any]
    path: Path

    def count(self) -> dict[str, int]:
        """Number of findings of each verdict."""
        verdicts = [finding.verdict for finding in self.findings]
        return {verdict: verdicts.count(verdict) for verdict in VERDICTS}

    def line(self) -> str:
        """How many findings have each verdict, and which are not in order: ``1 fail (blur), 0 warn, ...``."""
        parts = []
        for verdict, number in self.count().items():
            names = [one.name for one in self.findings if one.verdict == verdict and verdict in ("fail", "warn")]
            parts.append(f"{number} {verdict}" + (f" ({', '.join(names)})" if names else ""))
        return ", ".join(parts)

    def text(self) -> str:
        """The verdicts in lines, failures first, with advice under those that are not pass."""
        lines = []
        for finding in sorted(self.findings, key=lambda finding: VERDICTS.index(finding.verdict)):
            figure = finding.decisive
            number = "" if figure is None or finding.verdict == "n/a" else f": {figure.name} is {figure.value:.3g}"
            lines.append(f"{finding.verdict:4s}  {finding.name}{number}")
            if finding.verdict in ("warn", "fail"):
                lines.append(f"      {finding.advice}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The result as ``diagnosis.json`` keeps it."""
        return {**self.about, "count": self.count(), "findings": [finding.to_json() for finding in self.findings]}
