"""The table over several runs: settings that differ, repeats, and the files that it writes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rainsmith.compare.stage import compare
from rainsmith.compare.text import as_markdown
from rainsmith.run_folder import Run
from tests.compare.planted import make_run, of_kind


def test_rows_say_what_was_set_and_what_came_out(tmp_path: Path) -> None:
    runs = [
        make_run(tmp_path / "v2", crps=1.6, loss__beta_kl=0.01, modes=("prior", "posterior")),
        make_run(tmp_path / "v3", crps=1.3, mean=8.0, loss__beta_kl=0.005, train__epochs=110),
    ]
    table = compare(runs)
    rows = of_kind(table, "run")
    assert rows["label"].tolist() == ["v2", "v2", "v3"]
    assert rows["mode"].tolist() == ["prior", "posterior", "prior"]
    assert rows["epochs"].tolist() == [40, 40, 110]
    assert rows["settings"].tolist() == ["loss.beta_kl 0.01"] * 2 + ["loss.beta_kl 0.005"]
    assert rows["crps heavy_x"].tolist() == [1.6, 1.6, 1.3]
    assert rows["mean all"].tolist() == [10.0, 10.0, 8.0]
    assert rows["mean all observed"].tolist() == [10.0] * 3
    assert "crps all observed" not in table
    assert rows["verdict crps"].dropna().tolist() == ["fail", "excellent"]  # none for the posterior
    assert rows["verdict mean"].dropna().tolist() == ["excellent*", "fail*"]  # bilinear has the mean
    assert rows["documented prior max"].dropna().tolist() == ["minimum*", "minimum*"]
    assert rows["documented posterior max"].dropna().tolist() == ["fail", "n/a"]
    assert rows["verdict excellent"].dropna().tolist() == [1, 1]
    assert table.attrs["notes"] == []


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
    assert (tmp_path / "out" / "compare.md").read_text(encoding="utf-8") == as_markdown(table, "test")
