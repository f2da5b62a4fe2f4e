"""Training: one loop, read top to bottom; stopped at any step it resumes to the same weights."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import numpy as np
import torch
from lightning_fabric import seed_everything

from rainsmith.base.console import console, progress
from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import check_disk
from rainsmith.config import Config
from rainsmith.data.dataset import Days, stratified_batches
from rainsmith.models import checkpoint
from rainsmith.models.blocks import channels_last
from rainsmith.models.generative import GenerativeModel, build_model
from rainsmith.models.precision import pick_device
from rainsmith.run_folder import Run
from rainsmith.train import best_epoch
from rainsmith.train import resume as training_state
from rainsmith.train.calibration import calibrate
from rainsmith.train.distributed import any_process, launch, stop_signals
from rainsmith.train.optimise import MovingAverage, Plateau, keep_buffers_mapped, kl_weight, learning_rate
from rainsmith.train.precision import choose_precision
from rainsmith.train.validation import Validation

MONITORED = {"prior": ("prior", "tail_score"), "tail": ("posterior", "mae_tail")}
"""The two best checkpoints: by a proper tail score of prior samples, within chance the latest (``best_epoch``), and by
reconstruction as the reference does, the lowest."""


class Interrupted(Exception):
    """Training was asked to stop; its state is saved."""


def train(config: Config, run: Run, *, resume: bool = False) -> None:
    """Train ``config.model`` on the training days of the run's store.

    Writes ``checkpoints/epoch_NNN``, ``best_prior``, ``best_tail``, the resume state ``last.ckpt`` and
    ``metrics.jsonl``. Under ``torchrun`` every process takes its share of each batch.

    Raises:
        UserError: no store, an empty split, a state of another configuration, too little disk, divergence.
        Interrupted: SIGINT or SIGTERM came; the state is saved.
    """
    settings = config.train
    keep_buffers_mapped()
    store = run.open_store()
    domain = store.drop_dims("time").load()
    train_set, validation_set = in_split(store, "train"), in_split(store, "validation")
    for name, found in (("train", train_set), ("validation", validation_set)):
        if found.sizes["time"] < 2:
            raise UserError(f"the {name} split has {found.sizes['time']} days, expected 2 or more; change data.splits")
    state_file = run.checkpoints / "last.ckpt"
    saved = training_state.read(state_file, config, store) if resume else None
    if saved is None and state_file.exists():
        raise UserError(f"{run.checkpoints} holds a training already; add --resume to go on, or give another --run")

    # the model, its optimiser, the moving average and the fixed validation days
    seed_everything(config.seed, verbose=False)
    model = build_model(config, domain)
    network = model.network
    channels_last(network)
    days = Days(train_set)
    precision, timed = _precision(config, model, days, saved)
    fabric = launch(config.device, precision)
    size = sum(p.numel() for p in network.parameters())
    check_disk(run.checkpoints, 4 * size * (settings.epochs / settings.save_every + 12), "training")
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
    wrapped, optimiser = fabric.setup(model, optimiser)
    average = MovingAverage(network, settings.ema)
    validate = Validation(
        validation_set,
        domain,
        members=settings.validation_members,
        at_most=settings.validation_days,
        wet_mm=config.data.wet_mm,
        seed=config.seed,
        batch_size=settings.batch_size,
    )

    # where we are: every value that the loop changes lives in the state, the network, the optimiser or the average
    state = training_state.fresh_state(config, store, precision, tuple(MONITORED))
    if saved is not None:
        network.load_state_dict(saved.pop("network"))
        optimiser.load_state_dict(saved.pop("optimiser"))
        average.load_state_dict(saved.pop("average"))
        model.objective.load_state_dict(saved.pop("objective"))
        state.update(saved)
    plateau = Plateau(state["plateau"])
    main = fabric.is_global_zero

    def save_state() -> None:
        if main:
            training_state.write(
                state_file,
                state,
                network=network.state_dict(),
                optimiser=optimiser.state_dict(),
                average=average.state_dict(),
                objective=model.objective.state_dict(),
            )

    def save_checkpoint(name: str, epoch: int, figures: dict[str, Any]) -> None:
        if main:
            path = run.checkpoints / f"{name}{checkpoint.SUFFIX}"
            checkpoint.save(path, network.state_dict(), config, domain, epoch, validation=figures)

    if main:
        run.write_config(config)
        training_state.truncate_log(run.metrics_log, state["epoch"])
        times = ", ".join(f"{name} {seconds:.2f} s a step" for name, seconds in timed.items())
        console.print(
            f"{config.model.name}: {size / 1e6:.2f} M parameters, {len(days)} days, "
            f"{precision}{f' ({times})' if times else ''}, {fabric.device}, {fabric.world_size} process(es)"
        )
    heavy = in_day_set(train_set, "heavy")
    monitor = "prior" if settings.monitor == "prior" else "tail"
    # a training that ended may go on where its limits were raised
    state["finished"] = bool(_reason_to_end(config, state, monitor))
    last_saved = clock = time.monotonic()
    with stop_signals() as stop, progress(quiet=not main) as bar:
        task = bar.add_task("train", total=settings.epochs, completed=state["epoch"], note="")
        while not state["finished"]:
            epoch = state["epoch"]
            order = np.random.default_rng([config.seed, 1, epoch])
            batches = stratified_batches(heavy, settings.batch_size, settings.min_heavy_fraction, order)
            while state["step"] < len(batches):
                step = state["step"]
                started = time.monotonic()
                lr, beta = _rates(config, epoch, step, len(batches), plateau.factor)
                for group in optimiser.param_groups:
                    group["lr"] = lr
                # all randomness of a step follows from its number: this is what makes a resumed run the same
                torch.manual_seed(_seed_of(config.seed, epoch, step, fabric.global_rank))
                batch = days.batch(batches[step][fabric.global_rank :: fabric.world_size]).to(fabric.device)
                terms, kl = wrapped(batch.x, batch.y, batch.valid, beta)
                optimiser.zero_grad(set_to_none=True)
                fabric.backward(terms["loss"])
                norm = fabric.clip_gradients(wrapped, optimiser, max_norm=settings.grad_clip, error_if_nonfinite=False)
                if norm is None or not torch.isfinite(norm):
                    raise UserError(
                        f"training diverged in epoch {epoch}, step {step} (gradient norm {norm}); "
                        "lower train.lr, or set train.precision: fp32"
                    )
                optimiser.step()
                average.update(network)
                _accumulate(state, terms, kl, time.monotonic() - started)
                clock = _tick(state, clock)
                stopping = any_process(fabric, stop.requested)
                if stopping and state["step"] < len(batches):
                    save_state()
                    raise Interrupted(f"stopped in epoch {epoch}; the state is saved: go on with --resume")
                if time.monotonic() - last_saved > settings.save_last_seconds:
                    save_state()
                    last_saved = time.monotonic()

            # the end of an epoch: validate, keep the best, log, decide whether to go on
            lr, beta = _rates(config, epoch, len(batches) - 1, len(batches), plateau.factor)
            row = _epoch_row(state, lr, beta, len(batches))
            last = epoch + 1 == settings.epochs or fabric.broadcast(_time_is_up(config, state))
            due = (epoch + 1) % settings.save_every == 0 or last
            if (epoch + 1) % settings.validate_every == 0 or due:
                raw = {name: value.clone() for name, value in network.state_dict().items()}
                if settings.ema > 0:
                    network.load_state_dict(average.values)
                calibrate(
                    model, days, fabric.device, fabric.autocast(), seed=config.seed, batch_size=settings.batch_size
                )
                # running statistics differ between processes; the first one's figures are everybody's
                figures, weekly = fabric.broadcast(validate(model, fabric.device, fabric.autocast()))
                row["validation"] = {**figures, "kl_per_dimension": row.pop("kl_per_dimension"), "best": []}
                for name, (mode, metric) in MONITORED.items():
                    parts = weekly if name == "prior" else None
                    if best_epoch.observe(state["best"][name], epoch, figures[mode][metric], parts):
                        row["validation"]["best"].append(name)
                        save_checkpoint(f"best_{name}", epoch, figures)
                if due:
                    save_checkpoint(f"epoch_{epoch + 1:03d}", epoch, figures)
                network.load_state_dict(raw)
                plateau.observe(improved=state["best"][monitor]["epoch"] == epoch)
            if main:
                with run.metrics_log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(row) + "\n")
            bar.update(task, completed=epoch + 1, note=_note(row))
            training_state.start_epoch(state, epoch + 1)
            clock = _tick(state, clock)
            reason = fabric.broadcast(_reason_to_end(config, state, monitor))
            state["finished"] = bool(reason)
            stopping = any_process(fabric, stop.requested)
            if reason or stopping:
                save_state()
            if reason and state["epoch"] < settings.epochs and main:
                console.print(f"training ends after epoch {epoch + 1}: {reason}")
            if stopping and not reason:
                raise Interrupted(f"stopped after epoch {epoch + 1}; the state is saved: go on with --resume")
    fabric.barrier()


def _precision(
    config: Config, model: GenerativeModel, days: Days, saved: dict[str, Any] | None
) -> tuple[str, dict[str, float]]:
    """A resumed run keeps its precision; otherwise ``train.precision``, timed where it is auto."""
    if saved is not None:
        return str(saved["precision"]), {}
    device = pick_device(config.device)
    if config.train.precision == "auto" and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        # processes would time differently, and must agree
        return ("bf16" if device.type == "cuda" else "fp32"), {}
    batch = days.batch(np.arange(min(len(days), config.train.batch_size, 32))).to(device)
    return choose_precision(
        config.train.precision, device, model.to(device), lambda m: m(batch.x, batch.y, batch.valid, 0.0)[0]["loss"]
    )


def _rates(config: Config, epoch: int, step: int, steps: int, plateau_factor: float) -> tuple[float, float]:
    """Learning rate and weight of the KL at a step of an epoch."""
    position = epoch * steps + step
    beta = kl_weight(config.beta, position / steps, config.kl_warmup_epochs)
    return learning_rate(config.train, position, steps, plateau_factor), beta


def _time_is_up(config: Config, state: dict[str, Any]) -> bool:
    limit = config.train.max_minutes
    return limit is not None and float(state["elapsed"]) > 60 * limit


def _reason_to_end(config: Config, state: dict[str, Any], monitor: str) -> str:
    """Why no further epoch is trained, or ""."""
    settings = config.train
    if state["epoch"] >= settings.epochs:
        return "all epochs are done"
    if int(state["epoch"]) - 1 - state["best"][monitor]["epoch"] >= settings.early_stopping_patience:
        return f"no better {settings.monitor} score for {settings.early_stopping_patience} epochs"
    if _time_is_up(config, state):
        return f"train.max_minutes = {settings.max_minutes:g} passed"
    return ""


def _accumulate(state: dict[str, Any], terms: dict[str, torch.Tensor], kl: torch.Tensor, seconds: float) -> None:
    for name, value in terms.items():
        state["sums"][name] = state["sums"].get(name, 0.0) + value.item()
    per_dimension = kl.tolist()
    state["kl"] = [a + b for a, b in zip(state["kl"] or [0.0] * len(per_dimension), per_dimension, strict=True)]
    state["step"] += 1
    state["seconds"] += seconds


def _tick(state: dict[str, Any], clock: float) -> float:
    now = time.monotonic()
    state["elapsed"] += now - clock
    return now


def _epoch_row(state: dict[str, Any], lr: float, beta: float, steps: int) -> dict[str, Any]:
    return {
        "epoch": state["epoch"],
        "step": (state["epoch"] + 1) * steps,
        "lr": lr,
        "beta": beta,
        "seconds": round(state["seconds"], 2),
        "train": {name: value / steps for name, value in state["sums"].items()},
        "kl_per_dimension": [value / steps for value in state["kl"]],
    }


def _note(row: dict[str, Any]) -> str:
    text = f"loss {row['train']['loss']:.3f}"
    if "validation" in row:
        prior, posterior, observed = (row["validation"][key]["max"] for key in ("prior", "posterior", "observed"))
        text += f", max mm: prior {prior:.0f}, posterior {posterior:.0f}, observed {observed:.0f}"
    return text


def _seed_of(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
