"""Augmentation: only training days are a source, the mixture is in the store's format, the pair equals the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.augment.judge import Judge
from rainsmith.augment.stage import augment, mix, rejections, require_training_days
from rainsmith.base.dims import SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import open_zarr
from rainsmith.cli import main as cli
from rainsmith.config import Augment, Config, Sampling
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


@pytest.fixture(scope="module", params=["prior", "posterior"])
def augmented(request: pytest.FixtureRequest, trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(trained, tmp_path_factory.mktemp("augmented"))
    augment(config_of(mode=request.param, weight=0.5), run)
    return run


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return copy_of(trained, tmp_path / "run")


def both(run: Run) -> tuple[xr.Dataset, xr.Dataset]:
    return in_split(run.open_store(), "train").load(), open_zarr(run.folder / "augmented.zarr", "").load()


def table_of(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "augmentation.csv", keep_default_na=True)


def test_real_days_stand_unchanged_and_synthetic_ones_follow(augmented: Run) -> None:
    real, mixed = both(augmented)
    n = real.sizes["time"]
    assert mixed.sizes["time"] == n + round(0.3 * n)
    assert not mixed["synthetic"].values[:n].any() and mixed["synthetic"].values[n:].all()
    assert (mixed["weight"].values[:n] == 1).all() and (mixed["weight"].values[n:] == 0.5).all()
    for name in ("precip", "predictors", "time", "category"):
        np.testing.assert_array_equal(mixed[name].values[:n], real[name].values)
    assert set(real.variables) <= set(mixed.variables)


def test_only_training_days_are_a_source(augmented: Run) -> None:
    real, mixed = both(augmented)
    assert set(table_of(augmented)["source_day"]) <= set(day_numbers(real["time"])[real["heavy_x"].values].tolist())
    assert (mixed["split"].values == SPLIT_VALUES["train"]).all()
    test_days = set(day_numbers(in_split(augmented.open_store(), "test")["time"]).tolist())
    assert not test_days & set(day_numbers(mixed["time"]).tolist())


def test_no_choice_of_days_reaches_another_split(run: Run) -> None:
    """All days, the wettest by x, and rare ones: always training days, though the store holds others that qualify."""
    for settings in ({"days": "all"}, {"top": 1.0, "return_period": 0.1}):
        augment(config_of(**settings), run)
        assert set(table_of(run)["source_day"] // 10000) == {2001}
        _, mixed = both(run)
        assert (mixed["split"].values == SPLIT_VALUES["train"]).all()


def test_synthetic_days_carry_the_predictors_and_the_mask_of_their_source(augmented: Run) -> None:
    real, mixed = both(augmented)
    numbers = day_numbers(mixed["time"])
    n = real.sizes["time"]
    for i in (n, mixed.sizes["time"] - 1):
        source = int(np.flatnonzero(day_numbers(real["time"]) == numbers[i])[0])
        np.testing.assert_array_equal(mixed["predictors"].values[i], real["predictors"].values[source])
        np.testing.assert_array_equal(np.isnan(mixed["precip"].values[i]), np.isnan(real["precip"].values[source]))
        assert not np.array_equal(mixed["precip"].values[i], real["precip"].values[source], equal_nan=True)


def test_provenance_says_how_each_day_was_made(augmented: Run) -> None:
    _, mixed = both(augmented)
    table = table_of(augmented)
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


def test_array_pair_equals_the_store_after_normalisation(augmented: Run) -> None:
    """With plain numpy, by the formulas of docs/legacy.md."""
    _, mixed = both(augmented)
    folder = augmented.folder / "augmented_npy"
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


def test_a_planted_test_day_is_refused(trained: Run) -> None:
    """The invariant itself: a mixture that holds a day of another split must not pass."""
    store = trained.open_store().load()
    real, test = in_split(store, "train"), in_split(store, "test")
    planted = mix(real, test, np.array([0]), test["precip"].values[:1])
    with pytest.raises(UserError, match="outside the training split"):
        require_training_days(planted)
    require_training_days(mix(real, real, np.array([0]), real["precip"].values[:1]))


def reject(monkeypatch: pytest.MonkeyPatch, bad: Any) -> None:
    """Let the judge also reject the days for which ``bad(table)`` is true."""
    honest = Judge.__call__

    def judged(self: Judge, fields: np.ndarray, sources: xr.Dataset) -> pd.DataFrame:
        table = honest(self, fields, sources)
        wrong = bad(table)
        return table.assign(accepted=table["accepted"] & ~wrong, reason=np.where(wrong, "planted: bad", ""))

    monkeypatch.setattr(Judge, "__call__", judged)


def test_a_rejected_day_is_drawn_anew_and_stays_in_the_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    augment(config_of(), run)
    first = table_of(run)
    limit = float(first["max_mm"].median())
    reject(monkeypatch, lambda table: table["max_mm"].to_numpy() > limit)
    augment(config_of(), run)
    again, (real, mixed) = table_of(run), both(run)
    rejected = again[~again["accepted"]]
    assert len(rejected) >= 0.4 * len(first) and (rejected["reason"] == "planted: bad").all()
    assert (rejected["weight"] == 0).all() and (again.loc[again["accepted"], "weight"] == 1).all()
    assert rejections(again) == {"planted": len(rejected)}
    for _, tries in again.groupby("number"):
        assert (np.diff(tries["member"]) == 1).all()  # one after the other, none left out
        assert tries["source_day"].nunique() == 1 and not tries["accepted"].iloc[:-1].any()
    assert not again.duplicated(["source_day", "member"]).any()
    # days that nobody rejected are the same as before, whatever happened to others
    kept = first[first["max_mm"] <= limit].set_index("number")
    same = again[again["accepted"]].set_index("number").loc[kept.index]
    np.testing.assert_array_equal(same["member"], kept["member"])
    np.testing.assert_allclose(same["max_mm"], kept["max_mm"], rtol=1e-4)
    synthetic = mixed["precip"].values[real.sizes["time"] :]
    assert np.nanmax(synthetic) <= limit
    np.testing.assert_allclose(np.nanmax(synthetic, axis=(1, 2)), again.loc[again["accepted"], "max_mm"], rtol=1e-5)


def test_a_day_is_given_up_after_its_tries(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    augment(config_of(ratio=0.05), run)
    hopeless = int(table_of(run)["source_day"][3])
    reject(monkeypatch, lambda table: table["source_day"].to_numpy() == hopeless)
    augment(config_of(ratio=0.05, tries=3), run)
    table, (real, mixed) = table_of(run), both(run)
    assert (table["source_day"] == hopeless).sum() == 3
    wanted = round(0.05 * real.sizes["time"])
    assert mixed.sizes["time"] == real.sizes["time"] + wanted - 1
    assert hopeless not in day_numbers(mixed["time"])[mixed["synthetic"].values]
    about = json.loads(mixed.attrs["augmentation"])
    assert (about["wanted"], about["accepted"]) == (wanted, wanted - 1)
    reject(monkeypatch, lambda table: np.ones(len(table), dtype=bool))
    augment(config_of(ratio=0.05, tries=1), run)
    _, mixed = both(run)
    assert mixed.sizes["time"] == real.sizes["time"] and not mixed["synthetic"].values.any()
    assert len(np.load(run.folder / "augmented_npy" / "days.npy")) == real.sizes["time"]
    assert f"0 of {wanted} synthetic days" in capsys.readouterr().err


def test_the_checks_reject_what_a_poor_model_draws(run: Run) -> None:
    """Two epochs of a small network draw smooth days; with the checks none of them gets in unjudged."""
    augment(config_of(checks=["spectrum", "copy", "stranger"], tries=1), run)
    table = table_of(run)
    assert len(table) == round(0.3 * 365) and (~table["accepted"]).any()
    assert set(rejections(table)) <= {"spectrum", "copy", "stranger"}
    assert (table.loc[table["spectrum"].abs() > 1, "reason"].str.contains("spectrum:")).all()


def test_steering_orders_intensities(run: Run) -> None:
    maxima = []
    for intensity in (0.05, 0.5, 0.95):
        augment(config_of(ratio=0.1, intensity=intensity), run)
        table = table_of(run)
        assert (np.abs(table["intensity"] - intensity) <= 1 / 20).all()
        maxima.append(table["max_mm"].to_numpy())
    assert (maxima[0] < maxima[1]).all() and (maxima[1] < maxima[2]).all()


def test_steering_by_return_period_picks_by_the_level_of_the_maximum(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Sampler.draw
    maxima = []

    def strong(self: Sampler, *given: Any, **more: Any) -> np.ndarray:
        """The small network draws drizzle; twelve times that reaches the level of a rare day now and then."""
        drawn = 12 * honest(self, *given)
        maxima.append(np.nan_to_num(drawn).max(axis=(2, 3)))
        return drawn

    monkeypatch.setattr(Sampler, "draw", strong)
    augment(config_of(ratio=0.05, target_return_period=0.06), run)
    table = table_of(run)
    real, _ = both(run)
    level = Judge.from_training_days(real, Augment(), 0.1).tail.level(0.06)
    pool = np.concatenate(maxima)
    assert pool.shape == (len(table), 20)
    nearest = np.abs(np.log(pool / level)).argmin(axis=1)
    np.testing.assert_allclose(table["max_mm"], pool[np.arange(len(pool)), nearest], rtol=1e-5)
    np.testing.assert_array_equal(table["member"], nearest)
    assert len(set(nearest.tolist())) > 3


def test_steered_days_go_on_with_the_next_nearest_candidate(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    augment(config_of(ratio=0.05, intensity=1.0, candidates=8), run)
    highest = table_of(run)
    reject(monkeypatch, lambda table: np.isin(table["max_mm"].to_numpy(), highest["max_mm"].to_numpy()))
    augment(config_of(ratio=0.05, intensity=1.0, candidates=8), run)
    again = table_of(run)
    assert again.groupby("number")["intensity"].apply(list).tolist() == [[0.9375, 0.8125]] * len(highest)


def test_days_drawn_twice_are_other_members(run: Run) -> None:
    """More synthetic days than sources: a further round has members of its own."""
    augment(config_of(days=["2001-03-01", "2001-07-01"], ratio=5.0 / 365), run)
    table = table_of(run)
    assert table["source_day"].tolist() == [20010301, 20010701, 20010301, 20010701, 20010701]
    assert table["member"].tolist() == [0, 0, 10, 10, 20]
    assert table["max_mm"].nunique() == 5


def test_few_days_are_spread_over_all_sources(run: Run) -> None:
    augment(config_of(days="all", ratio=0.05), run)
    months = table_of(run)["source_day"] // 100 % 100
    assert len(months) == 18 and set(months) == set(range(1, 13))


def test_variations_of_the_storm_have_keys_of_their_own(run: Run) -> None:
    """augment.variation overrides sampling.variation; the same seed, day and member give the same field elsewhere."""
    sampling = {**SMALL["sampling"], "keep_levels": 0, "variation": 1.0}
    loaded = checkpoint.load(run.checkpoints / "best_prior")
    fields = []
    for variation in (0.0, None):
        settings = {"ratio": 0.02, "checks": [], "mode": "posterior", "seed": 5, "variation": variation}
        augment(small_config(sampling=sampling, augment=settings), run)
        table, (real, mixed) = table_of(run), both(run)
        expected = 1.0 if variation is None else variation
        assert (table["keep_levels"] == 0).all() and (table["variation"] == expected).all()
        source = real.isel(time=np.isin(day_numbers(real["time"]), table["source_day"][:1]))
        batch = Days(source).batch(np.array([0]))
        sampler = Sampler(loaded, Sampling(keep_levels=0, variation=expected, seed=5), "cpu")
        drawn = sampler.draw(batch.x, batch.days, table["member"][:1].tolist(), batch.y, batch.valid)[0, 0]
        fields.append(mixed["precip"].values[real.sizes["time"]])
        np.testing.assert_allclose(fields[-1], np.where(batch.valid[0], drawn, np.nan), rtol=1e-4, atol=1e-4)
    assert not np.allclose(*fields, atol=1e-2, equal_nan=True)


def test_noise_with_a_memory_follows_the_calendar_of_the_store(run: Run) -> None:
    """In a calendar of 360 days the day before 1 March is 30 February, and a synthetic day's noise remembers it."""
    store = run.open_store().load()
    days = xr.date_range("2001-01-01", periods=store.sizes["time"], calendar="360_day", use_cftime=True)
    shutil.rmtree(run.store)
    store.assign_coords(time=days).drop_encoding().to_zarr(run.store, consolidated=False, zarr_format=3)

    sampling = {**SMALL["sampling"], "noise_memory": 0.5}
    chosen = ["2001-02-30", "2001-03-01"]
    augment(small_config(sampling=sampling, augment={"ratio": 2 / 365, "checks": [], "days": chosen}), run)
    table, (real, mixed) = table_of(run), both(run)
    assert table["source_day"].tolist() == [20010230, 20010301] and (table["noise_memory"] == 0.5).all()
    batch = Days(real).batch(np.flatnonzero(np.isin(day_numbers(real["time"]), table["source_day"])))
    sampler = Sampler(checkpoint.load(run.checkpoints / "best_prior"), Sampling(noise_memory=0.5), "cpu")
    drawn = sampler.draw(batch.x, batch.days, [0], calendar="360_day")[:, 0]
    expected = np.where(batch.valid, drawn, np.nan)
    np.testing.assert_allclose(mixed["precip"].values[real.sizes["time"] :], expected, rtol=1e-4, atol=1e-4)
    other = sampler.draw(batch.x[1:], batch.days[1:], [0], calendar="standard")[0, 0]
    assert not np.allclose(other[batch.valid[1]], drawn[1][batch.valid[1]], atol=1e-2)


