"""The command ``train``: one network, or the networks of a pool."""

from __future__ import annotations

from pathlib import Path

from rainsmith.base.console import console
from rainsmith.base.processes import is_main
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.train.helpers import helped
from rainsmith.train.loop import train_network
from rainsmith.train.pool import train_pool
from rainsmith.train.recipe import in_words, settled


def train(config: Config, run: Run, *, resume: bool = False) -> Path:
    """Train ``config.model`` on the training days of the run's store.

    Writes ``checkpoints/epoch_NNN``, ``best_prior``, ``best_tail``, and ``metrics.jsonl``. The resume state
    ``last.ckpt`` lies beside the checkpoints, and that of each network of a pool in ``checkpoints/network-N``.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        resume: whether a training that was stopped goes on.

    Returns:
        The folder of the checkpoints.

    Raises:
        UserError: no store, an empty split, a state of another configuration, too little disk, divergence.
        Interrupted: SIGINT or SIGTERM came; the state is saved.
    """
    config, choices = settled(config, run.open_store())
    if is_main():
        for line in in_words(choices):
            console.print(line, soft_wrap=True, highlight=False)
    if config.train.pool > 1:
        train_pool(config, run, resume=resume)
    else:
        with helped(config, run, resume=resume):
            train_network(config, run, resume=resume)
    return run.checkpoints
