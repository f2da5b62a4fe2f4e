"""Sampling: member noise, thresholds in mm/day, masks, formats, resuming, application without observations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Sampling
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample import files as sample_files
from rainsmith.sample.days import select_days
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.small import small_config


@pytest.fixture(scope="module")
def sampled(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = copy_of(trained, tmp_path_factory.mktemp("sampled"))
    sample(small_config(sampling__days="heavy_x"), run)
    return run


def opened(run: Run, mode: str = "prior") -> xr.Dataset:
    return xr.open_zarr(run.sample_path("flat", mode, "test"), consolidated=False)


def test_store_is_cf_and_says_how_it_was_made(sampled: Run) -> None:
    store = in_split(sampled.open_store(), "test")
    drawn = opened(sampled)
    assert drawn["precip"].dims == ("time", "member", "y", "x")
    assert drawn["precip"].attrs["units"] == "mm/day"
    assert drawn["member"].attrs["standard_name"] == "realization"
    mapping = drawn["precip"].attrs["grid_mapping"]
    assert mapping in drawn.variables
    assert {"model", "checkpoint", "checkpoint_sha256", "seed", "mode", "split", "members"} <= drawn.attrs.keys()
    assert drawn.attrs["pixel_threshold"] == 0.1
    expected = store["time"].values[in_day_set(store, "heavy_x")]
    assert np.array_equal(drawn["time"].values, expected)


def test_members_are_nan_at_invalid_cells_and_dry_or_wet_elsewhere(sampled: Run) -> None:
    mask = sampled.open_store()["mask"].values
    for mode in ("prior", "posterior"):
        values = opened(sampled, mode)["precip"].values
        assert np.isnan(values[..., ~mask]).all()
        inside = values[..., mask]
        assert np.isfinite(inside).all()
        assert ((inside == 0) | (inside >= np.float32(0.1))).all()


def test_same_members_whatever_the_batch_size(sampled: Run, tmp_path: Path) -> None:
    run = copy_of(sampled, tmp_path)
    sample(small_config(sampling__days="heavy_x", sampling__batch_size=1), run)
    for mode in ("prior", "posterior"):
        np.testing.assert_allclose(opened(run, mode)["precip"], opened(sampled, mode)["precip"], rtol=1e-4, atol=1e-4)


def test_threshold_is_in_mm(trained: Run) -> None:
    """A threshold applied to normalised values is the bug that this project starts from."""
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    days = in_split(trained.open_store(), "test").isel(time=slice(0, 20))
    x = torch.from_numpy(days["predictors"].values)
    numbers = np.arange(20)
    free = Sampler(loaded, Sampling(pixel_threshold=0.0), "cpu").draw(x, numbers, range(3))
    cut = Sampler(loaded, Sampling(pixel_threshold=2.0), "cpu").draw(x, numbers, range(3))
    np.testing.assert_array_equal(cut, np.where(free < 2.0, np.where(np.isnan(free), np.nan, 0.0), free))
    # the planted bug: the same number as a threshold of the normalised field gives another result
    transform = Sampler(loaded, Sampling(), "cpu").model.transform
    z = transform(torch.from_numpy(np.nan_to_num(free)))
    planted = transform.inverse(torch.where(z < 2.0, transform(torch.zeros(())), z)).numpy()
    assert not np.allclose(np.nan_to_num(cut), planted, atol=0.1)


def test_posterior_is_nearer_to_the_storm_than_the_prior(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_tail")
    sampler = Sampler(loaded, Sampling(), "cpu")
    days = in_split(trained.open_store(), "train").isel(time=slice(0, 60))
    x, numbers = torch.from_numpy(days["predictors"].values), np.arange(60)
    y = days["precip"].values
    valid = torch.from_numpy(np.isfinite(y))
    given = torch.from_numpy(np.nan_to_num(y))
    posterior = sampler.draw(x, numbers, range(2), given, valid)
    assert posterior.shape == (60, 2, *y.shape[1:])
    shifted = sampler.draw(x, numbers, range(2), given + 30 * valid, valid)
    assert np.nanmax(np.abs(shifted - posterior)) > 0


def test_choice_of_days(prepared: Run) -> None:
    test = in_split(prepared.open_store(), "test")
    assert select_days(test, ["2003-02-03", "2003-01-05"], "test")["time"].dt.day.values.tolist() == [5, 3]
    assert select_days(test, "heavy", "test").sizes["time"] == in_day_set(test, "heavy").sum()
    with pytest.raises(UserError, match="2001-01-05 is not in the test split"):
        select_days(test, ["2001-01-05"], "test")
    with pytest.raises(UserError, match="not a date"):
        select_days(test, ["5.1.2003"], "test")


def test_interrupted_sampling_keeps_finished_batches(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills after two batches: they stay, and the same command goes on from there."""
    run = copy_of(trained, tmp_path)
    config = small_config(sampling__days="heavy_x", sampling__batch_size=4, sampling__modes=["prior"])
    original = sample_files.SampleWriter.write
    written: list[int] = []

    def failing(self: sample_files.SampleWriter, batch: int, precip: np.ndarray) -> None:
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        written.append(batch)
        original(self, batch, precip)

    monkeypatch.setattr(sample_files.SampleWriter, "write", failing)
    with pytest.raises(OSError, match="No space"):
        sample(config, run)
    assert not run.sample_path("flat", "prior", "test").exists()
    monkeypatch.setattr(
        sample_files.SampleWriter, "write", lambda self, b, p: (written.append(b), original(self, b, p))
    )
    sample(config, run)
    assert written == list(range(len(written)))  # nothing was drawn twice
    assert np.isfinite(opened(run)["precip"].values[..., run.open_store()["mask"].values]).all()


