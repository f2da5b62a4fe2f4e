"""Criteria by plate: each belongs to one, and the counts are those of the list."""

from __future__ import annotations

from rainsmith.evaluate import criteria
from rainsmith.report.criteria import title_of
from rainsmith.report.gather import Material
from rainsmith.report.topics import CLIMATE, RELIABILITY, SPECTRUM, TAIL, TOPICS, tally, topic_of


def test_every_criterion_belongs_to_the_plate_that_shows_it(material: Material) -> None:
    topics = {line.name: topic_of(line) for line in criteria.verdict(material.metrics, "flat", "test")}
    assert {topics[name] for name in ("max_daily", "p99", "p999 all days", "largest of record")} == {TAIL}
    assert {topics[name] for name in ("crps", "spread_skill", "diversity_ratio")} == {RELIABILITY}
    assert topics["ralsd"] is SPECTRUM
    assert {topics[name] for name in ("mean", "wet fraction", "mass", "ks")} == {CLIMATE}


def test_plates_together_hold_the_whole_verdict(material: Material) -> None:
    verdict = criteria.verdict(material.metrics, "flat", "test")
    count = criteria.count(verdict)
    tallies = [tally(verdict, topic) for topic in TOPICS]
    assert sum(one.judged for one in tallies) == len(verdict) - count["n/a"]
    assert sum(one.met for one in tallies) == len(verdict) - count["n/a"] - count["fail"]
    missed = [title for one in tallies for title in one.missed]
    assert sorted(missed) == sorted(title_of(line) for line in verdict if line.grade == "fail")


def test_a_plate_without_criteria_says_nothing(material: Material) -> None:
    assert tally(criteria.verdict(material.metrics, "flat", "test"), TOPICS[0]).words == ""
