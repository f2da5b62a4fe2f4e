"""What a run shows of its model: read once, computed when a diagnosis first asks for it, and kept for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import xarray as xr

from rainsmith.base.dims import in_split
from rainsmith.config import Config
from rainsmith.diagnose.latent_experiments import LatentExperiments
from rainsmith.diagnose.member_scores import MemberScores
from rainsmith.diagnose.natural_variability import natural_variability
from rainsmith.diagnose.nearest_days import rain_patterns
from rainsmith.diagnose.registry import metrics_of_natural_variability
from rainsmith.evaluate.settings import settings_of
from rainsmith.evaluate.table import MetricTable
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.sample.sampler import Sampler
from rainsmith.train.validation import validation_days

Row = Mapping[str, Any]
"""One epoch of a training log."""
PROBED_DAYS = 64
"""Number of validation days, half of them heavy_x, on which the latents are looked at."""


@dataclass(frozen=True)
class Training:
    """What is known of the training of one network.

    Attributes:
        rows: of its log; empty where there is none.
        epoch_in_use: epoch (from 0) of the checkpoint that drew its members.
    """

    rows: Sequence[Row]
    epoch_in_use: int

    @property
    def validated_epochs(self) -> list[Row]:
        """Rows that hold scores of the validation days."""
        return [row for row in self.rows if "validation" in row]


@dataclass(frozen=True)
class Evidence:
    """Everything that a diagnosis may look at.

    Attributes:
        config: of the run.
        store: all days of the prepared data.
        split: the split that was scored.
        table: the scores of that split, of metrics.csv.
        samples: the prior members of that split, ``precip`` (time, member, y, x) [mm/day].
        checkpoint: the model that drew them.
        training_log: rows of metrics.jsonl; empty where there is no log. Of a pool, those of its first network.
        pool: the training of each network of a pool; empty where there is one network.
    """

    config: Config
    store: xr.Dataset
    split: str
    table: MetricTable
    samples: xr.Dataset
    checkpoint: Checkpoint
    training_log: Sequence[Row]
    pool: Sequence[Training] = ()

    @cached_property
    def scores(self) -> MemberScores:
        """The scores of the members, beside the natural variability of the observations."""
        variability = natural_variability(
            self.store,
            self.split,
            metrics_of_natural_variability(),
            settings_of(self.store, self.config),
            scored=self.samples["time"],
            seed=self.config.seed,
        )
        return MemberScores(self.table, self.checkpoint.config.model.name, variability)

    @cached_property
    def first_member(self) -> xr.DataArray:
        """(time, y, x) one prior member of every scored day [mm/day]."""
        return self.samples["precip"].isel(member=0).load()

    @property
    def observation(self) -> xr.DataArray:
        """(time, y, x) observed rain of the scored days [mm/day]."""
        return self.store["precip"].sel(time=self.first_member["time"])

    @property
    def wet_mm(self) -> float:
        """[mm/day] least rain of a wet cell, or the threshold below which members were cut off if that is higher."""
        return max(self.config.data.wet_mm, float(self.samples.attrs.get("pixel_threshold", 0.0)))

    @cached_property
    def training_patterns(self) -> np.ndarray:
        """(time, cell) patterns of the rain of all training days."""
        return rain_patterns(in_split(self.store, "train")["precip"], self.valid_cells)

    @property
    def valid_cells(self) -> np.ndarray:
        """(y, x) bool, cells that have observations."""
        return np.asarray(self.store["mask"].values, dtype=bool)

    @cached_property
    def sampler(self) -> Sampler:
        """The model, ready to draw."""
        settings = self.config.sampling.model_copy(update={"keep_levels": None})
        return Sampler(self.checkpoint, settings, self.config.device)

    @property
    def has_posterior(self) -> bool:
        """Whether the model has a posterior of an observed day, and with it a KL divergence."""
        return self.sampler.model.has_posterior

    @cached_property
    def latent_experiments(self) -> LatentExperiments:
        """Draws for ``PROBED_DAYS`` validation days with chosen noise."""
        validation = in_split(self.store, "validation")
        chosen = validation_days(validation, PROBED_DAYS, self.config.seed)
        return LatentExperiments(self.sampler, validation.isel(time=chosen))

    @property
    def latent_sizes(self) -> list[int]:
        """Number of values of each latent dimension (1) or channel (its cells) of one member."""
        return [size for channels, *cells in self.sampler.model.latent_shapes for size in [prod(cells)] * channels]

    @property
    def settled_config(self) -> Config:
        """The configuration with the values that the training chose for keys that it leaves open."""
        trained = self.checkpoint.config
        return self.config.model_copy(update={"model": trained.model, "train": trained.train})

    @property
    def epochs_planned(self) -> int:
        """Number of epochs that the training was asked for."""
        return self.checkpoint.config.train.planned_epochs

    @property
    def trainings(self) -> list[Training]:
        """The training of each network, one where there is no pool."""
        return list(self.pool) or [Training(self.training_log, self.checkpoint.epoch)]
