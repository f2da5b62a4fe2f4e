"""Tables of scores and differences: they show what the files hold."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from rainsmith.config import Evaluate
from rainsmith.metrics.registry import METRICS
from rainsmith.report.gather import Material
from rainsmith.report.parts import Row, Table
from rainsmith.report.scores import closeness, comparison_table, left_out, score_tables
from rainsmith.report.words import number


@pytest.fixture(scope="module")
def tables(material: Material) -> list[Table]:
    return score_tables(material)


def _row(table: Table, name: str) -> Row:
    return next(row for row in table.rows if row.title == METRICS[name].title)


def test_the_score_table_shows_what_metrics_csv_holds(material: Material, tables: list[Table]) -> None:
    counts = {days: material.value("mean", days, "prior") for days in ("heavy_x", "all", "heavy")}
    days = [int(row["n_days"]) for row in counts.values() if row is not None]
    assert [table.title for table in tables] == [
        f"{words}, {n} days"
        for words, n in zip(("Heavy by the input", "All days", "Heavy as observed"), days, strict=True)
    ]
    csv = material.metrics[(material.metrics["days"] == "all") & (material.metrics["metric"] == "mean")]
    values = csv.set_index("forecast")["value"]
    row = _row(tables[1], "mean")
    assert row.unit == "mm/day"
    assert [cell.text for cell in row.cells[1:]] == [number(values[name]) for name in material.forecasts]
    assert row.cells[0].text == number(float(csv["observed"].iloc[0]))
    assert [column.title for column in tables[1].columns][:3] == ["Observed", "Prior members", "Posterior members"]


def test_rows_come_in_the_order_of_the_registry(tables: list[Table]) -> None:
    titles = [metric.title for metric in METRICS]
    places = [max(place for place, title in enumerate(titles) if row.title.startswith(title)) for row in tables[1].rows]
    assert places == sorted(places) and len(set(places)) > 30


def test_events_have_their_threshold_and_scale_in_the_title(material: Material, tables: list[Table]) -> None:
    titles = [row.title for row in tables[1].rows]
    p99 = f"{float(material.store['p99']):.3g}"
    for threshold in (p99, "20", "50"):
        assert f"Critical success index, {threshold} mm/day" in titles
    assert "Fractions skill score, 20 mm/day, 7 cells" in titles
    assert not any(title.endswith(("3 cells", "15 cells")) for title in titles), "metrics.csv has all scales"
    assert METRICS["twcrps_p99"].title in titles, "a title that names its threshold does not repeat it"


def test_bold_marks_the_best_rival_and_never_the_posterior(material: Material, tables: list[Table]) -> None:
    posterior = 1 + material.forecasts.index("posterior")
    for table in tables:
        assert not any(row.cells[posterior].mark for row in table.rows)
        bold = sum(cell.mark == "best" for row in table.rows for cell in row.cells)
        assert (bold == 0) if table.title.startswith("Heavy as observed") else (bold >= 10)
    cells = dict(zip(material.forecasts, _row(tables[1], "crps").cells[1:], strict=True))
    del cells["posterior"]
    assert min(cells.values(), key=lambda cell: float(cell.text)).mark == "best"


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ({"prior": 3.06e-5, "bilinear": 3.12e-5, "scaled-analogs": 9e-5}, ["prior"]),
        ({"prior": 2.0e-22, "bilinear": 0.0, "scaled-analogs": 0.0}, []),  # an event that never came
        ({"prior": 3.1301e-5, "bilinear": 3.0601e-5, "scaled-analogs": 3.0602e-5}, []),  # two of three are alike
        ({"prior": 1.00001, "bilinear": 1.00002, "scaled-analogs": 1.00003}, []),  # equal on paper
    ],
)
def test_small_scores_keep_their_digits_and_equal_ones_are_not_bold(
    material: Material, values: dict[str, float], best: list[str]
) -> None:
    table = material.metrics.copy()
    for name, value in values.items():
        chosen = (table["metric"] == "crps") & (table["days"] == "all") & (table["forecast"] == name)
        table.loc[chosen, "value"] = value
    whole = next(one for one in score_tables(replace(material, metrics=table)) if one.title.startswith("All days"))
    cells = dict(zip(material.forecasts, _row(whole, "crps").cells[1:], strict=True))
    assert [name for name, cell in cells.items() if cell.mark == "best"] == best
    assert not any(set(cell.text) <= set("0.") and cell.text != "0" for cell in cells.values())


@pytest.mark.parametrize(
    ("name", "value", "observed", "expected"),
    [
        ("crps", 2.0, math.nan, 2.0),
        ("mass_bias", -0.2, math.nan, 0.2),
        ("fss", 0.75, math.nan, 0.25),
        ("spread_skill", 1.0, math.nan, 0.0),
        ("spread_skill", 0.0, math.nan, math.inf),
        ("coverage_90", 0.8, math.nan, 0.1),
        ("mean", 8.0, 10.0, 2.0),
    ],
)
def test_closeness_is_a_distance_from_the_aim(name: str, value: float, observed: float, expected: float) -> None:
    assert closeness(METRICS[name], value, observed) == pytest.approx(expected)


def test_twice_and_half_are_equally_far_from_one() -> None:
    assert closeness(METRICS["spread_skill"], 2.0, math.nan) == pytest.approx(
        closeness(METRICS["spread_skill"], 0.5, math.nan)
    )


def test_comparisons_are_of_prior_members_with_baselines_only(material: Material) -> None:
    (table,) = comparison_table(material)
    assert len(table.rows) == 9  # three scores on three sets of days
    assert [column.title for column in table.columns] == ["Days", "Bilinear interpolation", "Scaled analogs"]
    csv = material.comparisons.set_index(["metric", "days", "a", "b"])
    expected = csv.loc[("crps", "all", "flat-prior", "bilinear")]
    row = next(row for row in table.rows if row.cells[0].text == "All days" and row.title == METRICS["crps"].title)
    assert row.cells[1].text.split()[0] == number(expected["difference"], signed=True)


@pytest.mark.parametrize(
    ("lower", "upper", "outcome"), [(-0.3, -0.1, "better"), (0.1, 0.3, "worse"), (-0.1, 0.3, "noise")]
)
def test_a_difference_counts_where_its_interval_leaves_out_zero(
    material: Material, lower: float, upper: float, outcome: str
) -> None:
    row = {"metric": "crps", "days": "all", "a": "flat-prior", "b": "bilinear", "split": "test", "p": 0.1}
    rows = pd.DataFrame([{**row, "difference": (lower + upper) / 2, "lower": lower, "upper": upper}])
    (table,) = comparison_table(replace(material, comparisons=rows))
    assert [cell.mark for cell in table.rows[0].cells] == ["", outcome, ""]


def test_a_baseline_that_does_not_apply_is_named_with_its_reason(material: Material) -> None:
    text, others = left_out(material)
    assert text.startswith("Left out: climatology (found no training day within 15 calendar days")
    assert others.startswith("Not asked for in evaluate.baselines") and "climatology" not in others
    asked = material.config.model_copy(update={"evaluate": Evaluate()})
    assert left_out(replace(material, config=asked, notes={"bilinear": "no coarse rain"})) == [
        "Left out: bilinear interpolation (no coarse rain)."
    ]
    several = {"bilinear": "no coarse rain", "analogs": "too few days", "ratio": "no coarse rain"}
    assert left_out(replace(material, config=asked, notes=several)) == [
        "Left out: bilinear interpolation and climatological ratio (no coarse rain).",
        "Left out: analogs (too few days).",
    ]
