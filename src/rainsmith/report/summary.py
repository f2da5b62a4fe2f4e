"""The opening of the report in plain words: what was judged, what is right, what is not, how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from rainsmith.criteria import Criterion
from rainsmith.report.gather import Material
from rainsmith.report.tables import CRITERION_WORDS, day_counts, promise
from rainsmith.report.words import MODEL_WORDS, listing, number

PASSED = ("minimum", "good", "excellent")


@dataclass(frozen=True)
class Summary:
    """The opening.

    Attributes:
        headline: the answer in one sentence.
        right: what the model gets right, as a list of names.
        wrong: one sentence for each criterion that is missed.
        beside: sentences on the baselines.
        caution: sentences on what the figures do not say.
    """

    headline: str
    right: str
    wrong: list[str]
    beside: list[str]
    caution: list[str]


def summarise(
    material: Material, verdict: Sequence[Criterion], of_baselines: Mapping[str, Sequence[Criterion]]
) -> Summary:
    """The opening of a report from the verdict list of the model and of its baselines."""
    judged = [c for c in verdict if c.grade != "n/a"]
    caution = _cautions(material)
    if not judged:
        return Summary("The members have not been scored yet, so nothing can be said about them.", "", [], [], caution)
    passed = [c for c in judged if c.grade in PASSED]
    strong = [c for c in judged if c.grade in ("good", "excellent")]
    n_days = day_counts(material.metrics).get("heavy_x", 0)
    headline = (
        f"On the {n_days} {material.split} days {promise(material)}, the model's prior members meet "
        f"{len(passed)} of {len(judged)} checks, {len(strong)} of them with the grade good or better."
    )
    right = listing([_inside_a_sentence(CRITERION_WORDS.get(c.name, c.name)) for c in passed])
    wrong = [sentence(c) for c in judged if c.grade == "fail"]
    beside = [*_beside(of_baselines, len(passed)), *_accuracy(material)]
    return Summary(headline, right, wrong, beside, caution)


def sentence(criterion: Criterion) -> str:
    """One missed criterion in words, with its figures."""
    value, observed, ratio = criterion.value, criterion.observed, criterion.ratio
    subject = {
        "max_daily": "The wettest cell of a day",
        "mean": "The mean rain",
        "p99": "The 99th percentile of rain",
    }.get(criterion.name)
    if subject and math.isfinite(ratio):
        way = "high" if ratio > 1 else "low"
        return (
            f"{subject} is {_share(abs(ratio - 1))} too {way}: "
            f"{number(value)} mm/day, observed {number(observed)} mm/day."
        )
    if criterion.name == "wet fraction":
        return f"It rains on {_share(value)} of the cells, observed on {_share(observed)}."
    if criterion.name == "mass":
        return f"The total rain is {_share(abs(value))} too {'high' if value > 0 else 'low'}."
    if criterion.name == "spread_skill":
        way = "less than their errors ask for" if value < 1 else "more than their errors ask for"
        return f"The members differ {way}: spread over error is {number(value)} and should be 1."
    if criterion.name == "diversity_ratio":
        if value < 1:
            return f"The members look more alike than they look like the observed day ({number(value)}, should be 1)."
        return f"The members differ from each other more than from the observed day ({number(value)}, should be 1)."
    if criterion.name == "ks":
        return (
            f"The amounts are distributed differently: the share of cells below some amount is off by {_share(value)}."
        )
    if criterion.name == "ralsd":
        return f"The texture is off: the power at a given scale is wrong by a factor of {10**value:.1f} on average."
    if criterion.name == "crps":
        weakest = criterion.bounds.removeprefix("below ").partition(" (")[0]
        rival = MODEL_WORDS.get(weakest, weakest)
        return f"The ensemble is less accurate than the {rival}: its error (CRPS) is {number(value)} mm/day."
    if criterion.name in ("max", "p999"):
        what = "The largest observed value" if criterion.name == "max" else "The observed 99.9th percentile"
        return f"{what}, {number(observed)} mm/day, lies outside the range of the members."
    return f"{CRITERION_WORDS.get(criterion.name, criterion.name)}: {number(value)}, asked for is {criterion.bounds}."


def _inside_a_sentence(title: str) -> str:
    return title[:1].lower() + title[1:]


def _share(value: float) -> str:
    percent = 100 * value
    return f"{percent:.{0 if abs(percent) >= 9.5 else 1}f}\N{NO-BREAK SPACE}%"


def _beside(of_baselines: Mapping[str, Sequence[Criterion]], own: int) -> list[str]:
    counts = {name: sum(c.grade in PASSED for c in found) for name, found in of_baselines.items()}
    if not counts:
        return []
    most = max(counts.values())
    best = [MODEL_WORDS.get(name, name) for name, count in counts.items() if count == most]
    relation = "more than" if most > own else "as many as" if most == own else "fewer than"
    if len(best) == 1:
        return [f"The best simple method on the same list, {best[0]}, meets {most}: {relation} the model."]
    return [f"The best simple methods on the same list, {listing(best)}, each meet {most}: {relation} the model."]


def _accuracy(material: Material) -> list[str]:
    """Whether the model beats the strongest baseline in CRPS by more than chance, on all days."""
    table = material.comparisons
    if table.empty:
        return []
    own = f"{material.model}-prior"
    chosen = table[(table["metric"] == "crps") & (table["days"] == "all") & (table["a"] == own)]
    chosen = chosen[chosen["b"].isin(material.baselines)]
    if "split" in chosen:
        chosen = chosen[chosen["split"] == material.split]
    if chosen.empty:
        return []
    hardest = chosen.loc[pd.to_numeric(chosen["difference"]).idxmax()]
    rival, difference = MODEL_WORDS.get(str(hardest["b"]), str(hardest["b"])), float(hardest["difference"])
    size = f"{number(abs(difference))} mm/day of CRPS"
    if hardest["lower"] > 0:
        return [f"Over all days it loses to {rival} by {size}, which is more than chance."]
    if hardest["upper"] < 0:
        return [f"Over all days it beats every simple method; the closest, {rival}, by {size}, more than chance."]
    return [f"Over all days its accuracy cannot be told apart from that of {rival}: {size}, inside the noise."]


def _cautions(material: Material) -> list[str]:
    texts = []
    if int(material.store.attrs.get("coarsen", 0) or 0) > 0:
        texts.append(
            "The coarse input is the block mean of the observed rain itself. This measures super-resolution with a "
            "perfect input, not downscaling of a climate model or a reanalysis."
        )
    if material.store.attrs.get("kind") == "demo":
        texts.append("The data are made by a program to try the software out; they are not observations.")
    if "posterior" in material.samples:
        texts.append(
            "Posterior members have seen the observed rain and vary it. They prove nothing about days without an "
            "observation; every judgement here rests on prior members."
        )
    return texts
