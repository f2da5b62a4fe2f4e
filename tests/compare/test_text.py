"""The comparison as Markdown: observed values, ranges of repeats, notes, gaps, and tables that are whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rainsmith.compare.stage import compare
from rainsmith.compare.text import as_markdown
from tests.compare.planted import BASELINE_CRPS, make_run


def repeats(folder: Path) -> pd.DataFrame:
    return compare([make_run(folder / f"s{seed}", crps=1 + seed / 10, seed=seed) for seed in (1, 2)])


def test_figures_stand_beside_the_observed_value_and_repeats_have_a_range(tmp_path: Path) -> None:
    text = as_markdown(repeats(tmp_path), "test")
    assert text.startswith("# Comparison of runs (test)\n")
    assert "| s1, flat prior |" in text and "| scaled-analogs |" in text
    assert "10 [10]" in text  # the observed value
    assert "median of s1 + s2, flat prior (seeds 1, 2)" in text and "| crps all | 1.15 (1.1 to 1.2) | - |" in text
    assert "## Verdict" in text and "## As documented" in text


def test_every_table_has_as_many_cells_in_all_its_lines(tmp_path: Path) -> None:
    tables = 0
    for block in as_markdown(repeats(tmp_path), "test").split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        tables += bool(lines)
        assert len({line.count("|") for line in lines}) <= 1
    assert tables == 7  # runs, three sets of days, repeats, two lists


def test_notes_are_said_and_a_single_run_has_no_repeats(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "a"), make_run(tmp_path / "b", baselines={**BASELINE_CRPS, "ratio": 2.5})]
    assert "**Note.** Baseline ratio differs between a, b" in as_markdown(compare(runs), "test")
    text = as_markdown(compare(runs[:1]), "test")
    assert "**Note.**" not in text and "Repeats" not in text


def test_a_bar_in_a_label_does_not_end_its_cell(tmp_path: Path) -> None:
    text = as_markdown(compare([make_run(tmp_path / "a|b")]), "test")
    assert "| a\\|b | flat | prior |" in text


def test_gaps_are_dashes(tmp_path: Path) -> None:
    table = compare([make_run(tmp_path / "a")])
    assert "| a, flat prior | 1.2 |" in as_markdown(table, "test")
    table.loc[table["kind"] == "run", "crps all"] = float("nan")
    assert "| a, flat prior | - |" in as_markdown(table, "test")
