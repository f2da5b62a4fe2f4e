"""A trained model on xarray objects: predictors in, members out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.base.dims import CHANNEL, TIME, X_LR, Y_LR, X, Y
from rainsmith.base.errors import UserError
from rainsmith.config import Sampling
from rainsmith.data.dataset import Days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.sample.attributes import describe_members, sample_attributes
from rainsmith.sample.draw import draw_days
from rainsmith.sample.sampler import Sampler


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
            UserError: other channels, another grid, or other days than expected, or a model without a posterior.
        """
        days = self._days(predictors, storms)
        settings = Sampling(
            members=members,
            seed=seed,
            temperature=temperature,
            keep_levels=keep_levels,
            variation=variation,
            batch_size=batch_size,
        )
        sampler = Sampler(self.checkpoint, settings, self.device)
        mode = "prior" if storms is None else "posterior"
        attrs = sample_attributes(self.checkpoint, sampler, mode, "", self.checkpoint.config)
        if out is not None:
            attrs["input_sha256"] = _hash_of(days)  # a store of other days or storms is not gone on with
            path = draw_days(sampler, days, Path(out), mode=mode, members=members, batch_size=batch_size, attrs=attrs)
            return xr.open_zarr(path, consolidated=False, decode_timedelta=False)["precip"]
        reader, batches = Days(days), []
        for start in range(0, len(reader), batch_size):
            batch = reader.batch(np.arange(start, min(start + batch_size, len(reader))))
            storm = None if storms is None else batch.y
            batches.append(sampler.draw(batch.x, batch.days, range(members), storm, batch.valid))
        drawn: xr.DataArray = describe_members(np.concatenate(batches), days, attrs)["precip"]
        return drawn.assign_attrs({**attrs, **drawn.attrs})

    def _days(self, predictors: xr.DataArray | xr.Dataset, storms: xr.DataArray | None) -> xr.Dataset:
        """The predictors, and the storms where there are some, beside the grid that the model was trained on."""
        values = predictors["predictors"] if isinstance(predictors, xr.Dataset) else predictors
        if set(values.dims) != {TIME, CHANNEL, Y_LR, X_LR} or TIME not in values.coords:
            raise UserError(
                f"found predictors of dimensions {tuple(values.dims)}; expected time (with its dates), channel, y_lr "
                "and x_lr; rename them"
            )
        names = list(map(str, values[CHANNEL].values)) if CHANNEL in values.coords else []
        missing = [name for name in self.channels if name not in names]
        if missing:
            raise UserError(
                f"found the predictor channels {', '.join(names) or 'without names'}; the model expects "
                f"{', '.join(self.channels)}; name the coordinate 'channel' so"
            )
        domain = self.checkpoint.domain
        values = values.sel({CHANNEL: list(self.channels)}).transpose(TIME, CHANNEL, Y_LR, X_LR)
        for dim in (Y_LR, X_LR):
            if values.sizes[dim] != domain.sizes[dim]:
                raise UserError(
                    f"found {values.sizes[dim]} coarse cells along {dim}; the model was trained with "
                    f"{domain.sizes[dim]}; bring the predictors to its grid"
                )
            if dim in values.coords and dim in domain.coords and not _same_axis(values[dim], domain[dim]):
                raise UserError(
                    f"the coarse cells along {dim} lie from {float(values[dim][0]):g} to {float(values[dim][-1]):g}; "
                    f"those of the model from {float(domain[dim][0]):g} to {float(domain[dim][-1]):g}; bring the "
                    "predictors to its grid, in its order"
                )
        bare = values.drop_vars([name for name in values.coords if name not in (TIME, CHANNEL)])
        days = domain.drop_dims(CHANNEL).assign(predictors=bare)
        rain = predictors["precip"] if isinstance(predictors, xr.Dataset) and "precip" in predictors else None
        rain = storms if storms is not None else rain
        if rain is None:
            return days
        if rain.sizes[TIME] != values.sizes[TIME] or not np.array_equal(rain[TIME].values, values[TIME].values):
            raise UserError("found storms and predictors of different days; select the same days, in the same order")
        if (rain.sizes[Y], rain.sizes[X]) != (domain.sizes[Y], domain.sizes[X]):
            raise UserError(
                f"found storms of {rain.sizes[Y]} x {rain.sizes[X]} cells; the model was trained on "
                f"{domain.sizes[Y]} x {domain.sizes[X]}; bring them to its grid"
            )
        rain = rain.transpose(TIME, Y, X)
        kept = {key: value for key, value in rain.attrs.items() if key == "grid_mapping"}
        return days.assign(precip=(rain.dims, rain.data, kept))


def load_model(path: str | Path, *, device: str = "auto") -> Model:
    """Read a trained model.

    Args:
        path: a ``.safetensors`` file, with the ``.json`` and ``.nc`` of its name beside it.
        device: auto, cpu or cuda.

    Raises:
        UserError: a file is missing or damaged.
    """
    return Model(checkpoints.load(Path(path)), device)


def _same_axis(ours: xr.DataArray, theirs: xr.DataArray) -> bool:
    a, b = ours.values.astype(np.float64), theirs.values.astype(np.float64)
    step = np.abs(np.diff(b)).min(initial=np.inf)
    return bool(np.allclose(a, b, rtol=0, atol=0.01 * step if np.isfinite(step) else 1e-6))


def _hash_of(days: xr.Dataset) -> str:
    digest = hashlib.sha256()
    for name in ("predictors", "precip"):
        if name in days:
            digest.update(np.ascontiguousarray(days[name].values).tobytes())
    return digest.hexdigest()
