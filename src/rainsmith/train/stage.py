"""The command ``train``: one network, or the networks of a pool."""

from __future__ import annotations

from pathlib import Path

from rainsmith.base.console import console
from rainsmith.base.memory import give_back
from rainsmith.base.needs import Needs
from rainsmith.base.processes import is_main, world_size
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.train.estimate import Estimate, estimate
from rainsmith.train.loop import train_network
from rainsmith.train.plan import as_planned, planned
from rainsmith.train.pool import fold_of, networks_at_once, train_pool
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
    if resume:
        config = as_planned(config, run)
    elif world_size() == 1 and not run.holds_training:  # processes of torchrun would each plan for themselves
        foreseen = foresee(config, run)
        give_back()
        console.print(str(_needs(foreseen, config)), soft_wrap=True, highlight=False)
        config = planned(config, run, foreseen, rounds_of(config))
    if config.train.pool > 1:
        train_pool(config, run, resume=resume)
    else:
        train_network(config, run, resume=resume)
    return run.checkpoints


def foresee(config: Config, run: Run) -> Estimate:
    """What a training will take on this machine, from a few steps of a copy of the network; nothing is written.

    Args:
        config: the configuration.
        run: the run folder, prepared.

    Returns:
        What the training of one network takes.

    Raises:
        UserError: no store, an empty split, or the training needs more memory than is free.
    """
    store = run.open_store()
    config, _ = settled(config, store)
    return estimate(config, store, fold=fold_of(config, 0), networks=networks_at_once(config))


def needs(config: Config, run: Run) -> Needs:
    """What the training of all networks of ``config`` takes, see ``foresee``."""
    return _needs(foresee(config, run), settled(config, run.open_store())[0])


def _needs(foreseen: Estimate, config: Config) -> Needs:
    settings = config.train
    return foreseen.needs(networks=settings.pool, rounds=rounds_of(config), max_minutes=settings.max_minutes)


def rounds_of(config: Config) -> int:
    """How many times ``networks_at_once`` networks are trained, one after another."""
    return -(-config.train.pool // networks_at_once(config))
