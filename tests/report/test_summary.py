"""The opening: it counts the verdict, names what is missed, and says where a simple method is better."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from rainsmith.evaluate import criteria
from rainsmith.report.criteria import judge
from rainsmith.report.gather import Material
from rainsmith.report.summary import Summary, sentence, summarise


def _summary(material: Material, **changes: object) -> Summary:
    changed = replace(material, **changes)  # type: ignore[arg-type]
    return summarise(changed, judge(changed))


def _scaled(material: Material, metric: str, factor: float, days: str = "heavy_x") -> pd.DataFrame:
    """The scores with one figure of the prior members set to a multiple of the observed one."""
    table = material.metrics.copy()
    chosen = (table["metric"] == metric) & (table["days"] == days) & (table["forecast"] == "prior")
    table.loc[chosen, "value"] = factor * table.loc[chosen, "observed"]
    return table


def test_the_headline_counts_the_verdict_list(material: Material) -> None:
    judged = [line for line in criteria.verdict(material.metrics, "flat", "test") if line.grade != "n/a"]
    passed = [line for line in judged if line.grade != "fail"]
    assert len(judged) > 6
    summary = _summary(material)
    assert f"meet {len(passed)} of {len(judged)} checks" in summary.headline
    assert "of 50 test days with the most coarse rain" in summary.headline
    assert len(summary.wrong) == len(judged) - len(passed)


def test_extremes_that_nobody_judged_are_said_in_the_first_sentence(material: Material) -> None:
    first = _summary(material).headline.split(". ")[0]
    assert "these could not be judged: 99.9th percentile; 99.99th percentile" in first, "there are too few cell-days"
    metric = material.metrics["metric"].astype(str)
    of_tail = metric.str.endswith(("_by_chance", "_of_record")) | (metric == "beyond_record")
    first = _summary(material, metrics=material.metrics[~of_tail]).headline.split(". ")[0]
    assert "the extremes are not among them" in first and "rainsmith evaluate" in first
    row = {"lower": 1.0, "upper": 9.0, "value": 5.0, "observed": 5.0, "model": "flat", "mode": "prior", "split": "test"}
    names = [("p999_by_chance", "heavy_x"), ("p9999_by_chance", "all"), ("p9999_of_record", "all")]
    rows = pd.DataFrame([{**row, "forecast": "prior", "metric": name, "days": days} for name, days in names])
    assert "extremes" not in _summary(material, metrics=pd.concat([material.metrics, rows])).headline, "all were judged"


def test_a_baseline_that_was_left_out_is_named_with_its_reason(material: Material) -> None:
    beside = _summary(material, notes={"ratio": "it needs coarse rain"}).beside
    assert "Left out: climatological ratio (it needs coarse rain)." in beside


def test_a_missed_criterion_is_said_with_its_figures_and_limits(material: Material) -> None:
    table = _scaled(material, "mean", 0.5)
    line = next(c for c in criteria.verdict(table, "flat", "test") if c.name == "mean")
    text = sentence(line).replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("Mean rain: ") and ", observed " in text
    assert text.endswith("asked for: within 10 / 6 / 3 % of observed.")
    assert sentence(line) in _summary(material, metrics=table).wrong


def test_what_holds_on_heavy_days_but_not_on_all_days_is_said(material: Material) -> None:
    table = _scaled(material, "mean", 1.0)
    table.loc[table["days"] == "all", :] = _scaled(material, "mean", 3.0, "all")[table["days"] == "all"]
    assert any(text.startswith("Over all days, Mean rain") for text in _summary(material, metrics=table).unseen)


@pytest.mark.parametrize(
    ("value", "bounds", "said"), [(2.0, (1.5, 2.5), 1), (2.0, (0.9, 2.5), 0), (1.1, (1.05, 1.2), 0)]
)
def test_events_that_come_clearly_too_often_are_said(
    material: Material, value: float, bounds: tuple[float, float], said: int
) -> None:
    event = {"metric": "frequency_bias", "days": "heavy_x", "forecast": "prior", "model": "flat", "split": "test"}
    row = {**event, "mode": "prior", "threshold": 20.0, "value": value, "lower": bounds[0], "upper": bounds[1]}
    table = material.metrics[material.metrics["metric"] != "frequency_bias"]
    unseen = _summary(material, metrics=pd.concat([table, pd.DataFrame([row])])).unseen
    assert sum("20 mm/day or more come 2.00 times as often" in text for text in unseen) == said


@pytest.mark.parametrize(
    ("bounds", "word", "advised"),
    [
        ((0.1, 0.3), "is worse than", True),
        ((-0.1, 0.5), "cannot be told apart from", False),
        ((-0.5, -0.1), "beats", False),
    ],
)
def test_the_hardest_baseline_is_compared_and_preferred_where_it_is_better(
    material: Material, bounds: tuple[float, float], word: str, advised: bool
) -> None:
    row = {"metric": "crps", "days": "all", "a": "flat-prior", "split": "test", "p": 0.1}
    hardest = {**row, "b": "scaled-analogs", "difference": sum(bounds) / 2, "lower": bounds[0], "upper": bounds[1]}
    easiest = {**row, "b": "bilinear", "difference": -9.0, "lower": -10.0, "upper": -8.0}
    summary = _summary(material, comparisons=pd.DataFrame([easiest, hardest]))
    assert ("nearer to what fell: scaled analogs. Prefer it" in summary.headline) == advised
    assert any(f"{word} that of the hardest simple method, scaled analogs" in text for text in summary.beside)


def test_the_baselines_that_meet_most_checks_are_named(material: Material) -> None:
    judged = judge(material)
    counts = {n: sum(c.grade not in ("fail", "n/a") for c in lines) for n, lines in judged.of_baselines.items()}
    text = " ".join(summarise(material, judged).beside)
    assert f"Most checks of all simple methods, {max(counts.values())}," in text


def test_cautions_follow_from_the_data(material: Material) -> None:
    text = " ".join(_summary(material).caution)
    assert "super-resolution with a perfect input" in text and "Posterior members have seen" in text
    store = material.store.assign_attrs(coarsen=0, kind="demo")
    text = " ".join(_summary(material, store=store, samples={}).caution)
    assert "super-resolution" not in text and "Posterior" not in text and "not observations" in text


def test_a_run_without_scores_says_that_nothing_can_be_said(material: Material) -> None:
    summary = _summary(material, metrics=pd.DataFrame())
    assert "have not been scored yet" in summary.headline and not summary.wrong
