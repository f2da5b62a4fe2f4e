"""A file of each kind that the program writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rainsmith.augment.stage import augment
from rainsmith.base.dims import in_split
from rainsmith.base.netcdf_files import write_netcdf
from rainsmith.base.zarr_files import open_zarr
from rainsmith.downscale.stage import downscale
from rainsmith.evaluate.stage import evaluate
from rainsmith.run_folder import Run
from rainsmith.sample import application
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.downscale.small import TINY
from tests.small import small_config


@pytest.fixture(scope="session")
def written(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A file of each kind, of few days: this takes a few seconds, since each kind is written by its own command."""
    run = copy_of(trained, tmp_path_factory.mktemp("written"))
    config = small_config(sampling__days=["2003-01-05", "2003-07-09"], sampling__members=2)
    samples = sample(config, run, netcdf=True)
    files = dict(zip(("prior.zarr", "posterior.zarr"), samples, strict=True))
    days = in_split(run.open_store(), "test").isel(time=slice(0, 2)).load()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "prepare_predictors", lambda *_: days[["predictors"]])
        weights = run.checkpoints / "best_prior.safetensors"
        files["application.zarr"] = application.apply(config, weights, run.folder / "new.zarr", netcdf=True)
    augment(small_config(augment={"ratio": 0.01, "tries": 2, "checks": []}), run)
    downscale(small_config(downscale={**TINY["downscale"], "steps": 1, "validations": 1}), run, netcdf=True)
    (files["downscaled.zarr"],) = (run.folder / "downscale").glob("*.zarr")
    files |= {name.replace(".zarr", ".nc"): path.with_suffix(".nc") for name, path in files.items()}
    files |= {"store.zarr": run.store, "augmented.zarr": run.folder / "augmented.zarr"}
    for name in ("store", "augmented"):
        files[f"{name}.nc"] = run.folder / f"{name}.nc"
        write_netcdf(files[f"{name}.nc"], open_zarr(files[f"{name}.zarr"], "").load(), compress=["precip"])
    evaluate(small_config(sampling__modes=["prior"], evaluate={"resamples": 50, "baselines": [], "climate": True}), run)
    files |= {"curves.nc": run.evaluation / "flat-prior-test.nc", "climate.nc": run.evaluation / "record-climate.nc"}
    yield files | {"checkpoint.nc": run.checkpoints / "best_prior.nc"}
