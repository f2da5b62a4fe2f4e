"""Real and synthetic days in one set: nothing of another split gets in, and a failed write leaves the last set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.augment.training_set import append_synthetic, mix, require_training_days, write_training_set
from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(), config_of()).load()


@pytest.fixture(scope="module")
def real(store: xr.Dataset) -> xr.Dataset:
    return in_split(store, "train").isel(time=slice(0, 20))


def test_a_planted_test_day_is_refused(store: xr.Dataset, real: xr.Dataset) -> None:
    """A set that holds a day of another split must not pass."""
    test = in_split(store, "test")
    planted = mix(real, test, np.array([0]), test["precip"].values[:1])
    with pytest.raises(UserError, match="outside the training split"):
        require_training_days(planted)
    require_training_days(mix(real, real, np.array([0]), real["precip"].values[:1]))


def test_synthetic_days_follow_with_the_predictors_and_the_mask_of_their_source(real: xr.Dataset) -> None:
    fields = np.full((3, *real["precip"].shape[1:]), 7.0)
    mixed = mix(real, real, np.array([4, 4, 1]), fields, weight=0.5)
    assert mixed.sizes["time"] == 23
    for name in real.variables:
        if "time" in real[name].dims:
            np.testing.assert_array_equal(mixed[name].values[:20], real[name].values)
            if name != "precip":
                np.testing.assert_array_equal(mixed[name].values[20:], real[name].values[[4, 4, 1]])
    observed = np.isfinite(real["precip"].values[[4, 4, 1]])
    np.testing.assert_array_equal(mixed["precip"].values[20:], np.where(observed, 7.0, np.nan))
    assert mixed["synthetic"].values.tolist() == [False] * 20 + [True] * 3
    assert mixed["weight"].values.tolist() == [1.0] * 20 + [0.5] * 3


def test_appending_synthetic_days_gives_the_set_that_they_were_taken_from(real: xr.Dataset) -> None:
    mixed = mix(real, real, np.array([2]), 2 * real["precip"].values[2:3], weight=0.5)
    synthetic = mixed.isel(time=mixed["synthetic"].values)
    xr.testing.assert_identical(append_synthetic(real, synthetic), mixed)


def test_a_failure_leaves_the_last_good_set(real: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, pair = tmp_path / "augmented.zarr", tmp_path / "pair"
    write_training_set(mix(real, real, np.array([0]), real["precip"].values[:1]), target, pair)
    before = open_zarr(target, "").load()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(OSError, match="no space left"):
        write_training_set(mix(real, real, np.array([0, 1]), real["precip"].values[:2]), target, pair)
    xr.testing.assert_identical(before, open_zarr(target, "").load())
    assert len(np.load(pair / "days.npy")) == 21
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
