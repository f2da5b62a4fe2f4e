"""What a diagnosis will take on this machine, from its three long pieces: reading, scores of observations, draws."""

from __future__ import annotations

import time

import numpy as np
import xarray as xr

from rainsmith.base import memory
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.needs import Needs, measured
from rainsmith.config import Config
from rainsmith.diagnose.evidence import PROBED_DAYS
from rainsmith.diagnose.latent_experiments import LatentExperiments
from rainsmith.diagnose.registry import metrics_of_natural_variability
from rainsmith.diagnose.stage import with_rain_in_memory
from rainsmith.evaluate.settings import settings_of
from rainsmith.metrics.tally import partition, tally
from rainsmith.run_folder import Run
from rainsmith.sample.estimate import untrained
from rainsmith.sample.sampler import Sampler
from rainsmith.sample.stage import checkpoint_of
from rainsmith.train.validation import validation_days

SCORED = (64, 192)
"""Days of the two sizes of scores."""
PROBED = (8, 24)
"""Days of the two sizes of draws."""
DRAWS = 4
"""Draws of all probed days, beside one for each level of latents."""
REST = 1.5
"""The whole takes so many times as long as these pieces, as measured on the demo (``benchmarks/estimates.py``)."""


def needs(config: Config, run: Run) -> Needs:
    """Read the rain, score a few days of observations against themselves, and draw a few days.

    Before the training the network has weights at random, which take as long.

    Args:
        config: a settled configuration.
        run: the run folder, prepared.

    Raises:
        UserError: the named checkpoint is missing or of another grid.
    """
    memory.forget_peak()
    started = time.monotonic()
    store = with_rain_in_memory(run.open_store())
    source = checkpoint_of(config, run, store) if run.holds_training else untrained(config, store)
    sampler = Sampler(source, config.sampling.model_copy(update={"keep_levels": None}), config.device)
    opening = time.monotonic() - started
    rain, settings, metrics = store["precip"], settings_of(store, config), metrics_of_natural_variability()

    def score(count: int) -> None:
        days = rain.isel({TIME: slice(count)})
        parts = partition(days[TIME], {"all": np.ones(days.sizes[TIME], dtype=bool)}, block_days=count)
        tally(days, days, parts=parts, settings=settings, metrics=metrics)

    validation = in_split(store, "validation")
    probed = validation.isel({TIME: validation_days(validation, PROBED_DAYS, config.seed)})

    def draw(count: int) -> None:
        experiments = LatentExperiments(sampler, probed.isel({TIME: slice(count)}))
        experiments.draw(experiments.noise)

    scores, draws = (
        measured(work, *(min(count, days.sizes[TIME]) for count in sizes), warm_up=True)
        for work, sizes, days in ((score, SCORED, store), (draw, PROBED, probed))
    )
    judged = int((store["split"].values >= 0).sum())
    times = DRAWS + len(sampler.model.latent_shapes) if sampler.model.has_posterior else 0
    seconds = opening + scores.seconds_of(judged) + times * draws.seconds_of(probed.sizes[TIME])
    largest = max(scores.memory[1], draws.memory_of(probed.sizes[TIME])) + _members(config, store)
    return Needs(REST * seconds, largest, 0.0, f"{judged} days")


def _members(config: Config, store: xr.Dataset) -> float:
    """[bytes] of one member of every scored day."""
    days = max(in_split(store, split).sizes[TIME] for split in config.sampling.splits)
    return 4.0 * days * store.sizes["y"] * store.sizes["x"]