def test_another_batch_size_draws_everything_again(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks of finished batches count batches of one size; with another, days would stay empty."""
    run = copy_of(trained, tmp_path)
    original = sample_files.SampleWriter.write

    def failing(self: sample_files.SampleWriter, batch: int, precip: np.ndarray) -> None:
        if batch == 3:
            raise OSError(28, "No space left on device")
        original(self, batch, precip)

    monkeypatch.setattr(sample_files.SampleWriter, "write", failing)
    with pytest.raises(OSError, match="No space"):
        sample(small_config(sampling__batch_size=4, sampling__modes=["prior"]), run)
    monkeypatch.setattr(sample_files.SampleWriter, "write", original)
    sample(small_config(sampling__batch_size=64, sampling__modes=["prior"]), run)
    assert np.isfinite(opened(run)["precip"].values[..., run.open_store()["mask"].values]).all()


def test_netcdf_and_legacy_files(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    config = small_config(sampling__days=["2003-01-05"], sampling__modes=["prior"])
    sample(config, run, netcdf=True, legacy_npy=tmp_path / "npy")
    drawn = opened(run)["precip"].values[0]
    with xr.open_dataset(run.sample_path("flat", "prior", "test").with_suffix(".nc")) as netcdf:
        np.testing.assert_array_equal(netcdf["precip"].values[0], drawn)
    store = run.open_store()
    files = sorted((tmp_path / "npy").rglob("*.npy"))
    assert len(files) == 3
    z = np.load(files[1])
    assert z.shape == (1, *drawn.shape[1:])
    mask = store["mask"].values
    back = np.expm1(z[0] * store["log_std"].values + store["log_mean"].values)
    np.testing.assert_allclose(back[mask], drawn[1][mask], rtol=1e-3, atol=1e-2)


def test_refusals(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path)
    with pytest.raises(UserError, match="found there: best_prior"):
        sample(small_config(sampling__checkpoint="epoch_777"), run)
    (run.checkpoints / "old.pt").write_bytes(b"x")
    with pytest.raises(UserError, match="retrain with the v3 settings"):
        sample(small_config(sampling__checkpoint=str(run.checkpoints / "old.pt")), run)
    weights = run.checkpoints / "best_prior.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])
    with pytest.raises(UserError, match="truncated or damaged"):
        sample(small_config(), run)


def test_checkpoint_of_another_grid_is_refused(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    store = trained.open_store()
    with pytest.raises(UserError, match="trained with y = 20, found 19"):
        checkpoint.check_fits(loaded, store.isel(y=slice(1, None)))
    with pytest.raises(UserError, match="another mask"):
        checkpoint.check_fits(loaded, store.assign(mask=~store["mask"]))
    with pytest.raises(UserError, match="channels"):
        checkpoint.check_fits(loaded, store.isel(channel=slice(None, None, -1)))


def test_checkpoint_keeps_the_domain_exactly(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    domain = trained.open_store().drop_dims("time").load()
    assert set(loaded.domain.variables) == set(domain.variables)
    for name in domain.variables:
        np.testing.assert_array_equal(loaded.domain[name].values, domain[name].values)
        assert loaded.domain[name].dtype.kind in (domain[name].dtype.kind, "U")
    assert loaded.config == small_config()
