"""Both real configurations from files to scores, in small: few days, a small network, two or three epochs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.config import DATA_ROOT_VARIABLE, load_config
from rainsmith.pipeline import run_stage
from rainsmith.run_folder import Run
from rainsmith.sample.application import apply

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SMALL: dict[str, Any] = {
    "device": "cpu",
    "model.base_filters": 8,
    "train.precision": "fp32",
    "train.validate_every": 4,
    "train.validation_days": 20,
    "train.batch_size": 32,
    "model.loss.w_max": 1.0,
    "model.loss.w_min": 1.0,
    "model.loss.tail_boost": 1.0,
    "sampling.members": 4,
    "sampling.checkpoint": "best_prior",
    "evaluate.resamples": 50,
    "evaluate.climate": False,
    "evaluate.baselines": ["climatology", "bilinear", "ratio", "analogs", "scaled-analogs"],
}


def scores(folder: Path, config: str, **overrides: Any) -> pd.Series:
    """metric of (model, mode, days, metric) after prepare, train, sample, evaluate."""
    values = {**SMALL, **{key.replace("__", "."): value for key, value in overrides.items()}}
    chosen = load_config(CONFIGS / config, CONFIGS / "models" / "v3.yaml", values)
    run = Run(folder)
    for stage in ("prepare", "train", "sample", "evaluate"):
        run_stage(stage, chosen, run)
    table = pd.read_csv(run.evaluation / "metrics.csv")
    table = table[table["threshold"].isna()]
    return table.set_index(["model", "mode", "days", "metric"])["value"].sort_index()


@pytest.mark.real_data
def test_united_kingdom(real_data: Path, tmp_path: Path) -> None:
    value = scores(
        tmp_path,
        "uk.yaml",
        data__period=["2018-01-01", "2020-02-20"],
        data__splits={"train": [2018, 2018], "validation": [2019, 2019], "test": [2020, 2020]},
        train__epochs=2,
        train__lr=3.0e-3,
        sampling__modes=["prior"],
    )
    crps = value.xs(("prior", "all", "crps"), level=("mode", "days", "metric"))
    assert crps["scaled-analogs"] < crps["analogs"] < crps["climatology"]
    assert crps["ratio"] < crps["bilinear"]
    assert crps["flat"] < crps["climatology"]
    assert value["flat", "prior", "all", "spatial_correlation"] > 0.4
    # a perfect coarse input: what follows it has no bias, climatology cannot know the heavy days
    assert abs(value["scaled-analogs", "prior", "heavy_x", "mass_bias"]) < 0.05
    assert value["climatology", "prior", "heavy_x", "mass_bias"] < -0.3
    assert (
        value["climatology", "prior", "heavy_x", "rank_deviation"]
        > value["scaled-analogs", "prior", "heavy_x", "rank_deviation"]
    )


@pytest.mark.real_data
def test_balearic_islands(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    value = scores(
        folder,
        "balearic.yaml",
        data__period=["2002-01-01", "2004-03-10"],
        data__splits={"train": [2002, 2002], "validation": [2003, 2003], "test": [2004, 2004]},
        train__epochs=3,
        train__batch_size=16,
        train__lr=2.0e-3,
        evaluate__baselines=["climatology", "analogs", "scaled-analogs"],
    )
    models = value.index.get_level_values("model").unique()
    assert {"flat", "climatology", "analogs"} <= set(models)
    assert "scaled-analogs" not in models  # there is no coarse rain to scale by
    crps = value.xs(("prior", "all", "crps"), level=("mode", "days", "metric"))
    assert crps["analogs"] < crps["climatology"]
    # the posterior has seen the observation, the prior has not
    assert value["flat", "posterior", "all", "crps"] < value["flat", "prior", "all", "crps"]
    assert (
        value["flat", "posterior", "all", "spatial_correlation"] > value["flat", "prior", "all", "spatial_correlation"]
    )

    # application: the same days from predictors alone, where no target file is
    elsewhere = tmp_path / "elsewhere" / "balearic"
    elsewhere.mkdir(parents=True)
    for name in ("mslp_ei", "z500_ei", "t850_ei"):
        shutil.copy(real_data / "balearic" / f"{name}_2000-2007.nc", elsewhere)
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(elsewhere.parent))
    period = {"data.period": ["2004-02-01", "2004-02-10"], "sampling.members": 4}
    new = load_config(CONFIGS / "balearic.yaml", CONFIGS / "models" / "v3.yaml", {**SMALL, **period})
    out = apply(new, folder / "checkpoints" / "best_prior.safetensors", tmp_path / "new.zarr")
    with xr.open_zarr(out, consolidated=False) as applied:
        sampled = xr.open_zarr(Run(folder).sample_path("flat", "prior", "test"), consolidated=False)
        days = applied["time"].dt.floor("D").values
        assert len(days) == 10
        same = sampled["precip"].sel(time=np.isin(sampled["time"].dt.floor("D").values, days))
        np.testing.assert_allclose(applied["precip"].values, same.values, rtol=1e-4, atol=1e-3)
    told = " ".join(capsys.readouterr().err.split())
    assert "msl_day0: 0.00 % of the values lie outside the training range" in told
