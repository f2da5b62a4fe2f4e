"""What a sweep will take on this machine, from a few days that one checkpoint draws and that are scored."""

from __future__ import annotations

import numpy as np

from rainsmith.base.needs import Needs, measured
from rainsmith.config import Config
from rainsmith.evaluate.settings import settings_of
from rainsmith.run_folder import Run
from rainsmith.sweep.scoring import score_checkpoint
from rainsmith.sweep.stage import sampler_of, saved_epochs, scored_days

FEW, MORE = 8, 32
"""Days of the two sizes of samples that are scored."""


def needs(config: Config, run: Run) -> Needs:
    """Score the last saved checkpoint on a few of the days; the table and its picture are too small to count.

    Args:
        config: the configuration.
        run: a trained run folder.

    Raises:
        UserError: no checkpoint, or one of another grid.
    """
    store, members = run.open_store(), config.sweep.members
    epochs, days, settings = saved_epochs(run), scored_days(store, config.seed), settings_of(store, config)
    number = days.sizes["time"]
    sampler = sampler_of(epochs[-1][1][0], config, run, store)

    def score(count: int) -> None:
        chosen = days.isel(time=np.linspace(0, number - 1, count).astype(int)).load()
        score_checkpoint(sampler, chosen, members, settings)

    trend = measured(score, *(min(count, number) for count in (FEW, MORE)), warm_up=True)
    of = f"{len(epochs)} checkpoints, {number} days of {members} members"
    return Needs(len(epochs) * trend.seconds_of(number), trend.memory_of(number), 0.0, of)
