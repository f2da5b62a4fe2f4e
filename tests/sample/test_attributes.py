"""NetCDF attributes of samples: coordinates, units, grid mapping, how they were made."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Sampling
from rainsmith.models import checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import describe_members, sample_attributes, variant_of
from rainsmith.sample.sampler import Sampler
from tests.small import small_config


@pytest.fixture(scope="module")
def days(prepared: Run) -> xr.Dataset:
    return in_split(prepared.open_store(), "test").isel(time=slice(0, 3))


@pytest.mark.parametrize(
    ("mode", "settings", "variant"),
    [
        ("prior", {"keep_levels": 2}, ""),
        ("posterior", {}, ""),
        ("posterior", {"keep_levels": 1}, "-k1"),
        ("posterior", {"keep_levels": 0, "variation": 0.5}, "-v50"),
        ("posterior", {"keep_levels": 0}, "-v100"),
        ("posterior", {"keep_levels": 2, "variation": 0.05}, "-k2v05"),
    ],
)
def test_a_variation_is_part_of_the_name(mode: str, settings: dict[str, float], variant: str) -> None:
    assert variant_of(Sampling(**settings), mode) == variant  # type: ignore[arg-type]


def test_members_are_described_as_cf_wants_it(days: xr.Dataset) -> None:
    precip = np.zeros((3, 2, days.sizes["y"], days.sizes["x"]), dtype=np.float32)
    members = describe_members(precip, days, {"seed": 4})
    assert members.attrs == {"Conventions": "CF-1.11", "seed": 4}
    assert members["precip"].dims == ("time", "member", "y", "x")
    assert members["precip"].attrs["units"] == "mm/day"
    assert members["precip"].attrs["cell_methods"] == "time: mean"
    assert members["member"].values.tolist() == [0, 1]
    assert members[members["precip"].attrs["grid_mapping"]].attrs["grid_mapping_name"]
    assert not {"heavy_x", "predictors"} & set(members.variables)


def test_coordinates_are_in_memory_so_that_no_store_is_created_without_them(days: xr.Dataset) -> None:
    """A store of samples is created without computing what is lazy: lazy latitudes would stay NaN."""
    assert days["latitude"].chunks is not None  # as the store gives it
    members = describe_members(np.zeros((3, 1, days.sizes["y"], days.sizes["x"])), days, {})
    for name in ("latitude", "longitude"):
        assert members[name].chunks is None and np.isfinite(members[name].values).all()


def test_the_grid_mapping_is_that_of_the_domain_where_nothing_was_observed(days: xr.Dataset) -> None:
    precip = np.zeros((3, 1, days.sizes["y"], days.sizes["x"]), dtype=np.float32)
    members = describe_members(precip, days.drop_vars("precip"), {})
    assert members["precip"].attrs["grid_mapping"] == days["precip"].attrs["grid_mapping"]
    without = describe_members(precip, days.drop_vars("precip").assign_attrs(grid_mapping=""), {})
    assert "grid_mapping" not in without["precip"].attrs


def test_samples_say_how_they_were_made(trained: Run) -> None:
    loaded = checkpoint.load(trained.checkpoints / "best_tail")
    sampler = Sampler(loaded, Sampling(seed=9, members=3, keep_levels=0, variation=0.25), "cpu")
    attrs = sample_attributes(loaded, sampler, "posterior", "test", small_config())
    expected = {
        "title": "3 posterior members a day of flat",
        "checkpoint": "best_tail",
        "checkpoint_epoch": loaded.epoch + 1,
        "checkpoint_sha256": loaded.sha256,
        "sampling_seed": 9,
        "variant": "-v25",
        "pixel_threshold": 0.1,
        "precision": "fp32",
    }
    assert expected.items() <= attrs.items()
    assert "config" in attrs["provenance"] or json.loads(attrs["provenance"])
