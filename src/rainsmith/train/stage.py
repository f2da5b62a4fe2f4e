"""The command ``train``: one network, or the networks of a pool."""

from __future__ import annotations

from pathlib import Path

from rainsmith.base.console import console
from rainsmith.base.processes import is_main, world_size
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.train.estimate import estimate
from rainsmith.train.helpers import helped, processes_for
from rainsmith.train.loop import train_network
from rainsmith.train.plan import as_planned, planned
from rainsmith.train.pool import networks_at_once, train_pool
from rainsmith.train.recipe import in_words, settled


def train(config: Config, run: Run, *, resume: bool = False, dry_run: bool = False) -> Path:
    """Train ``config.model`` on the training days of the run's store.

    Writes ``checkpoints/epoch_NNN``, ``best_prior``, ``best_tail``, and ``metrics.jsonl``. The resume state
    ``last.ckpt`` lies beside the checkpoints, and that of each network of a pool in ``checkpoints/network-N``.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        resume: whether a training that was stopped goes on.
        dry_run: only say what the training will take.

    Returns:
        The folder of the checkpoints.

    Raises:
        UserError: no store, an empty split, a state of another configuration, too little disk, divergence.
        Interrupted: SIGINT or SIGTERM came; the state is saved.
    """
    store = run.open_store()
    config, choices = settled(config, store)
    if is_main():
        for line in in_words(choices):
            console.print(line, soft_wrap=True, highlight=False)
    if resume:
        config = as_planned(config, run)
    elif world_size() == 1 and not run.holds_training:  # processes of torchrun would each plan for themselves
        at_once = networks_at_once(config)
        processes = processes_for(config) if config.train.pool == 1 else 1
        foreseen = estimate(config, store, processes=processes, networks=at_once)
        rounds = -(-config.train.pool // at_once)
        turns = f"{rounds} times " if rounds > 1 else ""
        console.print(f"{turns}{foreseen}", soft_wrap=True, highlight=False)
        if dry_run:
            return run.checkpoints
        config = planned(config, run, foreseen, rounds)
    if config.train.pool > 1:
        train_pool(config, run, resume=resume)
    else:
        with helped(config, run, resume=resume):
            train_network(config, run, resume=resume)
    return run.checkpoints
