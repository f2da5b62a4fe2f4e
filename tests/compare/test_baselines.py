"""Baselines in the comparison: once where runs agree, each run's where they do not, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from rainsmith.compare.stage import compare
from tests.compare.planted import BASELINE_CRPS, make_run, of_kind


def test_baselines_stand_once_where_they_agree(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a"),
        make_run(tmp_path / "b", baselines={**BASELINE_CRPS, "climatology": 6.0}, data__root="b"),
    ]
    table = of_kind(compare(runs), "baseline")
    assert table["label"].tolist() == ["climatology", "bilinear", "ratio", "scaled-analogs"]
    assert table["verdict crps"].tolist() == ["fail", "fail", "fail", "excellent"]  # the best against the second


def test_baselines_that_disagree_are_all_shown_and_said(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "a"), make_run(tmp_path / "b", baselines={**BASELINE_CRPS, "ratio": 2.5})]
    table = compare(runs)
    assert of_kind(table, "baseline")["label"].tolist() == ["bilinear", "ratio (a)", "ratio (b)", "scaled-analogs"]
    assert len(table.attrs["notes"]) == 1
    assert "ratio differs between a, b" in table.attrs["notes"][0]


def test_another_seed_may_draw_another_climatology(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"s{seed}", seed=seed, baselines={"climatology": 6 + seed / 10}) for seed in (1, 2)]
    table = compare(runs)
    assert of_kind(table, "baseline")["crps all"].tolist() == [6.1]
    assert table.attrs["notes"] == ["Climatology is drawn anew with each seed; the one of s1 is shown."]
    again = make_run(tmp_path / "again", seed=1, baselines={"climatology": 6.3})
    assert "climatology differs" in compare([*runs, again]).attrs["notes"][0]


def test_other_data_have_their_own_baselines(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "uk"), make_run(tmp_path / "sea", baselines={"ratio": 9.0}, data__wet_mm=1.0)]
    table = compare(runs)
    assert of_kind(table, "baseline")["label"].tolist() == [
        *["bilinear (uk)", "ratio (uk)", "scaled-analogs (uk)", "ratio (sea)"]
    ]
    assert "2 different data sets" in table.attrs["notes"][0]
    assert "data.wet_mm" in of_kind(table, "run")["settings"][1]
