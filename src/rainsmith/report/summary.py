"""The opening of the report: what was judged, what is not right, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.seasons import first_month, season_year
from rainsmith.evaluate import criteria
from rainsmith.evaluate.criteria import Criterion
from rainsmith.evaluate.grading import RANGE_TOLERANCE
from rainsmith.evaluate.tail import BY_CHANCE, EVENT_CELLS
from rainsmith.report.criteria import Judged, metric_of, title_of, why_not_judged
from rainsmith.report.forecasts import forecast_named
from rainsmith.report.gather import Material
from rainsmith.report.scores import left_out
from rainsmith.report.words import inside_sentence, interval, listing, number, quantity

PASSED = ("minimum", "good", "excellent")
LITTLE = (0.8, 1.25)
"""A factor between these is not worth a sentence."""
FEW_YEARS = 2
"""Years or seasons of test days whose differences nobody can see."""
NEAR = 1 + RANGE_TOLERANCE
"""A count this near to its range, as a factor, is inside."""


@dataclass(frozen=True)
class Summary:
    """The opening.

    Attributes:
        short: the answer in a few words.
        headline: the answer in a sentence or two, with the days and members that it rests on.
        wrong: one sentence for each criterion that is missed.
        unseen: sentences on what is wrong beside the criteria.
        beside: sentences on the baselines.
        caution: sentences on what the figures do not say.
    """

    short: str
    headline: str
    wrong: Sequence[str] = field(default_factory=list)
    unseen: Sequence[str] = field(default_factory=list)
    beside: Sequence[str] = field(default_factory=list)
    caution: Sequence[str] = field(default_factory=list)


def summarise(material: Material, judged: Judged) -> Summary:
    """The opening of a report from the verdict list of the model and of its baselines."""
    lines = [line for line in judged.verdict if line.grade != "n/a"]
    caution = _cautions(material)
    if not lines:
        unknown = "The members have not been scored yet, so nothing can be said about them."
        return Summary("Not scored yet.", unknown, caution=caution)
    passed = [line for line in lines if line.grade in PASSED]
    strong = sum(line.grade in ("good", "excellent") for line in lines)
    counts = {days: material.value("mean", days, "prior") for days in ("heavy_x", "all")}
    days = " of ".join(str(int(row["n_days"])) for row in counts.values() if row is not None)
    headline = (
        f"On the {days} {material.split} days {material.heavy_days}, and for the tail on all days, the model's prior "
        f"members meet {len(passed)} of {len(lines)} checks, {strong} of them with the grade good or better"
        f"{_unjudged(material, judged.verdict)}."
    )
    on_all_days = _on_all_days(material, judged.verdict)
    if on_all_days:
        headline += f" Checks met there and missed over all days: {len(on_all_days)}."
    hardest = hardest_rival(material)
    short = f"{len(passed)} of {len(lines)} checks are met." if len(passed) < len(lines) else "All checks are met."
    short += _met_by_more(judged, len(passed))
    if hardest is not None and hardest["lower"] > 0:
        rival = forecast_named(hardest["b"]).title
        short = f"A simple method is better: {rival}. {short}"
        headline += f" Over all days a simple method is nearer to what fell: {rival}. Prefer it to this model."
    return Summary(
        short=short,
        headline=headline,
        wrong=[sentence(line) for line in lines if line.grade == "fail"],
        unseen=[*on_all_days, *_events(material)],
        beside=[*_beside(judged, passed), *_accuracy(hardest), *left_out(material)],
        caution=caution,
    )


def _met_by_more(judged: Judged, met: int) -> str:
    """The simple method that meets most checks, where it meets more than the model; "" where none does."""
    counts = {name: sum(line.grade in PASSED for line in lines) for name, lines in judged.of_baselines.items()}
    best = max(counts, key=lambda name: counts[name], default="")
    if not best or counts[best] <= met:
        return ""
    return f" A simple method, {forecast_named(best).title}, meets {counts[best]}."


def _unjudged(material: Material, verdict: Sequence[Criterion]) -> str:
    """What nobody judged, with the reasons; "" where all was. Figures without a judgement are no part of the counts."""
    missing = [line for line in verdict if line.grade == "n/a"]
    parts = [f"{title_of(line)} ({why_not_judged(material, line)})" for line in missing]
    of_tail = [line for line in verdict if line.rule.of_tail]
    if of_tail and all(line in missing for line in of_tail):
        parts = [part for part, line in zip(parts, missing, strict=True) if not line.rule.of_tail]
        parts.insert(0, f"all extremes ({why_not_judged(material, of_tail[0])})")
    parts += [f"{text} (a verdict on the rest only)" for text in material.unscored]
    return f"; not judged: {'; '.join(parts)}" if parts else ""


def sentence(criterion: Criterion) -> str:
    """One missed criterion with its figures."""
    metric = metric_of(criterion)
    observed = quantity(criterion.observed, metric)
    beside = f", observed {observed}" if metric.aim == "observed" and math.isfinite(criterion.observed) else ""
    asked = "asked for as minimum / good / excellent" if " / " in criterion.bounds else "asked for"
    return f"{title_of(criterion)}: {quantity(criterion.value, metric)}{beside}; {asked}: {criterion.bounds}."


def _beside(judged: Judged, passed: Sequence[Criterion]) -> list[str]:
    """How many of the same checks bilinear interpolation and the best baseline meet."""
    sentences = []
    easy = sum(line.passed_by_bilinear for line in passed)
    if easy:
        sentences.append(f"Plain bilinear interpolation meets {easy} of these {len(passed)} too: they tell little.")
    counts = {name: sum(line.grade in PASSED for line in lines) for name, lines in judged.of_baselines.items()}
    if counts:
        most = max(counts.values())
        best = listing([forecast_named(name).title for name, count in counts.items() if count == most])
        sentences.append(f"Most checks of all simple methods, {most}, are met by {best}.")
    return sentences


def hardest_rival(material: Material) -> pd.Series | None:
    """The comparison of CRPS on all days with the baseline that is hardest to beat; None where there is none."""
    table = material.comparisons
    if table.empty:
        return None
    is_chosen = (table["metric"] == "crps") & (table["days"] == "all") & (table["a"] == f"{material.model}-prior")
    chosen = table[is_chosen & table["b"].isin(material.baselines)]
    return None if chosen.empty else chosen.loc[pd.to_numeric(chosen["difference"]).idxmax()]


def _accuracy(hardest: pd.Series | None) -> list[str]:
    """Whether the prior members beat the hardest baseline in CRPS by more than chance."""
    if hardest is None:
        return []
    outcome = (
        "is worse than" if hardest["lower"] > 0 else "beats" if hardest["upper"] < 0 else "cannot be told apart from"
    )
    rival = forecast_named(hardest["b"]).title
    bounds = interval(hardest["lower"], hardest["upper"], signed=True)
    return [
        f"Over all days the CRPS of the prior members {outcome} that of the hardest simple method, {rival}: difference "
        f"{number(hardest['difference'], signed=True)} mm/day ({bounds})."
    ]


def _on_all_days(material: Material, verdict: Sequence[Criterion]) -> list[str]:
    """Criteria of the list that are met on the days that it judges but not over all days."""
    every_day = material.metrics[material.metrics["days"] == "all"].assign(days="heavy_x")
    met = {line.name for line in verdict if line.grade in PASSED}
    judged = [c for c in criteria.verdict(every_day, material.model, material.split) if not c.rule.of_tail]
    missed = [c for c in judged if c.grade == "fail"]
    return [f"Over all days, {inside_sentence(sentence(line))}" for line in missed if line.name in met]


def _events(material: Material) -> list[str]:
    """Thresholds that the prior members reach clearly too often or too seldom.

    Chance decides where the tail was counted: resampled weeks say little of events that fell in a week or two.
    """
    table = material.metrics
    is_chosen = (table["metric"] == "frequency_bias") & (table["days"] == "heavy_x") & (table["forecast"] == "prior")
    sentences = []
    for _, row in table[is_chosen].iterrows():
        value, low, high, threshold = (float(row[key]) for key in ("value", "lower", "upper", "threshold"))
        often = f"Amounts of {threshold:.3g} mm/day or more come {number(value)} times as often as observed"
        counted = material.value(f"{EVENT_CELLS}_{threshold:g}{BY_CHANCE}", "heavy_x", "prior")
        if counted is not None:
            cells, least, most = (float(counted[key]) for key in ("observed", "lower", "upper"))
            if not least / NEAR <= cells <= most * NEAR:
                of = f"{cells:.0f} cell-days, where chance allows {least:.0f} to {most:.0f}"
                sentences.append(f"{often}: the observation has {of}.")
        elif (low > 1 or high < 1) and not LITTLE[0] <= value <= LITTLE[1]:
            sentences.append(f"{often} ({interval(low, high)} times).")
    return sentences


def of_few_years(time: xr.DataArray, split: str) -> list[str]:
    """What to say of days of one or two years, whose differences no resampled week holds; nothing of more years."""
    first = first_month(time)
    count = len(set(season_year(time, first).tolist()))
    if count > FEW_YEARS:
        return []
    kind = "year" if first == 1 else "season"
    of = f"{count} {kind}{'s' if count > 1 else ''}"
    return [
        f"The {split} days are of {of}. Intervals come from weeks of these days: another {kind} may be "
        "further off than they say, and return levels of so short a record are no guide."
    ]


def _cautions(material: Material) -> list[str]:
    texts = of_few_years(material.days[TIME], material.split)
    sampled = material.value("mean", "all", "prior")
    if sampled is not None and int(sampled["n_days"]) < material.days.sizes[TIME]:
        texts.append(
            f"The samples hold {int(sampled['n_days'])} of the {material.days.sizes[TIME]} {material.split} days: 'all "
            "days' are those, and nothing is held against the record."
        )
    if material.is_super_resolution:
        texts.append(
            "The coarse input is the block mean of the observed rain itself. This measures super-resolution with a "
            "perfect input, not downscaling of a climate model or a reanalysis."
        )
    if any("lag+" in str(name) for name in material.store["channel"].values):
        texts.append("The input holds the day after as well, which a forecast of the day would not have.")
    if material.store.attrs.get("kind") == "demo":
        texts.append("The data are made by a program to try the software out; they are not observations.")
    if "posterior" in material.samples:
        texts.append("Posterior members have seen the observed rain; every judgement here rests on prior members.")
    return texts
