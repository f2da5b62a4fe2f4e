"""The table over several runs: settings that differ, repeats, baselines once, and what it writes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rainsmith.base.errors import UserError
from rainsmith.compare.stage import compare
from rainsmith.run_folder import Run

BASELINE_CRPS = {"bilinear": 2.8, "ratio": 2.4, "scaled-analogs": 1.5}


def make_run(
    folder: Path,
    *,
    crps: float = 1.2,
    mean: float = 10.0,
    baselines: dict[str, float] = BASELINE_CRPS,
    modes: tuple[str, ...] = ("prior",),
    **settings: Any,
) -> Path:
    """A run folder as ``evaluate`` leaves it, with settings by dotted key."""
    config: dict[str, Any] = {"seed": 0, "data": {"kind": "gridded", "root": "a"}, "model": {"name": "flat"}}
    config |= {"train": {"epochs": 40}, "loss": {"beta_kl": 0.01}}
    for key, value in settings.items():
        section, _, name = key.rpartition("__")
        (config.setdefault(section, {}) if section else config)[name] = value
    rows = []
    models = [("flat", mode, crps) for mode in modes] + [(name, "prior", value) for name, value in baselines.items()]
    for (model, mode, score), days in itertools.product(models, ("all", "heavy", "heavy_x")):
        figures = {
            "crps": (score, None),
            "mean": (mean if model == "flat" else 10.0, 10.0),
            "max": (80.0, 100.0),
            "wet_fraction": (0.6, 0.55),
        }
        for metric, (value, observed) in figures.items():
            row = {"model": model, "checkpoint": "best_prior", "seed": config["seed"], "mode": mode, "split": "test"}
            row |= {"days": days, "members": 10, "n_days": 50, "metric": metric, "value": value, "observed": observed}
            rows.append(row)
    run = Run(folder)
    run.evaluation.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(run.evaluation / "metrics.csv", index=False)
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def of_kind(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    return table[table["kind"] == kind].reset_index(drop=True)


def test_rows_say_what_was_set_and_what_came_out(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "v2", crps=1.6, loss__beta_kl=0.01, modes=("prior", "posterior")),
        make_run(tmp_path / "v3", crps=1.3, mean=8.0, loss__beta_kl=0.005, train__epochs=110),
    ]
    table = compare(runs)
    found = of_kind(table, "run")
    assert found["label"].tolist() == ["v2", "v2", "v3"]
    assert found["mode"].tolist() == ["prior", "posterior", "prior"]
    assert found["epochs"].tolist() == [40, 40, 110]
    assert found["settings"].tolist() == ["loss.beta_kl 0.01"] * 2 + ["loss.beta_kl 0.005"]
    assert found["crps heavy_x"].tolist() == [1.6, 1.6, 1.3]
    assert found["mean all"].tolist() == [10.0, 10.0, 8.0]
    assert found["mean all observed"].tolist() == [10.0] * 3
    assert "crps all observed" not in table
    assert found["verdict crps"].dropna().tolist() == ["minimum", "excellent"]  # none for the posterior
    assert found["verdict mean"].dropna().tolist() == ["excellent*", "fail*"]  # bilinear has the mean
    assert found["documented prior max"].dropna().tolist() == ["minimum*", "minimum*"]
    assert found["documented posterior max"].dropna().tolist() == ["fail", "n/a"]
    assert found["verdict excellent"].dropna().tolist() == [1, 1]
    assert table.attrs["notes"] == []


def test_baselines_stand_once_where_they_agree(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "a"),
        make_run(tmp_path / "b", baselines={**BASELINE_CRPS, "climatology": 6.0}, data__root="b"),
    ]
    table = of_kind(compare(runs), "baseline")
    assert table["label"].tolist() == ["climatology", "bilinear", "ratio", "scaled-analogs"]
    assert table["verdict crps"].tolist() == ["fail", "fail", "fail", "minimum"]


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


def test_repeats_have_median_and_range(tmp_path: Path) -> None:
    scores = {3: 1.6, 1: 1.2, 2: 1.3}
    runs = [make_run(tmp_path / f"s{seed}", crps=score, seed=seed) for seed, score in scores.items()]
    runs.append(make_run(tmp_path / "other", crps=0.1, seed=4, loss__beta_kl=0.5))
    table = compare(runs)
    assert len(of_kind(table, "run")) == 4
    for kind, value in (("median", 1.3), ("min", 1.2), ("max", 1.6)):
        row = of_kind(table, kind)
        assert row["crps heavy_x"].tolist() == [value]
        assert row["label"].tolist() == ["s3 + s1 + s2"] and row["seed"].tolist() == ["3, 1, 2"]
    assert of_kind(table, "median")["verdict crps"].tolist() == ["excellent"]
    assert of_kind(table, "min")["verdict crps"].isna().all()


def test_the_grade_of_a_median_does_not_depend_on_the_order_of_the_runs(tmp_path: Path) -> None:
    """The range of the members' maxima is that of the median run, not that of the last one."""
    ranges = {1: (10.0, 20.0), 2: (12.0, 25.0), 3: (90.0, 200.0)}
    runs = []
    for seed, bounds in ranges.items():
        run = make_run(tmp_path / f"s{seed}", seed=seed)
        path = run / "evaluation" / "metrics.csv"
        metrics = pd.read_csv(path)
        row = metrics[(metrics["metric"] == "crps") & (metrics["days"] == "heavy_x")].iloc[:1]
        added = {"metric": "max_range", "members": 100, "observed": 100.0, "lower": bounds[0], "upper": bounds[1]}
        pd.concat([metrics, row.assign(**added)]).to_csv(path, index=False)
        runs.append(run)
    grades = [of_kind(compare(list(order)), "median")["verdict max"].tolist() for order in (runs, runs[::-1])]
    assert grades == [["fail"], ["fail"]]


