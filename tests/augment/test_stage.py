"""Augmentation: only training days are a source, the mixture is in the store's format, the pair equals the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.augment.judge import Judge, Rejection
from rainsmith.augment.stage import augment, synthesise
from rainsmith.base.dims import SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from rainsmith.cli import main as cli
from rainsmith.config import Config, Sampling
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from tests.conftest import copy_of
from tests.small import SMALL, small_config

SPLIT_VALUES = {name: index for index, name in enumerate(SPLITS)}


def config_of(**settings: Any) -> Config:
    """The small network is no good: unless asked for, no check rejects its days."""
    return small_config(augment={"ratio": 0.3, "checks": [], **settings})


@dataclass(frozen=True)
class Written:
    """A run folder and what ``augment`` wrote there: the real days, the mixed set and the table, read back."""

    run: Run
    real: xr.Dataset
    mixed: xr.Dataset
    table: pd.DataFrame


@pytest.fixture(scope="module", params=["prior", "posterior"])
def augmented(request: pytest.FixtureRequest, trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Written:
    run = copy_of(trained, tmp_path_factory.mktemp("augmented"))
    augment(config_of(mode=request.param, weight=0.5), run)
    return Written(run, *both(run), table_of(run))


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return copy_of(trained, tmp_path / "run")


def both(run: Run) -> tuple[xr.Dataset, xr.Dataset]:
    return in_split(run.open_store(), "train").load(), open_zarr(run.folder / "augmented.zarr", "").load()


def table_of(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "augmentation.csv", keep_default_na=True)


def test_real_days_stand_unchanged_and_synthetic_ones_follow(augmented: Written) -> None:
    real, mixed = augmented.real, augmented.mixed
    n = real.sizes["time"]
    assert mixed.sizes["time"] == n + round(0.3 * n)
    assert not mixed["synthetic"].values[:n].any() and mixed["synthetic"].values[n:].all()
    assert (mixed["weight"].values[:n] == 1).all() and (mixed["weight"].values[n:] == 0.5).all()
    for name in ("precip", "predictors", "time", "category"):
        np.testing.assert_array_equal(mixed[name].values[:n], real[name].values)
    assert set(real.variables) <= set(mixed.variables)


def test_only_training_days_are_a_source(augmented: Written) -> None:
    real, mixed = augmented.real, augmented.mixed
    assert set(augmented.table["source_day"]) <= set(day_numbers(real["time"])[real["heavy_x"].values].tolist())
    assert (mixed["split"].values == SPLIT_VALUES["train"]).all()
    test_days = set(day_numbers(in_split(augmented.run.open_store(), "test")["time"]).tolist())
    assert not test_days & set(day_numbers(mixed["time"]).tolist())


def test_synthetic_days_carry_the_predictors_and_the_mask_of_their_source(augmented: Written) -> None:
    real, mixed = augmented.real, augmented.mixed
    numbers = day_numbers(mixed["time"])
    n = real.sizes["time"]
    for i in (n, mixed.sizes["time"] - 1):
        source = int(np.flatnonzero(day_numbers(real["time"]) == numbers[i])[0])
        np.testing.assert_array_equal(mixed["predictors"].values[i], real["predictors"].values[source])
        np.testing.assert_array_equal(np.isnan(mixed["precip"].values[i]), np.isnan(real["precip"].values[source]))
        assert not np.array_equal(mixed["precip"].values[i], real["precip"].values[source], equal_nan=True)


def test_provenance_says_how_each_day_was_made(augmented: Written) -> None:
    mixed = augmented.mixed
    table = augmented.table
    columns = (
        "number source_day mode seed member checkpoint checkpoint_sha256 temperature pixel_threshold keep_levels "
        "variation max_mm mean_mm source_max_mm mass return_period nearest_day nearest_distance source_distance "
        "stranger spectrum accepted reason weight"
    )
    assert set(columns.split()) <= set(table)
    assert table["accepted"].all() and (table["weight"] == 0.5).all()
    assert not table.duplicated(["source_day", "member"]).any()
    synthetic = mixed.isel(time=mixed["synthetic"].values)
    np.testing.assert_array_equal(table["source_day"], day_numbers(synthetic["time"]))
    np.testing.assert_allclose(table["max_mm"], synthetic["precip"].max(("y", "x")), rtol=1e-5)
    about = json.loads(mixed.attrs["augmentation"])
    assert about["wanted"] == about["accepted"] == about["judged"] == len(table)
    assert about["bounds"]["return_period"] == 1000 and about["settings"]["weight"] == 0.5


def test_array_pair_equals_the_store_after_normalisation(augmented: Written) -> None:
    """With plain numpy, by the formulas of docs/legacy.md."""
    mixed = augmented.mixed
    folder = augmented.run.folder / "augmented_npy"
    x, z = np.load(folder / "predictors_train_mean_std_separate.npy"), np.load(folder / "obs_train_mean_std_single.npy")
    mean, std = np.load(folder / "log_mean.npy"), np.load(folder / "log_std.npy")
    assert x.shape == (mixed.sizes["time"], mixed.sizes["y_lr"], mixed.sizes["x_lr"], mixed.sizes["channel"])
    precip = mixed["precip"].values
    np.testing.assert_array_equal(np.isnan(z), np.isnan(precip))
    np.testing.assert_allclose(z, (np.log1p(precip) - mean) / std, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.maximum(np.expm1(z * std + mean), 0), precip, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(mean, mixed["log_mean"].values, rtol=1e-6)
    scaled = (mixed["predictors"] - mixed["predictor_mean"]) / mixed["predictor_std"]
    np.testing.assert_allclose(
        x, np.nan_to_num(scaled.transpose("time", "y_lr", "x_lr", "channel").values), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_array_equal(np.load(folder / "days.npy"), day_numbers(mixed["time"]))
    np.testing.assert_array_equal(np.load(folder / "synthetic.npy"), mixed["synthetic"].values)
    np.testing.assert_array_equal(np.load(folder / "weight.npy"), mixed["weight"].values)


def test_options_of_the_command(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    nested: dict[str, Any] = {}
    for key, value in SMALL.items():
        *sections, last = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({**nested, "augment": {"checks": [], "candidates": 5, "weight": 0.5}}))
    options = ["--top", "0.02", "--mode", "posterior", "--ratio", "0.03", "--intensity", "0.9"]
    cli.main(["augment", "--config", str(path), "--run", str(run.folder), *options])
    table = table_of(run)
    assert (table["mode"] == "posterior").all() and len(table) == 11 and table["source_day"].nunique() == 7
    assert (table["intensity"] > 0.8).mean() > 0.5
    weight = table["weight"].to_numpy()  # that these are the right weights is shown by test_steering.py
    np.testing.assert_allclose(weight, 0.5 / (5 * table["probability"]))
    _, mixed = both(run)
    np.testing.assert_allclose(mixed["weight"].values[mixed["synthetic"].values], weight, rtol=1e-6)
    np.testing.assert_array_equal(np.load(run.folder / "augmented_npy" / "weight.npy"), mixed["weight"].values)
    effective = json.loads(mixed.attrs["augmentation"])["effective"]
    assert effective == pytest.approx(weight.sum() ** 2 / (weight**2).sum()) and effective < 0.6 * len(weight)
    assert f"11 days count as {effective:.4g} equal ones" in capsys.readouterr().err
    cli.main(
        [
            "augment",
            "--config",
            str(path),
            "--run",
            str(run.folder),
            "--days",
            "2001-02-03",
            "2001-05-06",
            "--ratio",
            "0.01",
        ]
    )
    assert set(table_of(run)["source_day"]) == {20010203, 20010506}


def test_no_choice_of_days_reaches_another_split(trained: Run) -> None:
    """All days, the wettest by their predictors, and rare ones: the store holds test days that would qualify."""
    for settings in ({"days": "all", "ratio": 0.05}, {"top": 1.0, "return_period": 0.1, "ratio": 0.05}):
        made = synthesise(config_of(**settings), trained)
        assert set(made.table["source_day"] // 10000) == {2001}
        assert (made.training_set["split"].values == SPLIT_VALUES["train"]).all()


def test_few_days_are_spread_over_all_sources(trained: Run) -> None:
    months = synthesise(config_of(days="all", ratio=0.05), trained).table["source_day"] // 100 % 100
    assert len(months) == 18 and set(months) == set(range(1, 13))


def reject(monkeypatch: pytest.MonkeyPatch, bad: Callable[[pd.DataFrame], np.ndarray]) -> None:
    """Let the judge also reject the days for which ``bad(table)`` is true."""
    honest = Judge.__call__
    planted = (Rejection("planted", {}, lambda figures: "bad"),)

    def judged(self: Judge, fields: np.ndarray, sources: xr.Dataset) -> pd.DataFrame:
        table = honest(self, fields, sources)
        wrong = bad(table)
        rejections = [planted if is_wrong else () for is_wrong in wrong]
        return table.assign(accepted=table["accepted"] & ~wrong, rejections=rejections)

    monkeypatch.setattr(Judge, "__call__", judged)


def test_rejected_days_stay_in_the_table_and_out_of_the_set(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """How days are drawn anew is shown by test_drawing.py; here with the network, so that its noise is the same."""
    first = synthesise(config_of(ratio=0.05), trained).table
    limit = float(first["max_mm"].median())
    reject(monkeypatch, lambda table: table["max_mm"].to_numpy() > limit)
    made = synthesise(config_of(ratio=0.05), trained)
    again, synthetic = made.table, made.training_set["precip"].values[made.training_set["synthetic"].values]
    rejected = again[~again["accepted"]]
    assert len(rejected) >= 0.4 * len(first) and (rejected["reason"] == "planted: bad").all()
    assert (rejected["weight"] == 0).all() and (again.loc[again["accepted"], "weight"] == 1).all()
    assert (again.loc[again["accepted"], "reason"] == "").all()
    assert made.rejections == {"planted": len(rejected)}
    # days that nobody rejected are the same as before, whatever happened to others
    kept = first[first["max_mm"] <= limit].set_index("number")
    same = again[again["accepted"]].set_index("number").loc[kept.index]
    np.testing.assert_array_equal(same["member"], kept["member"])
    np.testing.assert_allclose(same["max_mm"], kept["max_mm"], rtol=1e-4)
    np.testing.assert_allclose(np.nanmax(synthetic, axis=(1, 2)), again.loc[again["accepted"], "max_mm"], rtol=1e-5)


def test_a_set_is_shorter_where_a_day_is_given_up(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, wanted, hopeless = 365, 4, 20010615
    days = {"days": ["2001-02-03", "2001-04-01", "2001-06-15", "2001-11-30"], "ratio": wanted / real}
    reject(monkeypatch, lambda table: table["source_day"].to_numpy() == hopeless)
    made = synthesise(config_of(**days, tries=3), run)
    assert (made.table["source_day"] == hopeless).sum() == 3
    mixed = made.training_set
    assert mixed.sizes["time"] == real + wanted - 1
    assert hopeless not in day_numbers(mixed["time"])[mixed["synthetic"].values]
    about = json.loads(mixed.attrs["augmentation"])
    assert (about["wanted"], about["accepted"], about["judged"]) == (wanted, wanted - 1, wanted + 2)

    reject(monkeypatch, lambda table: np.ones(len(table), dtype=bool))
    assert augment(config_of(**days, tries=1), run) == run.folder / "augmented.zarr"
    _, mixed = both(run)
    assert mixed.sizes["time"] == real and not mixed["synthetic"].values.any()
    assert len(np.load(run.folder / "augmented_npy" / "days.npy")) == real
    assert f"0 of {wanted} synthetic days, {wanted} judged; rejected by planted {wanted}" in capsys.readouterr().err


def test_the_checks_reject_what_a_poor_model_draws(trained: Run) -> None:
    """Two epochs of a small network draw smooth days; with the checks none of them gets in unjudged."""
    made = synthesise(config_of(checks=["spectrum", "copy", "stranger"], tries=1, ratio=0.1), trained)
    table = made.table
    assert len(table) == round(0.1 * 365) and (~table["accepted"]).any()
    assert set(made.rejections) <= {"spectrum", "copy", "stranger"} and made.rejections["spectrum"] > 0
    assert (table.loc[table["spectrum"].abs() > 1, "reason"].str.contains("spectrum:")).all()


def test_variations_of_the_storm_have_keys_of_their_own(trained: Run) -> None:
    """augment.variation overrides sampling.variation; the same seed, day and member give the same field elsewhere."""
    sampling = {**SMALL["sampling"], "keep_levels": 0, "variation": 1.0}
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    real = in_split(trained.open_store(), "train").load()
    fields = []
    for variation in (0.0, None):
        settings = {"ratio": 0.02, "checks": [], "mode": "posterior", "seed": 5, "variation": variation}
        made = synthesise(small_config(sampling=sampling, augment=settings), trained)
        table, expected = made.table, 1.0 if variation is None else variation
        assert (table["keep_levels"] == 0).all() and (table["variation"] == expected).all()
        source = real.isel(time=np.isin(day_numbers(real["time"]), table["source_day"][:1]))
        batch = Days(source).batch(np.array([0]))
        sampler = Sampler(loaded, Sampling(keep_levels=0, variation=expected, seed=5), "cpu")
        drawn = sampler.draw(batch.x, batch.days, table["member"][:1].tolist(), batch.y, batch.valid)[0, 0]
        fields.append(made.training_set["precip"].values[real.sizes["time"]])
        np.testing.assert_allclose(fields[-1], np.where(batch.valid[0], drawn, np.nan), rtol=1e-4, atol=1e-4)
    assert not np.allclose(*fields, atol=1e-2, equal_nan=True)


def test_refusals(trained: Run) -> None:
    with pytest.raises(UserError, match="not in the train split"):
        synthesise(config_of(days=["2003-01-05"]), trained)
    with pytest.raises(UserError, match="raise it"):
        synthesise(config_of(ratio=1e-6), trained)
    with pytest.raises(UserError, match=r"set augment\.keep_levels: 0"):
        synthesise(config_of(mode="posterior", variation=0.5), trained)
