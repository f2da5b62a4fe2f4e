"""A trained model on xarray objects: predictors in, members out."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import parse
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.prepare.same_channels import more_missing
from rainsmith.sample.attributes import describe_members, sample_attributes
from rainsmith.sample.draw import draw_days
from rainsmith.sample.given_days import given_days
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.training_range import judge_range, outside_training_range


class Model:
    """A trained generative model that draws members.

    Args:
        source: a loaded checkpoint.
        device: auto, cpu or cuda.
    """

    def __init__(self, source: Checkpoint, device: str = "auto") -> None:
        self.checkpoint, self.device = source, device

    @property
    def channels(self) -> tuple[str, ...]:
        """The predictor channels that it expects, in their order."""
        return tuple(map(str, self.checkpoint.domain[CHANNEL].values))

    def sample(
        self,
        predictors: xr.DataArray | xr.Dataset,
        *,
        members: int = 10,
        seed: int = 0,
        storms: xr.DataArray | None = None,
        keep_levels: int | None = None,
        variation: float = 1.0,
        temperature: float = 1.0,
        batch_size: int = 16,
        out: str | Path | None = None,
    ) -> xr.DataArray:
        """Members of some days.

        The noise of a member is a function of the seed, its day and its number: more days or more members never change
        those that are there already.

        Args:
            predictors: (time, channel, y_lr, x_lr), raw, on the coarse grid of the training; or a store, whose
                ``predictors`` they are and whose rain says which cells were observed.
            members: number of members a day.
            seed: of the noise.
            storms: (time, y, x) observed rain [mm/day] of the same days, whose variations are drawn; None draws prior
                members.
            keep_levels: the number of coarsest latent levels that are kept of a storm; None keeps all.
            variation: how far the other levels go from the reconstruction (0) to the prior (1).
            temperature: factor of the noise.
            batch_size: days that are drawn at once; members do not depend on it.
            out: Zarr store that the members are written to, batch by batch, where memory cannot hold them.

        Returns:
            (time, member, y, x) [mm/day] with CF attributes, NaN at invalid cells; lazy where ``out`` is given.

        Raises:
            UserError: other channels, units, another grid or mask, or other days than expected, or a model without a
                posterior.

        Warns:
            UserWarning: a channel was converted to the unit of the training, which a store says and an array does not,
                over 5 % of its values lie outside the range of the training, or it lacks values which the training had.
        """
        days = given_days(predictors, storms, self.checkpoint.domain)
        shares = outside_training_range(days, self.checkpoint.domain)
        ranges = judge_range(shares, days, self.checkpoint.domain, refuse=False)
        for warning in [*ranges, *more_missing(days["predictors"], self.checkpoint.domain)]:
            warnings.warn(warning, stacklevel=2)
        config, mode = self.checkpoint.config, "prior" if storms is None else "posterior"
        asked = {
            "members": members,
            "seed": seed,
            "temperature": temperature,
            "keep_levels": keep_levels,
            "variation": variation,
            "batch_size": batch_size,
        }
        settings = parse({**config.model_dump(mode="json", by_alias=True), "sampling": asked}, "Model.sample").sampling
        sampler = Sampler(self.checkpoint, settings, self.device)
        attrs = sample_attributes(self.checkpoint, sampler, mode, "", config)
        if out is None:
            reader, batches = Days(days), []
            for start in range(0, len(reader), batch_size):
                batch = reader.batch(np.arange(start, min(start + batch_size, len(reader))))
                storm = None if storms is None else batch.y
                batches.append(sampler.draw(batch.x, batch.days, range(members), storm, batch.valid))
            drawn = describe_members(np.concatenate(batches), days, attrs)
        else:
            attrs["input_sha256"] = _hash_of(days)  # a store of other days or storms is not gone on with
            draw_days(sampler, days, Path(out), mode=mode, members=members, batch_size=batch_size, attrs=attrs)
            drawn = open_zarr(Path(out), "draw the members again")
        precip: xr.DataArray = drawn["precip"]
        return precip.assign_attrs({**attrs, **precip.attrs})


def load_model(path: str | Path, *, device: str = "auto") -> Model:
    """Read a trained model.

    Args:
        path: a ``.safetensors`` file, with the ``.json`` and ``.nc`` of its name beside it.
        device: auto, cpu or cuda.

    Raises:
        UserError: a file is missing or damaged.
    """
    return Model(checkpoints.load(Path(path)), device)


def _hash_of(days: xr.Dataset) -> str:
    digest = hashlib.sha256()
    for name in ("predictors", "precip"):
        if name in days:
            digest.update(np.ascontiguousarray(days[name].values).tobytes())
    return digest.hexdigest()
