"""What a diagnosis is: one record a known failure, with the question, the measurement and the advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rainsmith.base.registry import Registry
from rainsmith.config.change import Change, first_change
from rainsmith.diagnose.finding import Figure, Finding, Part
from rainsmith.metrics.registry import Metric

if TYPE_CHECKING:
    from rainsmith.diagnose.evidence import Evidence


@dataclass(frozen=True)
class Need:
    """Something that a diagnosis cannot do without, and that a model or a run may lack.

    Attributes:
        lacking: what to say where it is missing, such as "the model has no posterior".
        is_met: whether the evidence has it.
    """

    lacking: str
    is_met: Callable[[Evidence], bool]


POSTERIOR = Need("the model has no posterior of an observed day", lambda evidence: evidence.has_posterior)
"""A posterior, and with it a KL divergence: a model without an encoder of the observed day has neither."""


@dataclass(frozen=True)
class Measurement:
    """What a diagnosis measured.

    Attributes:
        figures: the numbers, each with its healthy range; the worst decides.
        note: what a reader should know about the measurement, or "".
        words: what the places ``{name}`` of the question and of the advice are filled with.
        advice: what to change in this case, in place of all other advice; "" leaves it to that.
        changes: the same as keys with values, in place of all others; empty leaves it to those.
    """

    figures: Sequence[Figure]
    note: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """One known failure of a generative rain model.

    Attributes:
        name: of the failure, as ``diagnosis.json`` and ``docs/failure-modes.md`` call it.
        order: its place among the diagnoses.
        question: what is asked.
        advice: what to change where the verdict is not pass, of whatever model. The record of a model may have
            advice of its own, which names keys of that model.
        measure: measures the figures of the evidence.
        needs: without these there is no verdict, only "n/a".
        natural_variability_of: the metrics that ``measure`` holds against the natural variability of the observations.
        measured: what is measured, a phrase of Markdown for docs/failure-modes.md.
        threshold_from: where its bounds come from, another such phrase.
        part: of what it is a failure. The report puts causes before what follows from them: the data, the training, the
            latents, the members.
        changes: keys to change where the verdict is not pass, the best first. The first that changes anything in the
            configuration of a run is what the report advises. The record of a model may have changes of its own.
    """

    name: str
    order: int
    question: str
    advice: str
    measure: Callable[[Evidence], Measurement]
    needs: tuple[Need, ...] = ()
    natural_variability_of: tuple[Metric, ...] = ()
    measured: str = ""
    threshold_from: str = ""
    part: Part = "members"
    changes: tuple[Change, ...] = ()

    def finding(self, evidence: Evidence, own_advice: str = "", own_changes: tuple[Change, ...] = ()) -> Finding:
        """Ask the question of the evidence.

        Args:
            evidence: of one run.
            own_advice: what the kind of model advises in place of the general advice, or "".
            own_changes: the same as keys with values.
        """
        lacking = [need.lacking for need in self.needs if not need.is_met(evidence)]
        measured = Measurement([], note="; ".join(lacking)) if lacking else self.measure(evidence)
        words = {"split": evidence.split, **measured.words}
        advice = "" if lacking else (measured.advice or own_advice or self.advice).format_map(words)
        question = self.question.format_map(words)
        finding = Finding(self.name, question, measured.figures, advice, measured.note, part=self.part)
        if finding.verdict not in ("warn", "fail"):
            return finding
        changes = measured.changes or (*own_changes, *self.changes)
        return replace(finding, change=first_change(changes, evidence.settled_config))


DIAGNOSES: Registry[Diagnosis] = Registry("diagnosis", "rainsmith.diagnose.failures")
"""All diagnoses, in the order of ``diagnosis.json``."""


def metrics_of_natural_variability() -> list[Metric]:
    """The metrics that any diagnosis holds against the natural variability of the observations."""
    return list(dict.fromkeys(metric for diagnosis in DIAGNOSES for metric in diagnosis.natural_variability_of))
