"""What a training works with and changes: model, optimiser, average, days, and the state that is saved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from lightning_fabric import Fabric, seed_everything

from rainsmith.base.console import console
from rainsmith.base.dims import in_day_set
from rainsmith.base.errors import UserError
from rainsmith.base.files import check_disk
from rainsmith.config import Config
from rainsmith.data.dataset import Batch, Days, stratified_batches
from rainsmith.models import checkpoint
from rainsmith.models.blocks import channels_last
from rainsmith.models.generative import GenerativeModel, build_model, require_posterior, take_in_parts
from rainsmith.models.patch import Patch
from rainsmith.models.precision import pick_device, training_precision
from rainsmith.run_folder import Run
from rainsmith.train import resume as resume_state
from rainsmith.train.distributed import launch
from rainsmith.train.folds import Fold, days_to_learn_and_to_choose
from rainsmith.train.optimise import MovingAverage
from rainsmith.train.validation import Validation

MONITORED = {"prior": ("prior", "tail_score"), "tail": ("posterior", "mae_tail")}
"""The mode and the figure that choose each best checkpoint: ``best_prior`` by a proper tail score of prior samples (the
latest epoch within chance, see ``best_epoch``), ``best_tail`` by the lowest error of reconstructions, as the reference
chooses."""
STATE_FILE = "last.ckpt"
"""Name of the state that ``--resume`` reads, in the folder of the checkpoints."""


@dataclass
class Job:
    """One training.

    Every value that the loop changes lives in ``state``, the network, the optimiser, the average or the objective, and
    all five are saved: this is what makes a resumed training end in the same weights.

    Attributes:
        config: the configuration.
        run: the run folder.
        domain: the store without its time.
        fabric: device, precision and processes.
        model: the generative model in physical units.
        wrapped: the same model as Fabric runs it on this device, in this precision and with the other processes.
        optimiser: moves its weights.
        average: moving average of the weights, which is what is validated and saved.
        days: the training days.
        climate: the days whose climate the members are to have.
        heavy: (time,) bool, which of them are heavy.
        validate: scores members of a fixed set of validation days.
        state: plain values, as ``resume.fresh_state`` lists them.
        monitored: the best checkpoints that this model can have, as ``MONITORED`` lists them.
        patches: parts of the grid that steps work on, and the chance of each; None stands for the whole grid.
        last_saved: [s] time of the last save of the state, on the clock of ``time.monotonic``.
        last_checkpoint: weights that were written last, whose domain is that of the next ones.
        clock: [s] time up to which ``state["elapsed"]`` is counted, on the same clock.
    """

    config: Config
    run: Run
    domain: xr.Dataset
    fabric: Fabric
    model: GenerativeModel
    wrapped: Any
    optimiser: torch.optim.Optimizer
    average: MovingAverage
    days: Days
    climate: Days
    heavy: np.ndarray
    validate: Validation
    state: dict[str, Any]
    monitored: dict[str, tuple[str, str]]
    patches: tuple[list[Patch], np.ndarray] | None
    last_saved: float = field(default_factory=time.monotonic)
    last_checkpoint: Path | None = None
    clock: float = field(default_factory=time.monotonic)

    @property
    def state_file(self) -> Path:
        """The file that ``--resume`` reads."""
        return self.run.checkpoints / STATE_FILE

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and messages."""
        return bool(self.fabric.is_global_zero)

    @property
    def limit(self) -> float | None:
        """[s] ``train.max_minutes``."""
        minutes = self.config.train.max_minutes
        return None if minutes is None else 60 * minutes

    def batches(self) -> list[np.ndarray]:
        """Indices of the days of every step of the present epoch."""
        settings, order = self.config.train, np.random.default_rng([self.config.seed, 1, self.state["epoch"]])
        batches = stratified_batches(self.heavy, settings.batch_size, settings.min_heavy_fraction, order)
        return batches[: settings.epoch_steps]

    def remaining(self, batches: list[np.ndarray]) -> Iterator[tuple[Batch, Patch | None]]:
        """This process's share of the batches of the present epoch that are not done yet, and the patch of each."""
        while self.state["step"] < len(batches):
            share = batches[self.state["step"]][self.fabric.global_rank :: self.fabric.world_size]
            patch = self.patch_of_step()
            yield self.days.batch(share, None if patch is None else patch.read).to(self.fabric.device), patch

    def patch_of_step(self) -> Patch | None:
        """The part of the grid that the present step works on; None stands for the whole grid."""
        if self.patches is None:
            return None
        order = np.random.default_rng([self.config.seed, 2, self.state["epoch"], self.state["step"]])
        patches, chances = self.patches
        return patches[order.choice(len(patches), p=chances)]

    def tick(self) -> None:
        """Add the time since the last call to the time that the training has taken."""
        now = time.monotonic()
        self.state["elapsed"] += now - self.clock
        self.clock = now

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a state that ``save_state`` wrote.

        Raises:
            UserError: the state is of a network with other layers, as another version may have had.
        """
        try:
            self.model.network.load_state_dict(saved.pop("network"))
            self.optimiser.load_state_dict(saved.pop("optimiser"))
            self.average.load_state_dict(saved.pop("average"))
            self.model.objective.load_state_dict(saved.pop("objective"))
        except (RuntimeError, ValueError, KeyError) as error:
            first = " ".join(str(error).split())[:300]
            raise UserError(
                f"{self.state_file} is of another network ({first}); train again in another --run"
            ) from None
        self.state.update(saved)

    def save_state(self) -> None:
        """Write what ``--resume`` goes on from."""
        self.last_saved = time.monotonic()
        if self.is_main:
            resume_state.write(
                self.state_file,
                self.state,
                network=self.model.network.state_dict(),
                optimiser=self.optimiser.state_dict(),
                average=self.average.state_dict(),
                objective=self.model.objective.state_dict(),
            )

    def save_checkpoint(self, name: str, figures: dict[str, Any]) -> None:
        """Write the network's present weights under a name."""
        if self.is_main:
            path = self.run.checkpoints / f"{name}{checkpoint.SUFFIX}"
            weights, epoch = self.model.network.state_dict(), self.state["epoch"]
            checkpoint.save(
                path, weights, self.config, self.domain, epoch, beside=self.last_checkpoint, validation=figures
            )
            self.last_checkpoint = path


