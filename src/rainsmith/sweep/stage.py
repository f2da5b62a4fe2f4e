"""The command ``sweep``: every saved checkpoint is scored on the same validation days, and all are ranked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from rainsmith.base.console import console, progress
from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.pieces import Pieces
from rainsmith.config import Config
from rainsmith.evaluate.settings import settings_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.plots.style import picture
from rainsmith.plots.sweep import over_epochs
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.sweep.ranking import ranked
from rainsmith.sweep.scoring import score_checkpoint
from rainsmith.sweep.text import PICTURED, sentences_of, titles_of
from rainsmith.train.validation import validation_days

_DAYS_WITHOUT_HEAVY_ONES = 100
"""Number of validation days that are scored where none of them is a heavy_x day."""


@dataclass(frozen=True)
class SweepResult:
    """What a sweep made.

    Attributes:
        table: one row a checkpoint, the best first; columns as ``docs/method.md`` lists them.
        path: the table's file, sweep.csv.
    """

    table: pd.DataFrame
    path: Path


def sweep(config: Config, run: Run, *, pieces: Pieces | None = None) -> SweepResult:
    """Sample every saved epoch on all ``heavy_x`` validation days and as many random ones, and rank the epochs.

    Writes ``sweep.csv`` and its picture, ``sweep.png``. The best epoch comes first: the Pareto fronts of three scores
    of prior samples in order, and within a front the lower tail score. Members, their noise and the days are the same
    for every checkpoint.

    Args:
        config: the configuration of the run.
        run: a trained run folder.
        pieces: where the work is shared out to shards, the checkpoints that are scored.

    Raises:
        UserError: no checkpoint, or one of another grid.
        Unfinished: other shards have checkpoints left.
    """
    store = run.open_store()
    epochs = saved_epochs(run)
    days = scored_days(store, config.seed).load()
    settings, members = settings_of(store, config), config.sweep.members
    name_of = {f"{names[0]}.json": names[0] for _, names in epochs}
    own = list(name_of) if pieces is None else pieces.share(list(name_of))
    scores: dict[str, dict[str, float]] = {}
    with progress() as bar:
        task = bar.add_task("sweep", total=len(own), note=f"{days.sizes['time']} days x {members} members")
        for piece in own:
            scores[piece] = score_checkpoint(sampler_of(name_of[piece], config, run, store), days, members, settings)
            if pieces is not None:
                with pieces.writing(piece) as path:
                    path.write_text(json.dumps(scores[piece]), encoding="utf-8")
            bar.advance(task)
    if pieces is not None:
        pieces.join_or_leave()
        scores = {piece: _scores_of(pieces, piece) for piece in name_of}
    rows: list[dict[str, Any]] = [
        {"checkpoint": " ".join(names), "epoch": epoch + 1, **scores[piece]}
        for piece, (epoch, names) in zip(name_of, epochs, strict=True)
    ]
    result = SweepResult(ranked(pd.DataFrame(rows)), run.folder / "sweep.csv")
    with atomic(result.path) as scratch:
        result.table.to_csv(scratch, index=False, float_format="%.6g")
    with atomic(result.path.with_suffix(".png")) as scratch:
        scratch.write_bytes(picture(over_epochs(result.table, titles_of(PICTURED)), "png"))
    for sentence in sentences_of(result.table):
        console.print(sentence)
    return result


def _scores_of(pieces: Pieces, piece: str) -> dict[str, float]:
    """The scores of a checkpoint that a shard has written."""
    with pieces.reading(piece) as path:
        scores: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return scores


def scored_days(store: xr.Dataset, seed: int) -> xr.Dataset:
    """All ``heavy_x`` validation days and as many random ones."""
    validation = in_split(store, "validation")
    heavy_days = int(in_day_set(validation, "heavy_x").sum())
    wanted = 2 * heavy_days or min(validation.sizes["time"], _DAYS_WITHOUT_HEAVY_ONES)
    return validation.isel(time=validation_days(validation, wanted, seed))


def sampler_of(name: str, config: Config, run: Run, store: xr.Dataset) -> Sampler:
    """What draws the members of a saved checkpoint.

    Raises:
        UserError: the checkpoint is damaged, or of another grid.
    """
    loaded = checkpoints.load(run.checkpoints / name)
    checkpoints.check_fits(loaded, store)
    return Sampler(loaded, config.sampling.model_copy(update={"keep_levels": None}), config.device)


def saved_epochs(run: Run) -> list[tuple[int, list[str]]]:
    """Epoch (from 0) and names of the checkpoints, in order; one may be saved under several names.

    Checkpoints of a pool may have the epoch of its first network in common, and other weights in the others.

    Raises:
        UserError: there is none.
    """
    names_by_weights: dict[tuple[int, str], list[str]] = {}
    for path in sorted(run.checkpoints.glob(f"*{checkpoints.SUFFIX}")):
        names_by_weights.setdefault(checkpoints.weights_of(path), []).append(path.stem)
    if not names_by_weights:
        raise UserError(f"found no checkpoint in {run.checkpoints}; expected some; run 'rainsmith train' first")
    return [(epoch, names) for (epoch, _), names in sorted(names_by_weights.items())]
