"""Drawing into a store: batches, processes, and what is refused before the first of them."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.shards import Shard
from rainsmith.base.urls import url_of
from rainsmith.config import Sampling
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.draw import draw_days
from rainsmith.sample.files import SampleWriter
from rainsmith.sample.sampler import Sampler


@pytest.fixture(scope="module")
def sampler(trained: Run) -> Sampler:
    return Sampler(checkpoint.load(trained.checkpoints / "best_prior"), Sampling(), "cpu")


@pytest.fixture(scope="module")
def days(trained: Run) -> xr.Dataset:
    return in_split(trained.open_store(), "test").isel(time=slice(0, 5))


def drawn(sampler: Sampler, days: xr.Dataset, target: Path, mode: str = "prior", batch_size: int = 2) -> Path:
    draw_days(sampler, days, target, mode=mode, members=2, batch_size=batch_size, attrs={"mode": mode})
    return target


@pytest.mark.parametrize("mode", ["prior", "posterior"])
def test_every_day_has_its_members(sampler: Sampler, days: xr.Dataset, tmp_path: Path, mode: str) -> None:
    small, large = (drawn(sampler, days, tmp_path / f"{size}.zarr", mode, batch_size=size) for size in (2, 16))
    with xr.open_zarr(small, consolidated=False) as one, xr.open_zarr(large, consolidated=False) as other:
        assert one["precip"].shape == (5, 2, days.sizes["y"], days.sizes["x"])
        np.testing.assert_allclose(one["precip"].values, other["precip"].values, rtol=1e-4, atol=1e-4)
        assert np.isfinite(one["precip"].values[..., days["mask"].values]).all()


def test_a_process_draws_its_share_of_the_batches(
    sampler: Sampler, days: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(SampleWriter, "write", lambda self, number, precip: written.append(number))
    monkeypatch.setattr(SampleWriter, "close", lambda self, export: True)
    drawn(sampler, days, tmp_path / "made.zarr")
    assert written == [0, 2]


def test_posterior_members_need_observed_rain(sampler: Sampler, days: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="posterior mode needs observed rain, found none; use prior mode"):
        drawn(sampler, days.drop_vars("precip"), tmp_path / "made.zarr", "posterior")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_refused_before_the_first_batch(
    sampler: Sampler, days: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 0))
    with pytest.raises(UserError, match="sampling"):
        drawn(sampler, days, tmp_path / "made.zarr")
    assert list(tmp_path.iterdir()) == []


def test_shards_do_not_write_into_a_bucket(sampler: Sampler, days: xr.Dataset, tmp_path: Path) -> None:
    size = {"members": 2, "batch_size": 2, "attrs": {}}
    with pytest.raises(UserError, match=r"--shard 1/2 does not go with members in a bucket \(s3://b/x\); leave out"):
        draw_days(
            *(sampler, days, tmp_path / "x.zarr"), mode="prior", bucket=url_of("s3://b/x"), shard=Shard(1, 2), **size
        )
    assert not any(tmp_path.iterdir())