def set_up(config: Config, run: Run, fold: Fold | None = None, *, resume: bool) -> Job:
    """Everything that a training needs, at its first step or where the saved state stands.

    Args:
        config: the configuration.
        run: the run folder, prepared.
        fold: the block of days that chooses while the others teach; None takes the splits as they are.
        resume: whether a training that was stopped goes on.

    Raises:
        UserError: no store, an empty split, nothing to resume, a state of another configuration, a training that is
            there already, a monitored score that the model does not have, too little disk.
    """
    settings = config.train
    store = run.open_store()
    domain = store.drop_dims("time").load()
    training_days, validation_days = days_to_learn_and_to_choose(store, fold)
    saved = _saved_state(config, run, store, resume=resume)

    seed_everything(config.seed, verbose=False)  # of the first weights
    model = build_model(config, domain)
    channels_last(model.network)
    take_in_parts(model, config)
    monitored = _monitored(config, model)
    if config.augment.mode == "posterior":  # said now, and not after the training
        require_posterior(model, config.model.name, "augment.mode: posterior", "set augment.mode: prior")
    precision = training_precision(settings.precision, pick_device(config.device))
    if saved is not None:
        precision = str(saved["precision"])
    fabric = launch(config.device, precision)
    size = sum(weights.numel() for weights in model.network.parameters())
    check_disk(run.checkpoints, 4 * size * (settings.planned_epochs / settings.save_interval + 12), "training")
    adamw = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
    wrapped, optimiser = fabric.setup(model, adamw)
    average = MovingAverage(model.network, settings.ema)
    validate = Validation(
        validation_days,
        domain,
        members=settings.validation_members,
        at_most=settings.validation_days,
        wet_mm=config.data.wet_mm,
        seed=config.seed,
        batch_size=settings.batch_size,
    )
    state = resume_state.fresh_state(config, store, precision, tuple(monitored))
    days, heavy = Days(training_days), in_day_set(training_days, "heavy")
    climate = days if fold is None else Days(validation_days)
    moving = (model, wrapped, optimiser, average)
    patches = None if settings.patch is None else model.patches(settings.patch)
    job = Job(config, run, domain, fabric, *moving, days, climate, heavy, validate, state, monitored, patches)
    if saved is not None:
        job.restore(saved)
    if job.is_main:
        console.print(
            f"{config.model.name}: {size / 1e6:.2f} M parameters, {len(days)} days, {precision}, {fabric.device}, "
            f"{fabric.world_size} process(es)"
        )
    return job


def _saved_state(config: Config, run: Run, store: xr.Dataset, *, resume: bool) -> dict[str, Any] | None:
    """The state that a resumed training goes on from; None for a training that begins."""
    path = run.checkpoints / STATE_FILE
    if run.holds_training and not path.exists():
        raise UserError(
            f"{run.checkpoints} holds a pool of networks; set train.pool to their number, or give another --run"
        )
    if resume:
        return resume_state.read(path, config, store)
    if path.exists():
        raise UserError(f"{run.checkpoints} holds a training already; add --resume to go on, or give another --run")
    return None


def _monitored(config: Config, model: GenerativeModel) -> dict[str, tuple[str, str]]:
    """The best checkpoints that the model can have: one that reconstructs nothing has none by its reconstructions."""
    monitored = {name: of for name, of in MONITORED.items() if model.has_posterior or of[0] == "prior"}
    if config.train.monitor == "mae_tail" and not model.has_posterior:
        raise UserError(
            f"train.monitor is mae_tail, an error of reconstructions, and the model {config.model.name} makes none; "
            "set train.monitor: prior"
        )
    return monitored
