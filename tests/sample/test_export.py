"""Finished samples as NetCDF and as files of the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.zarr_files import open_zarr, write_zarr
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.export import export
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.small import small_config


def test_netcdf_and_legacy_files(trained: Run, tmp_path: Path) -> None:
    run = copy_of(trained, tmp_path / "run")
    config = small_config(sampling__days=["2003-01-05"], sampling__modes=["prior"])
    sample(config, run, netcdf=True, legacy_npy=tmp_path / "npy")
    drawn = xr.open_zarr(run.sample_path("flat", "prior", "test"), consolidated=False)["precip"].values[0]
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


def test_one_process_of_several_writes_the_files(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    export(tmp_path / "not_there.zarr", loaded, netcdf=True, legacy_npy=tmp_path / "npy")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("attrs", [{"mode": "../elsewhere"}, {"variant": "/../../elsewhere"}, {"mode": "/tmp"}])
def test_an_attribute_that_is_a_path_is_refused(trained: Run, tmp_path: Path, attrs: dict[str, str]) -> None:
    days = open_zarr(trained.store, "").isel(time=slice(0, 1))
    members = days[["precip"]].expand_dims("member", axis=1).load().drop_encoding()
    write_zarr(tmp_path / "members.zarr", members.assign_attrs({"mode": "prior", **attrs}))
    loaded = checkpoint.load(trained.checkpoints / "best_prior")
    with pytest.raises(UserError, match="expected a name"):
        export(tmp_path / "members.zarr", loaded, netcdf=False, legacy_npy=tmp_path / "npy" / "here")
    assert not list(tmp_path.rglob("*.npy"))
