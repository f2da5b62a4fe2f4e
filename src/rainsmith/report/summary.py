"""The opening of the report in plain words: what was judged, what is right, what is not, how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from rainsmith.evaluate import criteria
from rainsmith.evaluate.criteria import Criterion
from rainsmith.report.checklist import CRITERION_WORDS
from rainsmith.report.gather import Material
from rainsmith.report.tables import block_mean, day_counts, promise
from rainsmith.report.words import MODEL_WORDS, listing, number

PASSED = ("minimum", "good", "excellent")
LITTLE = (0.8, 1.25)
"""A factor between these is not worth a sentence."""


@dataclass(frozen=True)
class Summary:
    """The opening.

    Attributes:
        headline: the answer in one sentence.
        right: what the model gets right (good or excellent), as a list of names.
        barely: what it gets right with the lowest grade only, as a list of names.
        easy: how much of that bilinear interpolation gets right too, in a sentence, or nothing.
        wrong: one sentence for each criterion that is missed.
        unseen: sentences on what is wrong beside the criteria.
        beside: sentences on the baselines.
        caution: sentences on what the figures do not say.
    """

    headline: str
    right: str
    barely: str
    easy: str
    wrong: list[str]
    unseen: list[str]
    beside: list[str]
    caution: list[str]


def summarise(
    material: Material, verdict: Sequence[Criterion], of_baselines: Mapping[str, Sequence[Criterion]]
) -> Summary:
    """The opening of a report from the verdict list of the model and of its baselines."""
    judged = [c for c in verdict if c.grade != "n/a"]
    caution = _cautions(material)
    if not judged:
        unknown = "The members have not been scored yet, so nothing can be said about them."
        return Summary(unknown, "", "", "", [], [], [], caution)
    passed = [c for c in judged if c.grade in PASSED]
    strong = [c for c in judged if c.grade in ("good", "excellent")]
    counts = day_counts(material.metrics)
    of_all = f" of {counts['all']}" if counts.get("all") else ""
    headline = (
        f"On the {counts.get('heavy_x', 0)}{of_all} {material.split} days {promise(material)}, "
        "the model's prior members meet "
        f"{len(passed)} of {len(judged)} checks, {len(strong)} of them with the grade good or better."
    )
    hardest = _hardest(material)
    if hardest is not None and hardest["lower"] > 0:
        headline += (
            f" Over all days a simple method is nearer to what fell: {_called(hardest['b'])}. Prefer it to this model."
        )
    easy = sum(c.passed_by_bilinear for c in passed)
    return Summary(
        headline=headline,
        right=_named(strong),
        barely=_named([c for c in passed if c.grade == "minimum"]),
        easy=f"Plain bilinear interpolation meets {easy} of these {len(passed)} too: they tell little." if easy else "",
        wrong=[sentence(c) for c in judged if c.grade == "fail"],
        unseen=unseen(material, verdict),
        beside=[*_beside(of_baselines, len(passed)), *_accuracy(material)],
        caution=caution,
    )


def _named(found: Sequence[Criterion]) -> str:
    return listing([_inside_a_sentence(CRITERION_WORDS.get(c.name, c.name)) for c in found])


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
        weakest = criterion.against[0]
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


def _hardest(material: Material) -> pd.Series | None:
    """The comparison with the baseline of the lowest CRPS on all days; None where there is none."""
    table = material.comparisons
    if table.empty:
        return None
    own = f"{material.model}-prior"
    chosen = table[(table["metric"] == "crps") & (table["days"] == "all") & (table["a"] == own)]
    chosen = chosen[chosen["b"].isin(material.baselines)]
    if "split" in chosen:
        chosen = chosen[chosen["split"] == material.split]
    return None if chosen.empty else chosen.loc[pd.to_numeric(chosen["difference"]).idxmax()]


def _called(baseline: object) -> str:
    return MODEL_WORDS.get(str(baseline), str(baseline))


def _accuracy(material: Material) -> list[str]:
    """Whether the model beats the strongest baseline in CRPS by more than chance, on all days."""
    hardest = _hardest(material)
    if hardest is None:
        return []
    rival, difference = _called(hardest["b"]), float(hardest["difference"])
    size = f"{number(abs(difference))} mm/day of CRPS"
    if hardest["lower"] > 0:
        return [f"Over all days it loses to {rival} by {size}, which is more than chance."]
    if hardest["upper"] < 0:
        return [f"Over all days it beats every simple method; the closest, {rival}, by {size}, more than chance."]
    return [f"Over all days its accuracy cannot be told apart from that of {rival}: {size}, inside the noise."]


def unseen(material: Material, verdict: Sequence[Criterion]) -> list[str]:
    """What is wrong beside the criteria: on all days, in too many or few events, in the reach of the members."""
    return [*_on_all_days(material, verdict), *_events(material), *_outside(material), *_posterior(material)]


def _on_all_days(material: Material, verdict: Sequence[Criterion]) -> list[str]:
    """Criteria of the list that are met on the days that it judges but not over all days."""
    every_day = material.metrics[material.metrics["days"] == "all"].assign(days="heavy_x")
    met = {c.name for c in verdict if c.grade in PASSED}
    missed = [c for c in criteria.verdict(every_day, material.model, material.split) if c.grade == "fail"]
    return [f"Over all days: {_inside_a_sentence(sentence(c))}" for c in missed if c.name in met]


def _events(material: Material) -> list[str]:
    """Thresholds that the prior members reach clearly too often or too seldom."""
    table = material.metrics
    chosen = table[
        (table["metric"] == "frequency_bias") & (table["days"] == "heavy_x") & (table["forecast"] == "prior")
    ]
    texts = []
    for _, row in chosen.iterrows():
        value, low, high, threshold = (float(row[key]) for key in ("value", "lower", "upper", "threshold"))
        if (low > 1 or high < 1) and not LITTLE[0] <= value <= LITTLE[1]:
            texts.append(
                f"Amounts of {threshold:g} mm/day or more come {number(value)} times as often as observed "
                f"({number(low)} to {number(high)} times)."
            )
    return texts


def _outside(material: Material) -> list[str]:
    """How often the observation lies outside of all prior members, where that is much too often."""
    curves = material.curves.get("prior")
    if curves is None or "rank_count" not in curves or "heavy_x" not in curves["days"].values:
        return []
    counts = curves["rank_count"].sel(days="heavy_x").dropna("rank").values
    if counts.size < 3 or not counts.sum() > 0:
        return []
    outside, right = float((counts[0] + counts[-1]) / counts.sum()), 2 / counts.size
    if outside <= LITTLE[1] * right:
        return []
    return [
        f"The observed amount of a cell lies outside the range of all {counts.size - 1} members in {_share(outside)} "
        f"of the cases, where {_share(right)} would be right: the ensemble is too sure of itself."
    ]


def _posterior(material: Material) -> list[str]:
    """Whether members that have seen the observation gain nothing from it."""
    table = material.metrics
    chosen = table[(table["metric"] == "crps") & (table["days"] == "heavy_x")].set_index("forecast")["value"]
    if not {"prior", "posterior"} <= set(chosen.index):
        return []
    seen, blind = float(chosen["posterior"]), float(chosen["prior"])
    if seen < blind:
        return []
    return [
        "Posterior members, which have seen the observed rain, are no more accurate as an ensemble: on the "
        f"days heavy by the input their CRPS is {number(seen)} mm/day, that of prior members {number(blind)}."
    ]


def _cautions(material: Material) -> list[str]:
    texts = []
    if block_mean(material):
        texts.append(
            "The coarse input is the block mean of the observed rain itself. This measures super-resolution with a "
            "perfect input, not downscaling of a climate model or a reanalysis."
        )
    if any("lag+" in str(name) for name in material.store["channel"].values):
        texts.append("The input holds the day after as well, which a forecast of the day would not have.")
    if material.store.attrs.get("kind") == "demo":
        texts.append("The data are made by a program to try the software out; they are not observations.")
    if "posterior" in material.samples:
        texts.append(
            "Posterior members have seen the observed rain and vary it. They prove nothing about days without an "
            "observation; every judgement here rests on prior members."
        )
    return texts