def test_a_failure_leaves_the_last_good_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    augment(config_of(ratio=0.05), run)
    _, before = both(run)

    def full(*args: object, **kwargs: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(OSError):
        augment(config_of(ratio=0.2), run)
    _, after = both(run)
    xr.testing.assert_identical(before, after)
    assert not [path for path in run.folder.iterdir() if path.name.startswith(".")]


def test_options_of_the_command(run: Run, tmp_path: Path) -> None:
    import yaml

    nested: dict[str, Any] = {}
    for key, value in SMALL.items():
        *sections, last = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({**nested, "augment": {"checks": []}}))
    options = ["--top", "0.02", "--mode", "posterior", "--ratio", "0.03", "--intensity", "0.9"]
    cli.main(["augment", "--config", str(path), "--run", str(run.folder), *options])
    table = table_of(run)
    assert (table["mode"] == "posterior").all() and len(table) == 11 and table["source_day"].nunique() == 7
    assert (table["intensity"] > 0.8).all()
    cli.main(["augment", "--config", str(path), "--run", str(run.folder), "--days", "2001-02-03", "2001-05-06"])
    assert set(table_of(run)["source_day"]) == {20010203, 20010506}


def test_refusals(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    with pytest.raises(UserError, match="not in the train split"):
        augment(config_of(days=["2003-01-05"]), run)
    with pytest.raises(UserError, match="raise it"):
        augment(config_of(ratio=1e-6), run)
    with pytest.raises(UserError, match=r"set augment\.keep_levels: 0"):
        augment(config_of(mode="posterior", variation=0.5), run)
