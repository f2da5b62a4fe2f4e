"""What a generative model teaches a downscaler: the distribution of the rain of every training day.

An observation is one draw of a day's distribution. Many members are many draws, and their loss has much less noise
(Hinton et al. 2015, arXiv:1503.02531, on learning from what another model says). The calibrated distribution of a day
is kept as a few amounts with probabilities, which serve every network, whatever it forecasts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.base.large_arrays import blocks, empty, release
from rainsmith.base.zarr_files import open_zarr
from rainsmith.config import Config
from rainsmith.models.downscaling.downscaler import Lesson
from rainsmith.quantiles.fields import write_fields
from rainsmith.quantiles.fitting import calibrated
from rainsmith.run_folder import Run
from rainsmith.sample.attributes import sample_attributes
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import checkpoint_of

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


def lessons(config: Config, run: Run, store: xr.Dataset, days: xr.Dataset, *, members: int, share: float) -> Lessons:
    """What the checkpoint of ``sampling.checkpoint`` says of some days.

    The distributions are calibrated on validation days and written to ``quantiles/lessons-<members>.zarr``, from where
    they are taken when they are asked for again.

    Args:
        config: the configuration.
        run: the run folder, trained.
        store: the prepared data.
        days: the training days.
        members: number of members a day.
        share: of the loss that the lessons make, 0 to 1.

    Raises:
        UserError: no checkpoint, one of another grid, no validation days, too little disk.
    """
    target = run.quantiles / f"lessons-{members}.zarr"
    with open_zarr(_written(config, run, store, days, members, target), "run the same command again") as opened:
        mask = np.asarray(store["mask"].values, dtype=bool)
        amounts = empty((days.sizes[TIME], len(LEVELS), int(mask.sum())), np.float16)
        for part, block in blocks(opened["quantiles"]):
            amounts[part] = block[..., mask]
            release(amounts)
    return Lessons(amounts, share)


def _written(config: Config, run: Run, store: xr.Dataset, days: xr.Dataset, members: int, target: Path) -> Path:
    """The store of the distributions, which is written where there is none of this checkpoint, data and settings."""
    asked = config.quantiles.model_copy(update={"levels": LEVELS, "exceedance_mm": [], "mean": False})
    asked = asked.model_copy(update={"members": members})
    wanted = config.model_copy(update={"quantiles": asked})
    loaded = checkpoint_of(wanted, run, store)
    sampler = Sampler(loaded, wanted.sampling, wanted.device)
    calibration = calibrated(wanted, run, store, loaded, sampler) if asked.calibrate else None
    attrs = sample_attributes(loaded, sampler, "prior", "train", wanted)
    write_fields(sampler, days, target, asked, calibration, attrs, again=False)
    return target
