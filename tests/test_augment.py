"""Augmentation: only training days are a source, the mixture is in the store's format, the pair equals the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.arrays import SPLITS, day_numbers, in_split
from rainsmith.augment import augment, mix, physical_range
from rainsmith.config import UserError
from rainsmith.run import Run, open_zarr
from tests.conftest import copy_of
from tests.small import small_config


@pytest.fixture(scope="module", params=["prior", "posterior"])
def augmented(request: pytest.FixtureRequest, trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(trained, tmp_path_factory.mktemp("augmented"))
    augment(small_config(augment__mode=request.param, augment__ratio=0.3), run)
    return run


def both(run: Run) -> tuple[xr.Dataset, xr.Dataset]:
    return in_split(run.open_store(), "train").load(), open_zarr(run.folder / "augmented.zarr", "").load()


def test_real_days_stand_unchanged_and_synthetic_ones_follow(augmented: Run) -> None:
    real, mixed = both(augmented)
    n = real.sizes["time"]
    assert mixed.sizes["time"] == n + round(0.3 * n)
    assert not mixed["synthetic"].values[:n].any() and mixed["synthetic"].values[n:].all()
    for name in ("precip", "predictors", "time", "category"):
        np.testing.assert_array_equal(mixed[name].values[:n], real[name].values)
    assert set(real.variables) <= set(mixed.variables)


def test_only_training_days_are_a_source(augmented: Run) -> None:
    real, mixed = both(augmented)
    table = pd.read_csv(augmented.folder / "augmentation.csv")
    assert set(table["source_day"]) <= set(day_numbers(real["time"])[real["heavy_x"].values].tolist())
    assert (mixed["split"].values == SPLITS.index("train")).all()
    test_days = set(day_numbers(in_split(augmented.open_store(), "test")["time"]).tolist())
    assert not test_days & set(day_numbers(mixed["time"]).tolist())


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
    table = pd.read_csv(augmented.folder / "augmentation.csv")
    assert {"source_day", "member", "mode", "seed", "checkpoint", "checkpoint_sha256", "accepted", "reason"} <= set(
        table
    )
    assert table["accepted"].all()
    assert not table.duplicated(["source_day", "member"]).any()


def test_array_pair_equals_the_store_after_normalisation(augmented: Run) -> None:
    _, mixed = both(augmented)
    folder = augmented.folder / "augmented_npy"
    x, z = np.load(folder / "predictors_train_mean_std_separate.npy"), np.load(folder / "obs_train_mean_std_single.npy")
    assert x.shape == (mixed.sizes["time"], mixed.sizes["y_lr"], mixed.sizes["x_lr"], mixed.sizes["channel"])
    mask = mixed["mask"].values
    back = np.expm1(z[:, mask] * np.maximum(mixed["log_std"].values[mask], 0.1) + mixed["log_mean"].values[mask])
    np.testing.assert_allclose(back, mixed["precip"].values[:, mask], rtol=1e-3, atol=1e-3)
    scaled = (mixed["predictors"] - mixed["predictor_mean"]) / mixed["predictor_std"]
    np.testing.assert_allclose(
        x, np.nan_to_num(scaled.transpose("time", "y_lr", "x_lr", "channel").values), rtol=1e-4, atol=1e-4
    )


def test_a_planted_test_day_is_refused(trained: Run) -> None:
    """The invariant itself: a mixture that holds a day of another split must not pass."""
    from rainsmith.augment import require_training_days

    store = trained.open_store().load()
    real, test = in_split(store, "train"), in_split(store, "test")
    planted = mix(real, test, np.array([0]), test["precip"].values[:1])
    with pytest.raises(UserError, match="outside the training split"):
        require_training_days(planted)
    require_training_days(mix(real, real, np.array([0]), real["precip"].values[:1]))


def test_physical_range() -> None:
    source = np.array([1.0, np.nan])
    assert physical_range(np.array([5.0, np.nan]), source) == ""
    assert "missing" in physical_range(np.array([np.nan, 1.0]), source)
    assert "outside" in physical_range(np.array([3000.0, np.nan]), source)
    assert "outside" in physical_range(np.array([-1.0, np.nan]), source)


def test_refusals(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    with pytest.raises(UserError, match="not in the train split"):
        augment(small_config(augment__days=["2003-01-05"]), run)
    with pytest.raises(UserError, match="raise it"):
        augment(small_config(augment__ratio=1e-6), run)
