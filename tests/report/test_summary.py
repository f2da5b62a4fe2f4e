"""The opening: it counts the verdict, names what is missed, and says where a simple method is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pytest
import xarray as xr

from rainsmith.evaluate import criteria
from rainsmith.report.criteria import judge
from rainsmith.report.gather import Material
from rainsmith.report.summary import Summary, of_few_years, sentence, summarise


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
    few = "(fewer than two cell-days lie above it)"
    assert f"; not judged: 99.9th percentile {few}; 99.99th percentile, all days {few}" in first.replace("  ", " ")
    metric = material.metrics["metric"].astype(str)
    of_tail = metric.str.endswith(("_by_chance", "_of_record")) | (metric == "beyond_record")
    first = _summary(material, metrics=material.metrics[~of_tail]).headline.split(". ")[0]
    assert "; not judged: all extremes (nothing judged them: run 'rainsmith evaluate' again)" in first
    row = {"lower": 1.0, "upper": 9.0, "value": 5.0, "observed": 5.0, "model": "flat", "mode": "prior", "split": "test"}
    names = [("p999_by_chance", "heavy_x"), ("p9999_by_chance", "all"), ("p9999_of_record", "all")]
    rows = pd.DataFrame([{**row, "forecast": "prior", "metric": name, "days": days} for name, days in names])
    whole = _summary(material, metrics=pd.concat([material.metrics, rows])).headline
    assert "not judged" not in whole, "all were judged"


def test_whatever_has_no_grade_is_named_with_its_reason(material: Material) -> None:
    """A count of what was met says nothing of a check that could not be made."""
    table = material.metrics
    one = table.assign(members=1)[~table["metric"].isin(["spread_skill", "diversity_ratio"])]
    assert "Spread over error (a single member has none)" in _summary(material, metrics=one).headline
    alone = table[~table["forecast"].isin(material.baselines)]
    assert "(no simple method was scored)" in _summary(material, metrics=alone).headline
    calm = _summary(material, metrics=table[table["days"] != "heavy_x"]).headline
    assert "Mean rain (no such test days)" in calm
    no_record = table[~table["metric"].astype(str).str.contains("record")]
    assert "(the samples do not hold every day of the split)" in _summary(material, metrics=no_record).headline


def test_cell_days_without_a_member_are_said_in_the_first_sentence(material: Material) -> None:
    lost = ["12 of 90 observed cell-days left out, where a member is missing"]
    assert lost[0] in _summary(material, unscored=lost).headline.split(". ")[0]


def test_samples_of_some_days_are_not_called_the_split(material: Material) -> None:
    table = material.metrics.copy()
    table.loc[(table["metric"] == "mean") & (table["days"] == "all"), "n_days"] = 40
    split = material.days.sizes["time"]
    assert any(f"hold 40 of the {split} test days" in text for text in _summary(material, metrics=table).caution)
    assert not any("The samples hold" in text for text in _summary(material).caution)


def test_baselines_that_nobody_asked_for_are_named(material: Material) -> None:
    text = next(text for text in _summary(material).beside if text.startswith("Not asked for in evaluate.baselines"))
    assert "tuned analogs" in text and "bilinear" not in text


def test_a_baseline_that_was_left_out_is_named_with_its_reason(material: Material) -> None:
    beside = _summary(material, notes={"ratio": "it needs coarse rain"}).beside
    assert "Left out: climatological ratio (it needs coarse rain)." in beside


def test_a_missed_criterion_is_said_with_its_figures_and_limits(material: Material) -> None:
    table = _scaled(material, "mean", 0.5)
    line = next(c for c in criteria.verdict(table, "flat", "test") if c.name == "mean")
    text = sentence(line).replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("Mean rain: ") and ", observed " in text
    assert text.endswith("asked for as minimum / good / excellent: within 10 / 6 / 3 % of observed.")
    assert sentence(line) in _summary(material, metrics=table).wrong


def test_what_holds_on_heavy_days_but_not_on_all_days_is_said(material: Material) -> None:
    table = _scaled(material, "mean", 1.0)
    table.loc[table["days"] == "all", :] = _scaled(material, "mean", 3.0, "all")[table["days"] == "all"]
    summary = _summary(material, metrics=table)
    assert any(text.startswith("Over all days, mean rain") for text in summary.unseen)
    missed = sum(text.startswith("Over all days, ") for text in summary.unseen)
    assert f"Checks met there and missed over all days: {missed}." in summary.headline


@pytest.mark.parametrize(
    ("value", "bounds", "said"), [(2.0, (1.5, 2.5), 1), (2.0, (0.9, 2.5), 0), (1.1, (1.05, 1.2), 0)]
)
def test_events_that_come_clearly_too_often_are_said(
    material: Material, value: float, bounds: tuple[float, float], said: int
) -> None:
    event = {"metric": "frequency_bias", "days": "heavy_x", "forecast": "prior", "model": "flat", "split": "test"}
    row = {**event, "mode": "prior", "threshold": 20.0, "value": value, "lower": bounds[0], "upper": bounds[1]}
    of_events = material.metrics["metric"].astype(str).str.startswith(("frequency_bias", "event_cells"))
    table = material.metrics[~of_events]
    unseen = _summary(material, metrics=pd.concat([table, pd.DataFrame([row])])).unseen
    assert sum("20 mm/day or more come 2.00 times as often" in text for text in unseen) == said


@pytest.mark.parametrize(("most", "said"), [(40.0, 0), (1.0, 1)])
def test_events_of_a_single_storm_are_judged_by_chance_and_not_by_resampled_weeks(
    material: Material, most: float, said: int
) -> None:
    about = {"days": "heavy_x", "forecast": "prior", "model": "flat", "split": "test", "mode": "prior"}
    bias = {**about, "metric": "frequency_bias", "threshold": 20.0, "value": 4.5, "lower": 3.6, "upper": 5.5}
    cells = {**about, "metric": "event_cells_20_by_chance", "observed": 3.0, "lower": 0.0, "upper": most}
    of_events = material.metrics["metric"].astype(str).str.startswith(("frequency_bias", "event_cells"))
    table = pd.concat([material.metrics[~of_events], pd.DataFrame([bias, cells])])
    texts = [text for text in _summary(material, metrics=table).unseen if "4.50 times as often" in text]
    assert len(texts) == said
    assert all("the observation has 3 cell-days, where chance allows 0 to 1" in text for text in texts)


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


def test_days_of_one_or_two_years_are_said_and_those_of_three_are_not(material: Material) -> None:
    def said(first: str, last: str, months: Sequence[int] = range(1, 13)) -> str:
        days = pd.date_range(first, last)
        return " ".join(of_few_years(xr.DataArray(days[days.month.isin(months)], dims="time"), "test"))

    assert "The test days are of 1 year. Intervals" in said("2001-01-01", "2001-12-31")
    assert "of 2 seasons." in said("2001-10-01", "2003-03-31", (10, 11, 12, 1, 2, 3))
    assert said("2001-01-01", "2003-12-31") == ""
    of_material = of_few_years(material.days["time"], "test")
    assert of_material and of_material[0] in _summary(material).caution


def test_a_run_without_scores_says_that_nothing_can_be_said(material: Material) -> None:
    summary = _summary(material, metrics=pd.DataFrame())
    assert "have not been scored yet" in summary.headline and not summary.wrong
