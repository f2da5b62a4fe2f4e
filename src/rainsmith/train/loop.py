"""The training of one network: one loop, read top to bottom; stopped at any step it resumes to the same weights."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainsmith.base.console import console, progress
from rainsmith.base.errors import Interrupted, UserError
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.memory import give_back, keep_buffers_mapped
from rainsmith.config import Config
from rainsmith.data.dataset import Batch
from rainsmith.models.patch import Patch
from rainsmith.run_folder import Run
from rainsmith.train import best_epoch
from rainsmith.train import resume as resume_state
from rainsmith.train.calibration import MOST_DAYS, MOST_DAYS_EARLY, calibrate
from rainsmith.train.distributed import any_process, stop_signals
from rainsmith.train.folds import Fold
from rainsmith.train.job import Job, set_up
from rainsmith.train.optimise import kl_weight, learning_rate

OVERTIME = 1.2
"""Times ``train.max_minutes`` at which a training ends within an epoch."""


WHAT_IS_SHOWN = "Largest amounts on the validation days: drawn by a member, and real (observed)."
"""The words of ``_note``, said once before the first epoch, in 80 letters or fewer."""


def train_network(config: Config, run: Run, fold: Fold | None = None, *, resume: bool = False) -> None:
    """Train one network of ``config.model`` on the training days of the run's store.

    Writes ``epoch_NNN``, ``best_prior``, ``best_tail`` and the resume state ``last.ckpt`` into ``run.checkpoints``, and
    ``run.metrics_log``. Under ``torchrun`` every process takes its share of each batch.

    Args:
        config: the configuration.
        run: the run folder, prepared, or that of one network of a pool.
        fold: the block of days that chooses while the others teach; None takes the splits as they are.
        resume: whether a training that was stopped goes on.

    Raises:
        UserError: no store, an empty split, a state of another configuration, too little disk, divergence.
        Interrupted: SIGINT or SIGTERM came; the state is saved.
    """
    keep_buffers_mapped()
    with large_arrays_in(run.folder):
        job = set_up(config, run, fold, resume=resume)
    give_back()
    state, epochs = job.state, config.train.planned_epochs
    if job.is_main:
        run.write_config(config)
        resume_state.truncate_log(run.metrics_log, state["epoch"])
        console.print(WHAT_IS_SHOWN, soft_wrap=True, highlight=False)
    state["finished"] = bool(_reason_to_end(job))  # a training that ended may go on where its limits were raised
    with stop_signals() as stop, progress(quiet=not job.is_main) as bar:
        task = bar.add_task("train", total=epochs, completed=state["epoch"], note="")
        while not state["finished"]:
            # the steps of an epoch
            batches = job.batches()
            for batch, patch in job.remaining(batches):
                _take_step(job, batch, patch, len(batches))
                job.tick()
                bar.update(task, completed=state["epoch"] + state["step"] / len(batches))
                if job.limit is not None and any_process(job.fabric, state["elapsed"] > OVERTIME * job.limit):
                    break  # the plan was wrong by far
                if any_process(job.fabric, stop.requested) and state["step"] < len(batches):
                    job.save_state()
                    raise Interrupted(f"stopped in epoch {state['epoch']}; the state is saved: go on with --resume")
                if time.monotonic() - job.last_saved > config.train.save_last_seconds:
                    job.save_state()

            # its row in the log, with scores and checkpoints where they are due
            row = _epoch_row(job, len(batches))
            done = state["epoch"] + 1
            is_last = done == epochs or job.fabric.broadcast(_time_is_up(job))
            keep = done % config.train.save_interval == 0 or is_last
            if keep or done % config.train.validation_interval == 0:
                _validate(job, row, keep=keep)
            if job.is_main:
                with run.metrics_log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(row) + "\n")
            resume_state.start_epoch(state, done)
            bar.update(task, completed=done, note=_note(row))
            job.tick()

            # the next epoch, or the end; processes have clocks and signals of their own and must decide alike
            reason = job.fabric.broadcast(_reason_to_end(job))
            state["finished"] = bool(reason)
            is_stopped = any_process(job.fabric, stop.requested)
            if reason or is_stopped:
                job.save_state()
            if reason and done < epochs and job.is_main:
                console.print(f"training ends after epoch {done}: {reason}")
            if is_stopped and not reason:
                raise Interrupted(f"stopped after epoch {done}; the state is saved: go on with --resume")
    job.fabric.barrier()


def _take_step(job: Job, batch: Batch, patch: Patch | None, steps: int) -> None:
    """Take one step of the optimiser, and add its terms to those of the epoch.

    Args:
        job: the training.
        batch: this process's share of the days of the step.
        patch: the part of the grid that it holds; None stands for the whole grid.
        steps: number of steps of an epoch.
    """
    started, epoch, step = time.monotonic(), job.state["epoch"], job.state["step"]
    lr, beta = _rates(job.config, epoch, step, steps)
    for group in job.optimiser.param_groups:
        group["lr"] = lr
    # all randomness of a step follows from its number: this is what makes a resumed training the same
    torch.manual_seed(_seed_of(job.config.seed, epoch, step, job.fabric.global_rank))
    terms, kl = job.wrapped(batch.x, batch.y, batch.valid, beta, *([patch] if patch else []))
    job.optimiser.zero_grad(set_to_none=True)
    job.fabric.backward(terms["loss"])
    norm = job.fabric.clip_gradients(
        job.wrapped, job.optimiser, max_norm=job.config.train.grad_clip, error_if_nonfinite=False
    )
    if norm is None or not torch.isfinite(norm):
        raise UserError(
            f"training diverged in epoch {epoch}, step {step} (gradient norm {norm}); "
            "lower train.lr, or set train.precision: fp32"
        )
    job.optimiser.step()
    job.average.update(job.model.network)
    _accumulate(job.state, terms, kl, time.monotonic() - started)


def _validate(job: Job, row: dict[str, Any], *, keep: bool) -> None:
    """Calibrate and score the averaged weights, and save those that are the best or are kept in any case.

    Args:
        job: the training, whose network has its own weights again in the end.
        row: of the log; the scores are added to it.
        keep: whether the weights are saved as those of their epoch.
    """
    network, settings, fabric = job.model.network, job.config.train, job.fabric
    give_back()
    raw = {name: value.clone() for name, value in network.state_dict().items()}
    if settings.ema > 0:
        network.load_state_dict(job.average.values)
    seed, early = job.config.seed, 2 * job.state["epoch"] < settings.planned_epochs
    calibrate(
        *(job.model, job.climate, fabric.device, fabric.autocast()),
        seed=seed,
        batch_size=job.validate.batch_size,
        wet_mm=job.config.data.wet_mm,
        most_days=MOST_DAYS_EARLY if early else MOST_DAYS,
    )
    # statistics such as those of a batch norm differ between processes: all take the scores of the first
    figures, weekly = fabric.broadcast(job.validate(job.model, fabric.device, fabric.autocast()))
    row["validation"] = {**figures, "kl_per_dimension": row.pop("kl_per_dimension"), "best": []}
    for name, (mode, metric) in job.monitored.items():
        parts = weekly if name == "prior" else None
        if best_epoch.observe(job.state["best"][name], job.state["epoch"], figures[mode][metric], parts):
            row["validation"]["best"].append(name)
            job.save_checkpoint(f"best_{name}", figures)
    if keep:
        job.save_checkpoint(f"epoch_{job.state['epoch'] + 1:03d}", figures)
    network.load_state_dict(raw)
    give_back()  # draws of the whole grid need other buffers than steps


def _rates(config: Config, epoch: int, step: int, steps: int) -> tuple[float, float]:
    """Learning rate, and weight of the KL divergence, at a step of an epoch of so many steps."""
    position = epoch * steps + step
    beta = 0.0 if config.model.kl is None else kl_weight(*config.model.kl, epoch=position / steps)
    return learning_rate(config.train, position, steps), beta


def _time_is_up(job: Job) -> bool:
    """Whether the training has taken the time that it was given."""
    return job.limit is not None and float(job.state["elapsed"]) > job.limit


def _reason_to_end(job: Job) -> str:
    """Why no further epoch is trained, or ""."""
    settings, state = job.config.train, job.state
    if state["epoch"] >= settings.planned_epochs:
        return "all epochs are done"
    best = state["best"]["prior" if settings.monitor == "prior" else "tail"]
    if int(state["epoch"]) - 1 - best["epoch"] >= settings.early_stopping_patience:
        return f"no better {settings.monitor} score for {settings.early_stopping_patience} epochs"
    if _time_is_up(job):
        return f"train.max_minutes = {settings.max_minutes:g} passed"
    return ""


def _accumulate(state: dict[str, Any], terms: dict[str, Tensor], kl: Tensor, seconds: float) -> None:
    """Add what a step gave to the sums of its epoch."""
    for name, value in terms.items():
        state["sums"][name] = state["sums"].get(name, 0.0) + value.item()
    per_dimension = kl.tolist()
    state["kl"] = [a + b for a, b in zip(state["kl"] or [0.0] * len(per_dimension), per_dimension, strict=True)]
    state["step"] += 1
    state["seconds"] += seconds


def _epoch_row(job: Job, steps: int) -> dict[str, Any]:
    """The row of an epoch of so many steps in ``metrics.jsonl``: means over those that were taken."""
    state, taken = job.state, job.state["step"]
    lr, beta = _rates(job.config, state["epoch"], steps - 1, steps)
    return {
        "epoch": state["epoch"],
        "step": state["epoch"] * steps + taken,
        "lr": lr,
        "beta": beta,
        "seconds": round(state["seconds"], 2),
        "train": {name: value / taken for name, value in state["sums"].items()},
        "kl_per_dimension": [value / taken for value in state["kl"]],
    }


def _note(row: dict[str, Any]) -> str:
    """What the progress bar says of an epoch, in 34 letters or fewer."""
    text = f"loss {row['train']['loss']:.4g}"
    if "validation" in row:
        drawn, observed = (row["validation"][kind]["max"] for kind in ("prior", "observed"))
        text += f", drawn {drawn:.0f}, real {observed:.0f} mm"
    return text


def _seed_of(*numbers: int) -> int:
    """One seed of 63 bits that follows from several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
