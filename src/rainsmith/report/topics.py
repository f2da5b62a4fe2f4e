"""Which plate of the page a criterion belongs to, and what each plate asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rainsmith.evaluate.criteria import Criterion
from rainsmith.evaluate.grading import Grade
from rainsmith.report.criteria import title_of
from rainsmith.report.words import inside_sentence

MET: tuple[Grade, ...] = ("minimum", "good", "excellent")
"""Grades of a criterion that is met."""


@dataclass(frozen=True)
class Topic:
    """One plate.

    Attributes:
        anchor: the id by which links find it.
        title: its heading.
        question: what it answers, in plain words.
        metrics: metrics of the verdict list whose criteria it answers, beside those of the tail for the tail.
    """

    anchor: str
    title: str
    question: str
    metrics: Sequence[str] = ()


MAPS = Topic("maps", "Maps", "Do single days look like days of rain?")
TAIL = Topic("tail", "Tail", "Do the heaviest amounts come as often as observed?", ("max_daily", "p99"))
RELIABILITY = Topic(
    "reliability",
    "Reliability",
    "Can the members be taken as equally likely, and shares of members as probabilities?",
    ("spread_skill", "diversity_ratio", "crps"),
)
SPECTRUM = Topic("spectrum", "Spectrum", "Are the fields as rough as observed, at every length?", ("ralsd",))
CLIMATE = Topic("climate", "Climate", "Do all days together have the climate that was observed?")
TOPICS = (MAPS, TAIL, RELIABILITY, SPECTRUM, CLIMATE)
"""The five plates, in their order on the page. What no other plate answers belongs to the climate."""


def topic_of(criterion: Criterion) -> Topic:
    """The plate that shows what a criterion judges."""
    if criterion.rule.of_tail:
        return TAIL
    return next((topic for topic in TOPICS if criterion.rule.metric in topic.metrics), CLIMATE)


@dataclass(frozen=True)
class Tally:
    """How many criteria of a plate are met.

    Attributes:
        topic: the plate.
        met: criteria with at least the lowest grade.
        judged: criteria with a grade.
        missed: the titles of the others.
    """

    topic: Topic
    met: int
    judged: int
    missed: Sequence[str]

    @property
    def words(self) -> str:
        """How many are met, and which are not; "" where nothing was judged."""
        if not self.judged:
            return ""
        rest = f" Missed: {'; '.join(map(inside_sentence, self.missed))}." if self.missed else ""
        return f"{self.met} of {self.judged} checks met.{rest}"


def tally(verdict: Sequence[Criterion], topic: Topic) -> Tally:
    """Count the criteria of a plate."""
    lines = [line for line in verdict if topic_of(line) is topic and line.grade != "n/a"]
    met = [line for line in lines if line.grade in MET]
    return Tally(topic, len(met), len(lines), [title_of(line) for line in lines if line not in met])
