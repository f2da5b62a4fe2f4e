"""The checkpoints of single networks become those of their pool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.config import Config
from rainsmith.models import checkpoint
from rainsmith.models.checkpoint import OF_NETWORK, SUFFIX
from rainsmith.run_folder import Run

BEST = "best_prior"
"""The checkpoint that every network must have."""


def join_networks(config: Config, run: Run) -> None:
    """Write each checkpoint that all networks have as one of the pool, and the log of the first network as the run's.

    Checkpoints that an earlier pool may have left in the run folder, and this one has not, are removed.

    Args:
        config: the configuration of the pool.
        run: the run folder, whose networks are trained.

    Raises:
        UserError: a network has no best checkpoint.
    """
    folders = [run.network(number).checkpoints for number in range(config.train.pool)]
    names_of = [{path.stem for path in folder.glob(f"*{SUFFIX}")} for folder in folders]
    names = set.intersection(*names_of)
    for number, own in enumerate(names_of):
        if BEST not in own:
            raise UserError(
                f"network {number + 1} of the pool has no {BEST}; expected one; its training was too short or gave no "
                "finite score: give it more time (train.max_minutes) and go on with --resume, or lower train.lr"
            )
    if dropped := sorted(set.union(*names_of) - names):
        console.print(f"note: not all networks have {', '.join(dropped)}, so the pool does not have them")
    for name in sorted(names):
        join([folder / name for folder in folders], run.checkpoints / f"{name}{SUFFIX}", config)
    for path in [*run.checkpoints.glob(f"epoch_*{SUFFIX}"), *run.checkpoints.glob(f"best_*{SUFFIX}")]:
        if path.stem not in names:
            for ending in (SUFFIX, ".json", ".nc"):
                path.with_suffix(ending).unlink(missing_ok=True)
    with atomic(run.metrics_log) as scratch:
        scratch.write_bytes(run.network(0).metrics_log.read_bytes())


def join(paths: Sequence[Path], target: Path, config: Config) -> None:
    """Write the checkpoints of single networks as one.

    Args:
        paths: of the networks' checkpoints, with or without their ending; all were trained on the same store.
        target: of the pool's weights (``*.safetensors``).
        config: the configuration of the pool.

    Raises:
        UserError: one of them is damaged, or the pool could not be written.
    """
    parts = [checkpoint.load(path) for path in paths]
    weights = {
        f"{number}{OF_NETWORK}{name}": tensor
        for number, part in enumerate(parts)
        for name, tensor in part.networks[0].items()
    }
    epochs = [part.epoch for part in parts]
    checkpoint.save(target, weights, config, parts[0].domain, epochs[0], networks=len(parts), epochs=epochs)
