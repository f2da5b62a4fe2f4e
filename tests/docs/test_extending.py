"""docs/extending.md is executed: its files are put into a copy of the package, which then knows and uses all of them.

One process runs the commands and the tests of the page in that copy; the tests here look at what they wrote.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pytest
import xarray as xr
import yaml

from rainsmith.run_folder import Run
from tests.fake_run import rain

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "extending.md"
NAMED_FILE = re.compile(r"^\*\*`(\S+)`\*\*\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = (
    "A metric",
    "A baseline",
    "A downscaling network",
    "A generative model",
    "A check of synthetic days",
    "A check of input data",
    "A diagnosis",
)
REFUSED = {
    "evaluate.baselines=[typo]": ("there is no baseline 'typo'", "monthly-mean"),
    "downscale.network=typo": ("there is no downscaling network 'typo'", "linear"),
    "model.name=typo": ("there is no model 'typo'", "convolution"),
    "augment.checks=[typo]": ("there is no check of synthetic days 'typo'", "lone_cell"),
    "model.wdth=3": ("unknown key 'model.wdth'", "did you mean 'width'"),
}
"""Values that no configuration may hold, each with words of the message, which lists the new name."""


def sections() -> dict[str, dict[str, str]]:
    """For each heading of the page, the files that stand below it: path and text."""
    headings = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title: dict(NAMED_FILE.findall(text)) for title, text in zip(headings[1::2], headings[2::2], strict=True)}


@dataclass(frozen=True)
class Extended:
    """What the copy of the package did.

    Attributes:
        run: the run folder of ``rainsmith run`` and ``rainsmith downscale``.
        result: as ``tests.docs.commands`` writes it.
    """

    run: Run
    result: dict[str, Any]

    def table(self, name: str) -> pd.DataFrame:
        """A csv file of the run folder."""
        return pd.read_csv(self.run.folder / name)

    @property
    def report(self) -> str:
        return (self.run.folder / "report.html").read_text(encoding="utf-8")


def configuration(folder: Path) -> Path:
    """A configuration of a small record in files, with names that only the page adds."""
    record = rain(500, ny=12, nx=10)
    record.values[300] = record.values[299]
    record.assign_attrs(units="mm/day", standard_name="lwe_precipitation_rate").to_netcdf(folder / "rain.nc")
    splits = {
        "train": [2001, 2001],
        "validation": [["2002-01-01", "2002-02-28"]],
        "test": [["2002-03-01", "2002-05-15"]],
    }
    values: dict[str, Any] = {}
    values["data"] = {
        "kind": "gridded",
        "root": str(folder),
        "splits": splits,
        "heavy_quantile": 0.9,
        "target": {"files": "rain.nc", "variable": "precip"},
        "predictors": [{"from": "target", "coarsen": 4, "lags": [0]}],
    }
    values |= {
        "device": "cpu",
        "model": {"name": "convolution", "width": 5},
        "train": {"epochs": 1, "precision": "fp32", "validation_days": 20},
        "sampling": {"modes": ["prior", "posterior"], "members": 3},
        "evaluate": {"baselines": ["climatology", "monthly-mean"], "resamples": 50, "climate": False},
        "augment": {"ratio": 0.05, "tries": 3, "checks": ["physical_range", "lone_cell"]},
        "downscale": {"network": "linear", "steps": 2, "validations": 1, "precision": "fp32"},
    }
    path = folder / "extended.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    """The package with the files of the page, and what its commands did."""
    folder = tmp_path_factory.mktemp("extended")
    copy = folder / "copy"
    for part in ("src", "tests", "docs"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "images"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    files = {path: text for section in sections().values() for path, text in section.items()}
    for path, text in files.items():
        assert (copy / path).parent.is_dir(), f"{path} lies in a folder that is not there"
        assert not (copy / path).exists(), f"{path} is there already"
        (copy / path).write_text(text, encoding="utf-8")

    values = rain()
    values.values[100:140] = values.values[99]
    values.assign_attrs(units="mm/day").to_netcdf(folder / "stuck.nc")
    given = ["--config", str(configuration(folder)), "--run", str(folder / "run")]
    commands = {
        "run": ["run", *given],
        "downscale": ["downscale", *given, "--network", "linear"],
        "help": ["downscale", "--help"],
        "stuck": ["prepare", *given[:2], "--run", str(folder / "stuck"), "--set", "data.target.files=stuck.nc"],
        **{change: ["prepare", *given, "--set", change] for change in REFUSED},
    }
    plan, result = folder / "plan.json", folder / "result.json"
    tests = [path for path in files if path.startswith("tests/")]
    plan.write_text(json.dumps({"commands": commands, "tests": tests}), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # each plug-in that pytest finds costs it seconds
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.commands", str(plan), str(result)],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.exists(), done.stdout + done.stderr
    outcome = json.loads(result.read_text(encoding="utf-8"))
    assert outcome["package"].startswith(str(copy))
    assert outcome["failed_tests"] == 0, done.stdout
    for command in ("run", "downscale", "help"):
        assert outcome[command]["code"] == 0, outcome[command]["err"]
    return Extended(Run(folder / "run"), outcome)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_takes_one_source_file_and_one_test_in_the_same_place(kind: str) -> None:
    source, test = (PurePosixPath(path) for path in sections()[kind])
    assert source.parts[:2] == ("src", "rainsmith")
    assert test == PurePosixPath("tests", *source.parts[2:-1], f"test_{source.name}")


def test_the_page_adds_one_of_each_kind_and_no_other_file() -> None:
    assert [title for title, files in sections().items() if files] == list(KINDS)


def test_the_metric_is_a_row_of_every_table_and_a_line_of_the_report(extended: Extended) -> None:
    rows = extended.table("evaluation/metrics.csv").query("metric == 'dry_hits'")
    assert set(rows["model"]) == {"convolution", "climatology", "monthly-mean"}
    assert rows["value"].between(0, 1).all() and (rows["threshold"] == 0.1).all()
    assert "Dry cells that are forecast dry" in extended.report


def test_the_baseline_is_scored_compared_and_shown(extended: Extended) -> None:
    table = extended.table("evaluation/metrics.csv").query("model == 'monthly-mean'")
    assert set(table["members"]) == {1} and "crps" in set(table["metric"])
    assert "monthly-mean" in set(extended.table("evaluation/comparisons.csv")["b"])
    assert "Monthly mean" in extended.report and "mean of the training days of the same month" in extended.report


def test_the_network_is_a_choice_of_the_command_is_trained_and_scored(extended: Extended) -> None:
    assert "linear" in extended.result["help"]["out"]
    saved = json.loads((extended.run.folder / "downscale" / "linear-real-s0.json").read_text(encoding="utf-8"))
    assert saved["history"][0]["step"] == 2
    table = extended.table("evaluation/linear-real-s0-test.csv")
    assert {"linear-real", "climatology"} == set(table["model"]) and {"mae", "quantile_crps"} <= set(table["metric"])


def test_the_model_is_trained_sampled_in_the_mode_that_it_has_and_described(extended: Extended) -> None:
    (row,) = [json.loads(line) for line in extended.run.metrics_log.read_text(encoding="utf-8").splitlines()]
    assert row["beta"] == 0 and set(row["train"]) == {"loss"} and row["validation"]["best"] == ["prior"]
    assert "varies no observed storms" in extended.result["run"]["err"]
    (store,) = extended.run.samples.glob("*.zarr")
    assert store.name == "convolution-prior-test.zarr"
    with xr.open_zarr(store, consolidated=False) as samples:
        assert samples.sizes["member"] == 3 and samples["precip"].values[:, :, 6:].std(axis=1).max() > 0
    assert "convolution, window of 5 x 5 cells" in extended.report


def test_the_check_of_synthetic_days_measures_every_day_and_is_asked_for_its_bound(extended: Extended) -> None:
    assert extended.table("augmentation.csv")["lone_cell"].notna().all()
    with xr.open_zarr(extended.run.folder / "augmented.zarr", consolidated=False) as augmented:
        described = json.loads(augmented.attrs["augmentation"])
    assert described["bounds"]["lone_cell"] > 0 and described["settings"]["checks"] == ["physical_range", "lone_cell"]


def test_the_check_of_input_data_counts_and_refuses(extended: Extended) -> None:
    assert extended.run.open_store().attrs["repeated_days"] == 1
    assert "1 days like the day before" in extended.result["run"]["err"]
    assert extended.result["stuck"]["code"] == 2
    assert "of 40 of 400 days is that of the day before" in extended.result["stuck"]["err"]


def test_the_diagnosis_is_asked_in_its_place_and_shown(extended: Extended) -> None:
    findings = json.loads((extended.run.folder / "diagnosis.json").read_text(encoding="utf-8"))["findings"]
    names = [finding["name"] for finding in findings]
    assert names.index("drizzle") + 1 == names.index("never-dry") == names.index("tail-deficit") - 1
    assert findings[names.index("never-dry")]["verdict"] in ("pass", "warn", "fail")
    assert "Are there cells in which it rains every day?" in extended.report
    # the advice of the model takes the place of the general advice, and is given where something is wrong
    blur = findings[names.index("blur")]
    of_model = "One convolution makes smooth fields: set model.name: hierarchical (train anew)."
    assert blur["advice"] == (of_model if blur["verdict"] in ("warn", "fail") else "")
    assert "proper score of several members" in findings[names.index("under-dispersion")]["advice"]


@pytest.mark.parametrize("change", REFUSED)
def test_other_names_are_refused_and_the_new_one_is_listed(extended: Extended, change: str) -> None:
    refusal = extended.result[change]
    assert refusal["code"] == 2
    for words in REFUSED[change]:
        assert words in refusal["err"]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("configuration.md", ["## model, name: convolution", "[fine cells] Width of the window", "`linear`"]),
        (
            "records.md",
            ["| `convolution` |", "| `linear` |", "| `monthly-mean` |", "| `dry_hits` |", "| repeated days |"],
        ),
        ("checks.md", ["| `lone_cell` |"]),
        ("failure-modes.md", ["| `never-dry` | Are there cells in which it rains every day? |"]),
    ],
)
def test_the_pages_that_are_made_from_the_code_name_every_record(
    extended: Extended, page: str, words: list[str]
) -> None:
    assert [line for line in words if line not in extended.result["pages"][page]] == []
