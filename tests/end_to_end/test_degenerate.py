"""Data that say next to nothing, and weights that are no numbers: each goes through, or is refused with its reason."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith import pipeline
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import read_json
from rainsmith.config import load_config
from rainsmith.data.store import write_store
from rainsmith.prepare.arrays import make_store
from rainsmith.run_folder import Run

SPLITS = {
    "train": [["2001-01-01", "2001-03-01"]],
    "validation": [["2001-03-02", "2001-03-11"]],
    "test": [["2001-03-12", "2001-03-31"]],
}
TINY = {
    "device": "cpu",
    "data": {"kind": "gridded", "splits": SPLITS},
    "model": {
        "name": "hierarchical",
        "levels": 2,
        "channels": [8, 8],
        "latent_channels": [1, 1],
        "x_blocks": 1,
        "objective": {"pooling": [1, 2]},
    },
    "train": {"epochs": 1, "batch_size": 16, "precision": "fp32", "validation_members": 2, "save_every": 1},
    "sampling": {"members": 3},
    "evaluate": {"baselines": ["climatology"], "resamples": 50},
}
Arrays = tuple[xr.DataArray, xr.DataArray]


def arrays() -> Arrays:
    """Rain (time, y, x) [mm] and a predictor (time, y, x) on a grid half as fine, of 90 days."""
    rng, time = np.random.default_rng(0), xr.date_range("2001-01-01", periods=90, freq="D")
    fine = {"time": time, "y": 5000.0 * np.arange(6), "x": 5000.0 * np.arange(8)}
    coarse = {"time": time, "y": 10_000.0 * np.arange(3) + 2500, "x": 10_000.0 * np.arange(4) + 2500}
    rain = rng.gamma(0.4, 9.0, (90, 6, 8)).astype(np.float32)
    dims = ("time", "y", "x")
    predictor = xr.DataArray(rng.normal(size=(90, 3, 4)).astype(np.float32), dims=dims, coords=coarse, name="msl")
    return xr.DataArray(rain, dims=dims, coords=fine, attrs={"units": "mm"}), predictor


def prepared_run(folder: Path, change: Callable[..., Arrays], splits: dict[str, Any] | None = None) -> Run:
    run = Run(folder)
    rain, predictor = change(*arrays())
    with warnings.catch_warnings():  # it is said that a field never changes, which is not what is tried here
        warnings.filterwarnings("ignore", message="WARNING: '.*' is the same on all days")
        store = make_store(rain, predictor, splits=splits or SPLITS, suspect="keep")
    write_store(store, run.store)
    return run


def flood(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    return xr.full_like(rain, 2000.0), predictor


def dry(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    return xr.zeros_like(rain), predictor


def dry_in_the_test(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    return rain.where(rain["time"] < np.datetime64("2001-03-12"), 0.0), predictor


def constant_predictor_with_gaps(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    predictor = xr.full_like(predictor, 3.0)
    predictor[:, 0, 0] = np.nan
    return rain, predictor


def no_predictor(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    return rain, xr.full_like(predictor, np.nan)


def one_cell(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    return rain[:, :1, :1], predictor


def one_valid_cell(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    rain[:, 1:], rain[:, :, 1:] = np.nan, np.nan
    return rain, predictor


def usual(rain: xr.DataArray, predictor: xr.DataArray) -> Arrays:
    return rain, predictor


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (flood, {}),
        (dry_in_the_test, {}),
        (constant_predictor_with_gaps, {"sampling.members": 1}),
        (one_cell, {}),
        (one_valid_cell, {"sampling.members": 2, "test": [["2001-03-12", "2001-03-12"]]}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_it_is_trained_sampled_and_scored(
    tmp_path: Path, change: Callable[..., Arrays], settings: dict[str, Any], one_day_of_maps: None
) -> None:
    test = settings.get("test", SPLITS["test"])
    splits = {**SPLITS, "test": test}
    others = {key: value for key, value in settings.items() if key != "test"}
    config = load_config(overrides={**TINY, "data": {"kind": "gridded", "splits": splits}, **others})
    run = prepared_run(tmp_path / "run", change, splits)
    drawn = ("report",) if change in (dry_in_the_test, one_cell) else ()  # pictures take half of the time
    for stage in ("train", "sample", "evaluate", "diagnose", *drawn):
        pipeline.run_stage(stage, config, run)
    table = pd.read_csv(run.evaluation / "metrics.csv")
    assert np.isfinite(table["value"]).all()
    ours = table[(table["model"] == "hierarchical") & (table["mode"] == "prior") & (table["days"] == "all")]
    assert {"crps", "mean", "max_daily"} <= set(ours["metric"])
    # a score that a usual run has, and this one lacks, is among the notes
    notes = " ".join(
        note for of_one in read_json(run.evaluation / "notes.json")["left_out"].values() for note in of_one
    )
    if change is dry_in_the_test:
        assert "mass_bias of all days is undefined" in notes
    if change is flood:
        assert "no heavy_x days" in notes or "heavy_x" in set(table["days"])


@pytest.mark.parametrize(
    ("change", "splits", "message"),
    [
        (dry, {}, "the most that falls on a training day is 0 mm/day; expected rain"),
        (no_predictor, {}, r"90 of 90 days \(100%\) lack the target, a predictor or a lag"),
        (usual, {"train": [["2001-01-01", "2001-01-01"]]}, "give more training days"),
        (usual, {"validation": [["2001-03-02", "2001-03-02"]]}, "the validation split has 1 days, expected 2 or more"),
        (usual, {"test": [["2002-01-01", "2002-01-01"]]}, "split 'test' has no day"),
    ],
)
def test_it_is_refused_with_its_reason(
    tmp_path: Path, change: Callable[..., Arrays], splits: dict[str, Any], message: str
) -> None:
    config = load_config(overrides={**TINY, "data": {"kind": "gridded", "splits": {**SPLITS, **splits}}})
    with pytest.raises(UserError, match=message):
        pipeline.run_stage("train", config, prepared_run(tmp_path / "run", change, {**SPLITS, **splits}))
