"""What a generative model teaches a downscaler: the distribution of the rain of every training day.

An observation is one draw of a day's distribution. Many members are many draws, and their loss has much less noise
(Hinton et al. 2015, arXiv:1503.02531, on learning from what another model says). The distribution of a day is kept as a
few amounts with probabilities, which serve every network, whatever it forecasts.

It is that of the members as they are. A network that cannot tell two days apart learns the mean of their distributions.
Calibrated quantiles are wider by the chance of the draw, so that each is exceeded as often as it says, and the mean of
such distributions is wider than what happens (Gneiting et al. 2007, doi:10.1111/j.1467-9868.2007.00587.x, on
probabilistic and marginal calibration).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from rainsmith.base.console import console
from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.large_arrays import blocks, empty, release
from rainsmith.config import Config, load_config
from rainsmith.models.checkpoint import SUFFIX
from rainsmith.models.downscaling.downscaler import Lesson
from rainsmith.quantiles.kept import kept_quantiles
from rainsmith.run_folder import Run
from rainsmith.sample.application import NewPeriod

EDGES = (0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1)
"""Levels between which the distribution is one amount, that of the level in their middle."""
LEVELS = [round((low + high) / 2, 6) for low, high in itertools.pairwise(EDGES)]
WEIGHTS = np.diff(EDGES)


@dataclass(frozen=True, eq=False)
class Lessons:
    """The distributions of all training days.

    Attributes:
        amounts: (days, amounts, cells) [mm/day] of the cells that can be valid, as float16.
        share: of the loss that they make, 0 to 1.
    """

    amounts: np.ndarray
    share: float

    def of(self, days: np.ndarray, device: torch.device) -> Lesson:
        """The lesson of some days, by their places (N,)."""
        amounts = torch.from_numpy(self.amounts[days].astype(np.float32)).to(device)
        release(self.amounts)
        return Lesson(amounts, torch.as_tensor(WEIGHTS, dtype=torch.float32, device=device), self.share)


def taught_days(config: Config, run: Run, real: xr.Dataset) -> xr.Dataset:
    """The training days, and behind them the days without observations that ``downscale.distil.predictors`` names.

    Days that the store holds are left out: those of the training are there, and the others are to judge.

    Args:
        config: the configuration.
        run: the run folder, trained.
        real: the training days of its store.

    Returns:
        ``predictors`` and ``precip`` [mm/day], which is missing on days without observations.

    Raises:
        UserError: predictors that do not match the checkpoint's, another calendar, or no day that is new.
    """
    file = config.downscale.distil.predictors
    if file is None:
        return real
    source = Path(config.sampling.checkpoint)
    source = source if source.parent != Path(".") else run.checkpoints / source
    new = NewPeriod.read(load_config(file), source.with_name(f"{source.name.removesuffix(SUFFIX)}{SUFFIX}")).days
    calendars = [days[TIME].dt.calendar for days in (real, new)]
    if calendars[0] != calendars[1]:
        raise UserError(f"{file}: found the calendar {calendars[1]}, expected {calendars[0]} as in the training")
    new = new.isel({TIME: ~np.isin(day_numbers(new[TIME]), day_numbers(run.open_store()[TIME]))})
    if not new.sizes[TIME]:
        raise UserError(f"{file}: all its days are in the store; expected days of another period; change data.period")
    console.print(f"distil: {new.sizes[TIME]} days without observations beside {real.sizes[TIME]} training days")
    shape = (new.sizes[TIME], real.sizes["y"], real.sizes["x"])
    missing = xr.Variable((TIME, "y", "x"), np.full(shape, np.nan, np.float32))
    fields = ["precip", "predictors"]
    parts = [
        real[fields],
        new[["predictors"]].assign(precip=missing)[fields].drop_vars(set(new.coords) - {TIME}, errors="ignore"),
    ]
    joined = xr.concat(parts, dim=TIME, coords="minimal", compat="override", join="override")
    return joined.assign({name: real[name] for name in real.drop_dims(TIME).data_vars})


def lessons(config: Config, run: Run, days: xr.Dataset, *, members: int, share: float) -> Lessons:
    """What the checkpoint of ``sampling.checkpoint`` says of some days.

    The distributions are written to ``quantiles/lessons-<members>.zarr``, from where they are taken when they are asked
    for again.

    Args:
        config: the configuration.
        run: the run folder, trained.
        days: the training days.
        members: number of members a day.
        share: of the loss that the lessons make, 0 to 1.

    Raises:
        UserError: no checkpoint, one of another grid, too little disk.
    """
    target = run.quantiles / f"lessons-{members}.zarr"
    as_drawn = config.model_copy(update={"quantiles": config.quantiles.model_copy(update={"calibrate": False})})
    with kept_quantiles(as_drawn, run, days, target, levels=LEVELS, members=members) as kept:
        mask = np.asarray(days["mask"].values, dtype=bool)
        amounts = empty((days.sizes[TIME], len(LEVELS), int(mask.sum())), np.float16)
        for part, block in blocks(kept["quantiles"]):
            amounts[part] = block[..., mask]
            release(amounts)
    return Lessons(amounts, share)
