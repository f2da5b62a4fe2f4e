"""The stage: its files, training sets, command and API, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rainsmith import api
from rainsmith.augment.training_set import mix
from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.base.zarr_files import open_zarr
from rainsmith.cli import main as cli
from rainsmith.downscale.stage import training_set
from rainsmith.downscale.training import train_downscaler
from rainsmith.pipeline import BY_NAME
from rainsmith.run_folder import Run
from rainsmith.train.resume import fingerprint_of
from tests.conftest import copy_of
from tests.downscale.small import TINY, tiny
from tests.small import SMALL, small_config


def test_files_of_a_run(downscaled: Run) -> None:
    names = {path.name for path in (downscaled.folder / "downscale").iterdir()}
    stem = "q-srdrn-real-s3"
    assert {f"{stem}.safetensors", f"{stem}.json"} <= names
    assert {f"{stem}-test.zarr", f"{stem}-test.nc"} <= names
    assert {path.name for path in downscaled.evaluation.glob("*.csv")} == {f"{stem}-test.csv"}
    about = read_json(downscaled.folder / "downscale" / f"{stem}.json")
    assert [entry["step"] for entry in about["history"]] == [3, 6]


def test_training_sets(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path)
    store = run.open_store().load()
    real = in_split(store, "train").isel(time=slice(None, None, 6))
    with pytest.raises(UserError, match="rainsmith augment"):
        training_set(tiny(train_on="augmented"), run, real)
    made = mix(real, real, np.arange(5), real["precip"].values[:5], weight=0.5)
    made = made.drop_encoding().chunk({"time": 16})
    made.to_zarr(run.folder / "augmented.zarr", consolidated=False, zarr_format=3)
    with pytest.raises(UserError, match="made from another store"):
        training_set(tiny(train_on="augmented"), run, real)
    made = made.assign_attrs(store=fingerprint_of(store))
    made.to_zarr(run.folder / "augmented.zarr", mode="w", consolidated=False, zarr_format=3)
    augmented, weights = training_set(tiny(train_on="augmented"), run, real)
    assert augmented.sizes["time"] == real.sizes["time"] + 5 and weights is not None
    assert set(weights[:-5]) == {1.0} and set(weights[-5:]) == {0.5}
    same, weights = training_set(tiny(train_on="oversampled", oversample={"days": "heavy", "times": 6}), run, real)
    assert same is real and weights is not None
    np.testing.assert_array_equal(weights == 6, in_day_set(real, "heavy"))
    assert set(weights) == {1.0, 6.0}
    none = real.assign(heavy_x=("time", np.zeros(real.sizes["time"], dtype=bool)))
    with pytest.raises(UserError, match="no heavy_x training days"):
        training_set(tiny(train_on="oversampled"), run, none)


def test_command_with_seeds(
    prepared: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each seed, their mean, and no second training of what is there."""
    run = copy_of(prepared, tmp_path)
    section = {**TINY["downscale"], "steps": 2, "splits": ["validation"]}
    demo = {key: value for key, value in SMALL.items() if key.startswith("data.")}
    settings = {"device": "cpu", "evaluate.resamples": 50, "downscale": section, **demo}
    asked = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    command = ["downscale", "--run", str(run.folder), "--network", "srdrn", "--train-on", "oversampled"]

    def tables(*more: str) -> list[str]:
        cli.main([*command, *more, "--set", *asked])
        return [Path(line).name for line in capsys.readouterr().out.split()]

    stem = "srdrn-oversampled"
    assert tables() == [f"{stem}-s0-validation.csv"]
    assert read_json(run.folder / "stages" / "downscale.json")["finished"]
    seeds, real = list[int](), train_downscaler
    monkeypatch.setattr(
        "rainsmith.downscale.seeds.train_downscaler",
        lambda *given, **options: (seeds.append(options["seed"]), real(*given, **options))[1],
    )
    ends = ("s0", "s1", "ensemble")
    assert tables("--seeds", "0", "1") == [f"{stem}-{end}-validation.csv" for end in ends] and seeds == [1]
    first, second, mean = (
        open_zarr(run.folder / "downscale" / f"{stem}-{end}-validation.zarr", "")["precip"].values for end in ends
    )
    np.testing.assert_allclose(mean, (first + second) / 2, rtol=1e-6)
    assert not np.allclose(first, second, equal_nan=True)
    table = pd.read_csv(run.evaluation / f"{stem}-ensemble-validation.csv")
    assert set(table["model"]) == {stem} and set(table["split"]) == {"validation"}
    assert set(table["checkpoint"]) == {f"{stem}-ensemble"}
    assert {"mae", "crps", "csi"} <= set(table["metric"]) and not table["metric"].str.contains("pinball").any()
    asked.append("downscale.lr=1e-3")
    tables("--seeds", "1")
    assert seeds == [1, 1]  # of other settings


def test_api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called: list[Any] = []
    tables = [tmp_path / "table.csv"]

    def stage(*given: Any, **options: Any) -> list[Path]:
        called.append((given, options))
        return tables

    monkeypatch.setattr("rainsmith.downscale.stage.downscale", stage)
    assert api.downscale(tiny(), tmp_path, netcdf=True) == tables
    ((config, run),), (options,) = zip(*called, strict=True)
    assert config == tiny() and run.folder == tmp_path and options == {"netcdf": True}
    assert "downscale" in api.__all__ and "downscale" in BY_NAME


@pytest.mark.parametrize(
    ("section", "match"),
    [
        ({"quantiles": [0.9, 0.5]}, "rising"),
        ({"quantiles": [0.9, 0.99]}, "0.5 among them"),
        ({"quantiles": [0.5, 1.0]}, "above 0 and below 1"),
        ({"w_min": 3.0}, "w_min <= w_max"),
        ({"stepps": 3}, "did you mean 'steps'"),
    ],
)
def test_settings_that_cannot_be(section: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match):
        tiny(**section)


def test_unet_needs_no_median() -> None:
    assert tiny(network="unet", quantiles=[0.9, 0.99]).downscale.label == "unet-real"


def test_defaults_hold_the_documented_loss() -> None:
    settings = small_config().downscale
    assert (settings.scale_mm, settings.w_min, settings.w_max) == (36.6, 0.1, 2.0)
    assert settings.quantiles == [0.5, 0.95, 0.99, 0.999]
