"""Sampling: member noise, thresholds in mm/day, masks, formats, resuming, application without observations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.run_folder import Run
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
