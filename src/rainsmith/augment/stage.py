"""The command ``augment``: synthetic days are drawn for training days, judged, and written behind the real ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.augment.drawing import Drawing
from rainsmith.augment.judge import Judge, count_rejections, with_reasons
from rainsmith.augment.source_days import choose_source_days
from rainsmith.augment.steering import Steering, effective_number
from rainsmith.augment.training_set import mix, require_training_days, write_training_set
from rainsmith.base.console import console
from rainsmith.base.dims import TIME, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.pieces import Pieces
from rainsmith.base.provenance import provenance
from rainsmith.config import Augment, Config, Sampling
from rainsmith.data.held_days import held
from rainsmith.data.store import fingerprint_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.generative import days_at_once, require_posterior
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler


def augment(config: Config, run: Run, *, pieces: Pieces | None = None) -> Path:
    """Draw ``augment.ratio`` synthetic days per real training day and write both as one training set.

    Each synthetic day is judged by the checks of docs/checks.md; one that is rejected is drawn anew with the next
    member, ``augment.tries`` times at most. Writes ``augmented.zarr`` (the format of the store, training days only,
    with ``synthetic(time)`` and ``weight(time)``), the reference's array pair under ``augmented_npy/``, and
    ``augmentation.csv`` with a row for every day that was judged.

    Args:
        config: the configuration.
        run: a trained run folder.
        pieces: where the work is shared out to shards, the batches that are drawn and judged.

    Returns:
        The path of ``augmented.zarr``.

    Raises:
        Unfinished: other shards have batches left.
        UserError: no checkpoint, no training day in the asked set, too few training days, a variation of levels that
            are all kept, or of storms by a model without a posterior, too little disk.
    """
    target = run.folder / "augmented.zarr"
    with large_arrays_in(run.folder):
        augmented = synthesise(config, run, pieces=pieces)
        write_training_set(augmented.training_set, target, run.folder / "augmented_npy")
    with atomic(run.folder / "augmentation.csv") as scratch:
        augmented.table.to_csv(scratch, index=False)
    return target


@dataclass(frozen=True, eq=False)
class Augmented:
    """What ``synthesise`` made.

    Attributes:
        training_set: the real training days, then the accepted synthetic ones, in the format of the store.
        table: ``augmentation.csv``: a row for every synthetic day that was judged.
        rejections: how many days each check rejected, by the name of the check; a day may fail several.
    """

    training_set: xr.Dataset
    table: pd.DataFrame
    rejections: dict[str, int]


def synthesise(config: Config, run: Run, *, pieces: Pieces | None = None) -> Augmented:
    """Make the training set of ``augment`` without writing it.

    Raises:
        UserError, Unfinished: as ``augment``.
    """
    settings = config.augment
    store = run.open_store()
    checkpoint = checkpoints.load(run.checkpoints / config.sampling.checkpoint)
    checkpoints.check_fits(checkpoint, store)
    sampler = Sampler(checkpoint, sampling_settings(config), config.device)
    if settings.mode == "posterior":
        name = checkpoint.config.model.name
        require_posterior(sampler.model, name, "augment.mode: posterior", "set augment.mode: prior")
    real = held(in_split(store, "train"))
    wanted = round(settings.ratio * real.sizes[TIME])
    if wanted < 1:
        raise UserError(f"augment.ratio asks for {wanted} synthetic days; raise it")
    check_disk(run.folder, 8.0 * (real.sizes[TIME] + wanted) * store.sizes["y"] * store.sizes["x"], "augmentation")

    judge = Judge.from_training_days(real, settings, config.data.wet_mm)
    tail = judge.training.tail
    sources = choose_source_days(real, settings, tail)
    drawing = Drawing(sampler, judge, sources, settings, Steering.from_settings(settings, tail))
    members = settings.candidates if settings.steered else 1
    batch_size = days_at_once(config.sampling.batch_size, members, sampler.mask.numel())
    fields, table = drawing.make(wanted, batch_size, pieces)

    weights = _weights(table, settings)
    accepted, kept = table[table["accepted"]], weights[table["accepted"]]
    numbers = accepted["number"].to_numpy()
    mixed = mix(real, sources, accepted["source"].to_numpy(), fields, kept, numbers)
    require_training_days(mixed)
    mixed.attrs["store"] = fingerprint_of(store)
    mixed.attrs["augmentation"] = json.dumps(
        {
            "settings": settings.model_dump(mode="json"),
            "wanted": wanted,
            "accepted": len(accepted),
            "judged": len(table),
            "effective": effective_number(kept),
            "bounds": judge.bounds(),
        }
    )
    mixed.attrs["provenance"] = json.dumps(provenance(config))
    rejections = count_rejections(table)
    _say_how_many(wanted, len(accepted), len(table), rejections)
    if settings.steered:
        console.print(
            f"steered: with their weights, {len(accepted)} days count as {effective_number(kept):.4g} equal ones"
        )
    columns = _origin(config, checkpoint, sampler) | {"weight": weights}
    return Augmented(mixed, with_reasons(table).drop(columns="source").assign(**columns), rejections)


def sampling_settings(config: Config) -> Sampling:
    """The settings of ``sampling`` with those that ``augment`` gives in their place.

    Raises:
        UserError: a variation of the storm is asked for, but all its levels are kept.
    """
    settings = config.augment
    given = {name: getattr(settings, name) for name in ("seed", "keep_levels", "variation")}
    sampling = config.sampling.model_copy(update={name: value for name, value in given.items() if value is not None})
    if settings.mode == "posterior" and sampling.variation < 1 and sampling.keep_levels is None:
        raise UserError(
            f"augment.variation is {sampling.variation:g}, but keep_levels null keeps every level of the storm; "
            "set augment.keep_levels: 0 to vary all levels"
        )
    return sampling


def _weights(table: pd.DataFrame, settings: Augment) -> np.ndarray:
    """The weight of every judged day (days,): 0 where it is rejected, and 1 / (n p) times as much where it is steered.

    Within a source day, the weights turn the accepted days into a sample of all acceptable candidates, although others
    were rejected before. Their mean is a / (n P), for a acceptable candidates with the joint probability P.

    Args:
        table: of ``Drawing.make``.
        settings: ``weight``, and the number n of candidates among which steering draws with probability p.
    """
    steered = 1 / (settings.candidates * table["probability"]) if settings.steered else 1.0
    return np.where(table["accepted"], settings.weight * steered, 0.0)


def _origin(config: Config, checkpoint: Checkpoint, sampler: Sampler) -> dict[str, Any]:
    """The columns that say how the days were drawn, the same for all of them."""
    sampling, posterior = sampler.settings, config.augment.mode == "posterior"
    return {
        "mode": config.augment.mode,
        "seed": config.augment.seed,
        "checkpoint": checkpoint.name,
        "checkpoint_sha256": checkpoint.sha256,
        "temperature": sampling.temperature,
        "pixel_threshold": sampler.threshold,
        "keep_levels": sampling.keep_levels if posterior else None,
        "variation": sampling.variation if posterior else None,
    }


def _say_how_many(wanted: int, accepted: int, judged: int, rejections: dict[str, int]) -> None:
    counts = ", ".join(f"{name} {count}" for name, count in rejections.items()) or "none"
    console.print(f"{accepted} of {wanted} synthetic days, {judged} judged; rejected by {counts}")
    if accepted < wanted:
        console.print(f"{wanted - accepted} synthetic days are missing: see augmentation.csv, raise augment.tries")
