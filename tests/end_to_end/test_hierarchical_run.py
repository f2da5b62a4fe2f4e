"""The hierarchical model through the stages: resuming, prior members, variations of a storm, mass in written files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.errors import Interrupted, UserError
from rainsmith.config import Config
from rainsmith.evaluate.stage import evaluate
from rainsmith.run_folder import Run
from rainsmith.sample.stage import sample
from rainsmith.train.log import read_log
from rainsmith.train.stage import train
from tests.conftest import copy_of
from tests.small import small_config
from tests.train.test_stage import interrupt_at_step, same_weights


def hierarchical(**more: object) -> Config:
    return small_config(
        evaluate__baselines=[],
        evaluate__climate=False,
        model={
            "name": "hierarchical",
            "levels": 3,
            "channels": [16, 8, 8],
            "latent_channels": [2, 2, 1],
            "x_blocks": 1,
            "objective": {"warmup_epochs": 1, "pooling": [1, 4]},
        },
        train__lr=2e-3,
        train__min_heavy_fraction=0.0,
        **more,
    )


@pytest.fixture(scope="module")
def run(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    trained = copy_of(prepared, tmp_path_factory.mktemp("hierarchical"))
    train(hierarchical(), trained)
    return trained


def test_every_term_is_logged_and_falls(run: Run) -> None:
    rows = read_log(run.metrics_log)
    for row in rows:
        assert {"loss", "rec", "prior", "mixed", "kl"} <= row["train"].keys()
        assert len(row["validation"]["kl_per_dimension"]) == 5
    assert rows[1]["train"]["prior"] < rows[0]["train"]["prior"]
    assert rows[1]["train"]["rec"] < rows[0]["train"]["rec"]


def test_resumed_training_ends_in_the_same_weights(
    prepared: Run, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running means of the objective are part of the state."""
    again = copy_of(prepared, tmp_path)
    interrupt_at_step(7, monkeypatch)  # the first of the second epoch
    with pytest.raises(Interrupted, match="--resume"):
        train(hierarchical(), again)
    train(hierarchical(), again, resume=True)
    assert same_weights(again.checkpoints / "epoch_002", run.checkpoints / "epoch_002")


def test_variations_lie_between_reconstruction_and_prior(prepared: Run, tmp_path: Path) -> None:
    copied = copy_of(prepared, tmp_path)
    steps = {"train__epochs": 2, "train__batch_size": 16, "train__validate_every": 2}
    train(hierarchical(**steps, model__objective__calm_start=True), copied)
    days = {"sampling__days": [f"2003-{month:02d}-{day:02d}" for month in (1, 4, 7, 10) for day in (5, 15, 25)]}
    ways: dict[str, dict[str, object]] = {
        "posterior-test": {"keep_levels": None},
        "posterior-test-v50": {"keep_levels": 0, "variation": 0.5},
        "prior-test": {},
    }
    distance = {}
    for name, settings in ways.items():
        mode = name.split("-")[0]
        config = hierarchical(sampling__modes=[mode], **days, **{f"sampling__{k}": v for k, v in settings.items()})
        (path,) = sample(config, copied)
        assert path.name == f"hierarchical-{name}.zarr"
        drawn = xr.open_zarr(path, consolidated=False)["precip"].values
        assert np.nanmin(drawn) >= 0
        observed = xr.open_zarr(copied.store, consolidated=False)["precip"].sel(
            time=xr.open_zarr(path, consolidated=False)["time"]
        )
        distance[name] = float(np.nanmean(np.abs(np.log1p(drawn) - np.log1p(observed.values[:, None]))))
    assert distance["posterior-test"] < distance["posterior-test-v50"] < distance["prior-test"]
    sample(hierarchical(sampling__modes=["posterior"], sampling__keep_levels=2, **days), copied)
    evaluate(hierarchical(), copied)
    table = pd.read_csv(copied.evaluation / "metrics.csv")
    assert {"hierarchical", "hierarchical-k2", "hierarchical-v50"} == set(table["model"])


def test_more_levels_than_the_model_has_are_refused(run: Run) -> None:
    with pytest.raises(UserError, match=r"keep_levels is 4, the model has 3; expected 0 to 3"):
        sample(hierarchical(sampling__modes=["posterior"], sampling__keep_levels=4), run)


def test_written_members_have_the_mass_of_their_block_means(prepared: Run, tmp_path: Path) -> None:
    """On a store whose coarse rain is block means of the target, written block means equal the input to 1e-4."""
    made = copy_of(prepared, tmp_path)
    store = made.open_store().load()
    mask, block = store["mask"].values, store["block"].values
    channel = [str(c) for c in store["channel"].values].index("coarse_rain")
    shape = (store.sizes["y_lr"], store.sizes["x_lr"])
    means = np.full((store.sizes["time"], shape[0] * shape[1]), 0.0, dtype=np.float32)
    rain = np.where(store["precip"].values < 0.1, 0.0, store["precip"].values)
    for number in np.unique(block[mask]):
        means[:, number] = rain[:, mask & (block == number)].mean(1)
    store["predictors"][:, channel] = means.reshape(-1, *shape)
    store.attrs["coarsen"] = 4
    store.drop_encoding().to_zarr(made.store, mode="w", consolidated=False, zarr_format=3)
    days = [f"2003-{month:02d}-{day:02d}" for month in (1, 4, 7, 10) for day in (5, 15, 25)]
    config = hierarchical(train__epochs=1, train__epoch_steps=2, sampling__modes=["prior"], sampling__days=days)
    train(config, made)
    (path,) = sample(config, made)
    drawn = xr.open_zarr(path, consolidated=False)
    given = made.open_store().sel(time=drawn["time"])
    members = drawn["precip"].values
    wanted = given["predictors"].values[:, channel].reshape(len(members), -1)
    for number in np.unique(block[mask]):
        drawn_means = members[:, :, mask & (block == number)].mean(-1)
        expected = np.broadcast_to(wanted[:, number, None], drawn_means.shape)
        np.testing.assert_allclose(drawn_means, expected, rtol=1e-4, atol=1e-4)
