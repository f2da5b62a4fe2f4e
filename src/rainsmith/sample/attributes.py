"""Attributes of samples and of their variables (units, cell_methods, grid mapping), and names of variations."""

from __future__ import annotations

import json
from typing import Any

import dask.array
import numpy as np
import xarray as xr

from rainsmith.base.cf import CONVENTIONS, coordinates_of_cells, derived_attributes, rain_attributes
from rainsmith.base.provenance import provenance
from rainsmith.config import Config, Sampling
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.sample.sampler import Sampler


def variant_of(settings: Sampling, mode: str) -> str:
    """What a variation of the observed storm adds to the name of its samples, such as ``-k1v50``; otherwise nothing."""
    if mode != "posterior" or settings.keep_levels is None:
        return ""
    kept = f"k{settings.keep_levels}" if settings.keep_levels else ""
    part = f"v{round(100 * settings.variation):02d}" if settings.variation < 1 or not kept else ""
    return f"-{kept}{part}"


def sample_attributes(loaded: Checkpoint, sampler: Sampler, mode: str, split: str, config: Config) -> dict[str, Any]:
    """Attributes of a store of samples that say how they were made.

    Args:
        loaded: the checkpoint.
        sampler: what draws the members of it.
        mode: prior or posterior.
        split: the split of the days, or another word for them.
        config: the configuration of the command, for the provenance.
    """
    settings = sampler.settings
    return {
        **derived_attributes(
            loaded.domain.attrs,
            "sample",
            f"model {loaded.config.model.name}, checkpoint {loaded.name}, sha256 {loaded.sha256}",
        ),
        "title": f"{settings.members} {mode} members a day of {loaded.config.model.name}",
        "model": loaded.config.model.name,
        "checkpoint": loaded.name,
        "checkpoint_epoch": loaded.epoch + 1,  # counted from 1, as in the report and in names of checkpoints
        "checkpoint_sha256": loaded.sha256,
        "networks": len(loaded.networks),
        "seed": loaded.config.seed,
        "sampling_seed": settings.seed,
        "mode": mode,
        "split": split,
        "members": settings.members,
        "temperature": settings.temperature,
        "variant": variant_of(settings, mode),
        "pixel_threshold": sampler.threshold,
        "precision": sampler.precision,
        "provenance": json.dumps(provenance(config)),
    }


def describe_members(precip: Any, days: xr.Dataset, attrs: dict[str, Any]) -> xr.Dataset:
    """Members as a CF dataset: coordinates of their days and grid, the number of the member, units and cell methods.

    Args:
        precip: (time, member, y, x) [mm/day], in memory or lazy.
        days: the days that they were drawn for, with coordinates and grid mapping.
        attrs: attributes of the dataset.
    """
    members = coordinates_of_cells(days).assign_attrs({"Conventions": CONVENTIONS, **attrs})
    number = {"standard_name": "realization", "long_name": "number of the member", "units": "1"}
    members["member"] = ("member", np.arange(precip.shape[1]), number)
    members["precip"] = (
        ("time", "member", "y", "x"),
        precip,
        rain_attributes("daily precipitation", days),
    )
    return members


def form_of_members(days: xr.Dataset, members: int, attrs: dict[str, Any]) -> xr.Dataset:
    """As ``describe_members``, with values that are still to be written."""
    shape = (days.sizes["time"], members, days.sizes["y"], days.sizes["x"])
    return describe_members(dask.array.zeros(shape, dtype=np.float32), days, attrs)
