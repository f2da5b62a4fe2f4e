"""What a diagnosis gives: figures with the range that is healthy, and a finding with a verdict and advice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["pass", "warn", "fail", "n/a"]
Part = Literal["data", "training", "latents", "members"]
"""What a failure is one of, the causes first."""
VERDICTS: tuple[Verdict, ...] = ("fail", "warn", "pass", "n/a")
"""All verdicts, the worst first."""
FROM_RUNS_OF_THE_DEMO = "healthy and spoilt runs of an artificial climate (docs/thresholds.md)"
"""Origin of the bounds on what happens inside a model."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; n/a where there is none."""
    return min(verdicts, key=VERDICTS.index, default="n/a")


def ratio(value: float, reference: float) -> float:
    """``value / reference``; nan where the reference is 0, as the spread of days that are all alike."""
    return value / reference if reference != 0 else math.nan


@dataclass(frozen=True)
class Range:
    """Where a figure is healthy, and where it has failed; between the two it is warned about.

    Attributes:
        warn: (lowest, highest) healthy value; -inf or inf where one side does not matter.
        fail: (lowest, highest) value that has not failed.
        origin: where the bounds come from, in words.
    """

    warn: tuple[float, float]
    fail: tuple[float, float]
    origin: str

    def verdict(self, value: float) -> Verdict:
        """Verdict on a value; n/a where it or every bound is undefined."""
        if math.isnan(value) or any(math.isnan(bound) for bound in (*self.warn, *self.fail)):
            return "n/a"
        if not self.fail[0] <= value <= self.fail[1]:
            return "fail"
        return "pass" if self.warn[0] <= value <= self.warn[1] else "warn"


def at_least(warn: float, fail: float, origin: str) -> Range:
    """Healthy from ``warn`` on, failed below ``fail``."""
    return Range((warn, math.inf), (fail, math.inf), origin)


def at_most(warn: float, fail: float, origin: str) -> Range:
    """Healthy up to ``warn``, failed above ``fail``."""
    return Range((-math.inf, warn), (-math.inf, fail), origin)


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        name: what it is, in a few words, with its unit.
        value: measured; nan where it could not be.
        healthy: its range.
        interval: 90 % interval of the value over samples of days, where the range does not allow for chance: then the
            figure fails only if the whole interval does. None: the value alone is judged.
    """

    name: str
    value: float
    healthy: Range
    interval: tuple[float, float] | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict on the value, or the best one over its interval."""
        if self.interval is None or math.isnan(self.value):
            return self.healthy.verdict(self.value)
        known = [value for value in (self.value, *self.interval) if not math.isnan(value)]
        return max((self.healthy.verdict(value) for value in known), key=VERDICTS.index)  # the best of them


@dataclass(frozen=True)
class Finding:
    """The answer to one question about a run.

    Attributes:
        name: of the failure, as ``diagnosis.json`` and ``docs/failure-modes.md`` call it.
        question: what was asked.
        figures: what was measured; the worst decides.
        advice: what to change where the verdict is not pass.
        note: what a reader should know about the measurement, or "".
        part: of what it is a failure: data, training, latents or members.
        change: the key to change with its new value, where one is known and the verdict is not pass.
    """

    name: str
    question: str
    figures: Sequence[Figure]
    advice: str
    note: str = ""
    part: Part = "members"
    change: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the figures; n/a where none could be measured."""
        return worst(figure.verdict for figure in self.figures)

    @property
    def decisive(self) -> Figure | None:
        """The figure that decides: the first of the worst."""
        return next((figure for figure in self.figures if figure.verdict == self.verdict), None)

    def to_json(self) -> dict[str, Any]:
        """The finding as ``diagnosis.json`` keeps it; a bound that is open is null."""
        decisive = self.decisive
        return {
            "name": self.name,
            "question": self.question,
            "verdict": self.verdict,
            "number": None if decisive is None else _finite(decisive.value),
            "threshold": None if decisive is None else _bounds(decisive.healthy),
            "origin": None if decisive is None else decisive.healthy.origin,
            "advice": self.advice if self.verdict in ("warn", "fail") else "",
            "note": self.note,
            "part": self.part,
            "change": dict(self.change),
            "figures": [
                {
                    "name": figure.name,
                    "value": _finite(figure.value),
                    "verdict": figure.verdict,
                    **_bounds(figure.healthy),
                    "origin": figure.healthy.origin,
                    "interval": None if figure.interval is None else [_finite(bound) for bound in figure.interval],
                }
                for figure in self.figures
            ],
        }


def _bounds(healthy: Range) -> dict[str, list[float | None]]:
    return {key: [_finite(bound) for bound in bounds] for key, bounds in asdict(healthy).items() if key != "origin"}


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