def test_the_same_seed_twice_is_no_repeat(tmp_path: Path) -> None:
    table = compare([make_run(tmp_path / "a"), make_run(tmp_path / "b")])
    assert of_kind(table, "median").empty


def test_what_it_writes_can_be_read(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"s{seed}", crps=1 + seed / 10, seed=seed) for seed in (1, 2)]
    table = compare([Run(folder) for folder in runs], tmp_path / "out")
    again = pd.read_csv(tmp_path / "out" / "compare.csv", keep_default_na=False, na_values=[""])
    assert again.columns.tolist() == table.columns.tolist()
    assert again["crps all"].tolist() == table["crps all"].tolist()
    text = (tmp_path / "out" / "compare.md").read_text(encoding="utf-8")
    assert "| s1, flat prior |" in text and "| scaled-analogs |" in text
    assert "10 [10]" in text  # the observed value beside
    assert "1.15 (1.1 to 1.2)" in text
    assert "## Verdict" in text and "## As documented" in text
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_labels_take_parents_where_names_are_equal(tmp_path: Path) -> None:
    table = compare([make_run(tmp_path / "uk" / "v3"), make_run(tmp_path / "sea" / "v3")])
    assert of_kind(table, "run")["label"].tolist() == ["uk/v3", "sea/v3"]


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a")
    with pytest.raises(UserError, match="no run folders"):
        compare([])
    with pytest.raises(UserError, match="same run folder twice"):
        compare([run, run])
    with pytest.raises(UserError, match=r"metrics.csv not found; .* run 'rainsmith evaluate"):
        compare([run, tmp_path / "empty"])
    with pytest.raises(UserError, match="holds the splits test; expected validation"):
        compare([run], split="validation")
    (tmp_path / "a" / "evaluation" / "metrics.csv").write_text("model,value\nflat,1\n", encoding="utf-8")
    with pytest.raises(UserError, match="lacks the columns days, metric"):
        compare([run])
