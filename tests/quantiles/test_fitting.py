"""Which days calibrate quantiles, and by whose members."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.dims import SPLITS, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.models import checkpoint as checkpoints
from rainsmith.quantiles.fitting import calibrated, kept_calibration, parts_of
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.folds import Fold, days_to_learn_and_to_choose
from rainsmith.train.joining import join
from tests.conftest import copy_of
from tests.small import small_config


def cross_fitted(trained: Run, folder: Path) -> Run:
    """A pool of two networks, the same one twice, that says that each has left out a block of years."""
    run = copy_of(trained, folder)
    for number in range(2):
        target = run.network(number).checkpoints
        target.mkdir(parents=True)
        for file in trained.checkpoints.glob("best_prior.*"):
            shutil.copy(file, target / file.name)
    config = small_config(train__pool=2, train__cross_fit=True)
    join(
        [run.network(number).checkpoints / "best_prior" for number in range(2)],
        run.checkpoints / "best_prior.safetensors",
        config,
    )
    return run


def test_validation_days_calibrate_a_network(trained: Run) -> None:
    store, loaded = trained.open_store(), checkpoints.load(trained.checkpoints / "best_prior")
    config = small_config(quantiles__calibration_days=50)
    sampler = Sampler(loaded, config.sampling, "cpu")
    ((who, days),) = parts_of(config, trained, store, loaded, sampler)
    assert who is sampler and 25 < days.sizes["time"] <= 50
    assert set(days["split"].values) == {SPLITS.index("validation")}


def test_each_network_of_a_cross_fitted_pool_calibrates_on_the_days_that_it_left_out(
    trained: Run, tmp_path: Path
) -> None:
    run = cross_fitted(trained, tmp_path / "run")
    store, loaded = run.open_store(), checkpoints.load(run.checkpoints / "best_prior")
    config = small_config(quantiles__calibration_days=100, quantiles__members=6)
    sampler = Sampler(loaded, config.sampling, "cpu")
    parts = parts_of(config, run, store, loaded, sampler)
    assert len(parts) == 2 and 50 < sum(days.sizes["time"] for _, days in parts) <= 101
    for number, (who, days) in enumerate(parts):
        assert who is not sampler
        _, left_out = days_to_learn_and_to_choose(store, Fold(number, 2))
        assert np.isin(day_numbers(days["time"]), day_numbers(left_out["time"])).all()
    used = np.concatenate([day_numbers(days["time"]) for _, days in parts])
    assert not np.isin(used, day_numbers(in_split(store, "test")["time"])).any()
    assert len(np.unique(used)) == len(used)
    made = calibrated(config, run, store, loaded, sampler)
    kept = kept_calibration(run, loaded, config)
    assert kept is not None and np.array_equal(kept.exceeded, made.exceeded)
    assert np.array_equal(kept.climates, made.climates) and np.array_equal(kept.shares, made.shares)


def test_a_cross_fitted_pool_without_its_networks_says_what_is_missing(trained: Run, tmp_path: Path) -> None:
    run = cross_fitted(trained, tmp_path / "run")
    shutil.rmtree(run.network(1).folder)
    loaded = checkpoints.load(run.checkpoints / "best_prior")
    sampler = Sampler(loaded, small_config().sampling, "cpu")
    with pytest.raises(UserError, match=r"network-2.*is missing; copy the folder of each network"):
        parts_of(small_config(), run, run.open_store(), loaded, sampler)
