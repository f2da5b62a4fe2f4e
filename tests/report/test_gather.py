"""Reading a run folder: names of forecasts, the split that is judged, damaged files."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.report.gather import Material, gather
from rainsmith.run_folder import Run


def test_forecasts_are_the_modes_then_the_baselines_that_were_scored(material: Material) -> None:
    assert material.forecasts == ["prior", "posterior", "bilinear", "scaled-analogs"]
    assert material.baselines == ["bilinear", "scaled-analogs"]
    assert set(material.curves) == set(material.forecasts)
    assert set(material.climates) == {"prior", "posterior", "record"}


def test_rows_of_other_models_and_splits_are_left_out(config: Config, copied: Run) -> None:
    path = copied.evaluation / "metrics.csv"
    table = pd.read_csv(path)
    others = [table.head(3).assign(model="hierarchical"), table.head(3).assign(split="validation")]
    pd.concat([table, *others]).to_csv(path, index=False)
    material = gather(config, copied)
    assert len(material.metrics) == len(table)
    assert material.split == "test"


def test_the_first_split_that_was_asked_for_is_judged_where_none_was_sampled(config: Config, copied: Run) -> None:
    sampling = config.sampling.model_copy(update={"splits": ["validation"]})
    assert gather(config.model_copy(update={"sampling": sampling}), copied).split == "validation"


def test_a_score_is_found_by_metric_days_and_forecast(material: Material) -> None:
    table = pd.DataFrame(
        {"metric": ["crps"] * 3, "days": ["all"] * 3, "forecast": ["prior", "bilinear", "prior"], "value": [1, 2, 3]}
    )
    changed = Material(material.config, material.store, "test", metrics=table)
    row = changed.value("crps", "all", "prior")
    assert row is not None and row["value"] == 3  # the last of repeated rows
    assert changed.value("crps", "heavy", "prior") is None
    assert Material(material.config, material.store, "test").value("crps", "all", "prior") is None


def test_baselines_are_ordered_by_their_crps(material: Material) -> None:
    names = ["bilinear", "climatology", "scaled-analogs"]
    table = pd.DataFrame({"metric": "crps", "days": "all", "forecast": names, "value": [2.0, 3.0, 1.0]})
    changed = Material(material.config, material.store, "test", metrics=table)
    assert changed.by_accuracy("all") == ["scaled-analogs", "bilinear", "climatology"]


def test_reasons_belong_to_the_judged_split(config: Config, copied: Run) -> None:
    notes = {"not_applicable": {"bilinear-prior-test": "no rain; add some", "ratio-prior-validation": "no rain"}}
    (copied.evaluation / "notes.json").write_text(json.dumps(notes), encoding="utf-8")
    assert gather(config, copied).notes == {"bilinear": "no rain; add some"}


@pytest.mark.parametrize("name", ["metrics.csv", "comparisons.csv", "climate.csv", "flat-prior-test.nc"])
def test_a_damaged_file_is_named_with_the_command_that_makes_it(config: Config, copied: Run, name: str) -> None:
    (copied.evaluation / name).write_bytes(b"")
    with pytest.raises(UserError, match=f"{name}.*rainsmith evaluate"):
        gather(config, copied)


def test_a_damaged_experiment_is_named(config: Config, copied: Run) -> None:
    (copied.folder / "experiment").mkdir()
    (copied.folder / "experiment" / "results.csv").write_text("")
    with pytest.raises(UserError, match="rainsmith experiment"):
        gather(config, copied)
