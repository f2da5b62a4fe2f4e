"""The stage: files, predictions, tables, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith import api
from rainsmith.augment.training_set import mix
from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import open_zarr, read_json
from rainsmith.cli import main as cli
from rainsmith.config import Config, load_config
from rainsmith.downscale import load_downscaler, predict
from rainsmith.downscale.scoring import climatology
from rainsmith.downscale.stage import downscale, training_set
from rainsmith.evaluate.scoring import COLUMNS
from rainsmith.metrics.ensemble import mae
from rainsmith.metrics.quantiles import pinball, quantile_crps
from rainsmith.pipeline import BY_NAME
from rainsmith.run_folder import Run
from rainsmith.train.resume import fingerprint_of
from tests.conftest import copy_of
from tests.small import SMALL, small_config

TINY: dict[str, Any] = {
    "downscale": {"filters": 8, "blocks": 1, "fine_filters": 6, "steps": 6, "validations": 2, "precision": "fp32"},
    "seed": 3,
}


def tiny(**downscale_settings: Any) -> Config:
    section = {**TINY["downscale"], **downscale_settings}
    return load_config(overrides={**SMALL, **TINY, "downscale": section})


@pytest.fixture(scope="module")
def done(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(prepared, tmp_path_factory.mktemp("downscale"))
    downscale(tiny(), run, netcdf=True)
    return run


def test_files_of_a_run(done: Run) -> None:
    names = {path.name for path in (done.folder / "downscale").iterdir()}
    stem = "q-srdrn-real-s3"
    assert {f"{stem}.safetensors", f"{stem}.json"} <= names
    assert {f"{stem}-test.zarr", f"{stem}-test.nc"} <= names
    assert {path.name for path in done.evaluation.glob("*.csv")} == {f"{stem}-test.csv"}
    about = read_json(done.folder / "downscale" / f"{stem}.json")
    assert [entry["step"] for entry in about["history"]] == [3, 6]


def test_predictions_are_cf_and_read_back(done: Run) -> None:
    store = done.open_store()
    days = in_split(store, "test")
    path = done.folder / "downscale" / "q-srdrn-real-s3-test.zarr"
    found = open_zarr(path, "")
    assert found["precip"].dims == ("time", "y", "x") and found["quantiles"].dims == ("time", "quantile", "y", "x")
    assert found["quantile"].values.tolist() == [0.5, 0.95, 0.99, 0.999]
    for name in ("precip", "quantiles"):
        about = found[name].attrs
        assert about["units"] == "mm/day" and about["standard_name"] == "lwe_precipitation_rate"
        assert about["grid_mapping"] in found.variables
    assert found.attrs["Conventions"] == "CF-1.11" and found.attrs["seed"] == 3
    np.testing.assert_array_equal(found["time"], days["time"])
    mask = store["mask"].values
    assert np.isnan(found["precip"].values[:, ~mask]).all() and (found["precip"].values[:, mask] >= 0).all()
    assert (np.diff(found["quantiles"].values[:, :, mask], axis=1) >= 0).all()
    np.testing.assert_array_equal(found["precip"], found["quantiles"].sel(quantile=0.5))
    with xr.open_dataset(path.with_suffix(".nc")) as written:
        np.testing.assert_array_equal(written["quantiles"], found["quantiles"])


def test_a_saved_downscaler_predicts_the_same(done: Run) -> None:
    """Without its store, from predictors alone, whatever the batches."""
    days = in_split(done.open_store(), "test").drop_vars("precip").isel(time=slice(0, 20))
    module = load_downscaler(done.folder / "downscale" / "q-srdrn-real-s3.safetensors")
    again = predict(module, days, batch_size=7)
    kept = open_zarr(done.folder / "downscale" / "q-srdrn-real-s3-test.zarr", "").isel(time=slice(0, 20))
    np.testing.assert_allclose(again["quantiles"], kept["quantiles"], rtol=1e-4, atol=1e-4)


def test_the_table_holds_the_scores_of_the_evaluation_and_of_the_quantiles(done: Run) -> None:
    table = pd.read_csv(done.evaluation / "q-srdrn-real-s3-test.csv")
    assert table.columns.tolist() == COLUMNS
    assert set(table["days"]) == {"all", "heavy", "heavy_x"}
    store = done.open_store().load()
    days = in_split(store, "test")
    found = open_zarr(done.folder / "downscale" / "q-srdrn-real-s3-test.zarr", "").load()
    ours = table[table["model"] == "q-srdrn-real"]
    assert set(ours["checkpoint"]) == {"q-srdrn-real-s3"} and set(ours["seed"]) == {3} and set(ours["members"]) == {1}

    def value(metric: str, day_set: str, rows: pd.DataFrame = ours) -> float:
        (row,) = rows[(rows["metric"] == metric) & (rows["days"] == day_set)].to_dict("records")
        assert row["lower"] <= row["value"] <= row["upper"]
        return float(row["value"])

    for name in ("all", "heavy"):
        chosen = {"time": np.flatnonzero(in_day_set(days, name))}
        observed = days["precip"].isel(chosen)
        quantiles = found["quantiles"].isel(chosen)
        assert value("mae", name) == pytest.approx(float(mae(found["precip"].isel(chosen), observed)), rel=1e-5)
        tail = pinball(quantiles.sel(quantile=0.99, drop=True), observed, quantile=0.99)
        assert value("pinball_p99", name) == pytest.approx(float(tail), rel=1e-5)
        assert value("quantile_crps", name) == pytest.approx(float(quantile_crps(quantiles, observed)), rel=1e-5)
    beside = table[table["model"] == "climatology"]
    climate = climatology(in_split(store, "train"), [0.95]).isel(quantile=0, drop=True)
    expected = pinball(climate.broadcast_like(days["precip"]), days["precip"], quantile=0.95)
    assert value("pinball_p95", "all", beside) == pytest.approx(float(expected), rel=1e-4)


def test_climatology_is_the_quantile_of_each_cell(prepared: Run) -> None:
    training = in_split(prepared.open_store(), "train").load()
    found = climatology(training, [0.5, 0.99])
    mask = training["mask"].values
    values = training["precip"].values[:, mask]
    np.testing.assert_allclose(found.values[:, mask], np.quantile(values, [0.5, 0.99], axis=0), rtol=1e-5)
    assert np.isnan(found.values[:, ~mask]).all()


def test_training_sets(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path)
    store = run.open_store().load()
    real = in_split(store, "train")
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


def test_command(prepared: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = copy_of(prepared, tmp_path)
    section = {**TINY["downscale"], "steps": 2, "splits": ["validation"]}
    demo = {key: value for key, value in SMALL.items() if key.startswith("data.")}
    settings = {"device": "cpu", "evaluate.resamples": 50, "downscale": section, **demo}
    asked = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    cli.main(
        ["downscale", "--run", str(run.folder), "--network", "srdrn", "--train-on", "oversampled", "--set", *asked]
    )
    assert capsys.readouterr().out.strip().endswith("srdrn-oversampled-s0-validation.csv")
    assert read_json(run.folder / "stages" / "downscale.json")["finished"]
    table = pd.read_csv(run.evaluation / "srdrn-oversampled-s0-validation.csv")
    assert set(table["model"]) == {"srdrn-oversampled"} and set(table["split"]) == {"validation"}
    assert {"mae", "crps", "csi"} <= set(table["metric"]) and not table["metric"].str.contains("pinball").any()


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
        ({"quantiles": [0.5, 1.0]}, "less than 1"),
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
