"""Score every saved checkpoint in prior and posterior mode on the same validation days, and rank them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.console import console, progress
from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.config import Config
from rainsmith.data.dataset import Days
from rainsmith.evaluate.stage import settings_of
from rainsmith.metrics import ensemble, pooled, spatial
from rainsmith.metrics.core import MODES, Settings
from rainsmith.metrics.tally import score_days
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.validation import BULK_WEIGHT, choose_days

SCORED = (
    *[ensemble.crps, ensemble.twcrps_p99, ensemble.rank_deviation, ensemble.spread_skill],
    *[pooled.max_daily, pooled.mean, pooled.p99, pooled.p999, pooled.wet_fraction],
    *[spatial.diversity, spatial.spatial_correlation],
)
"""Metrics of every checkpoint and mode."""
OBJECTIVES = ("prior_tail_score", "prior_crps", "prior_rank_deviation")
"""What the Pareto front is of: the tail, the whole, and reliability of prior samples; the lower the better."""


@dataclass(frozen=True)
class Sweep:
    """What a sweep found.

    Attributes:
        table: one row a checkpoint, the best first; columns as ``docs/method.md`` lists them.
        sentences: which checkpoint early stopping would have taken, and what that would have cost.
    """

    table: pd.DataFrame
    sentences: list[str]


def sweep(config: Config, run: Run) -> Sweep:
    """Sample every saved epoch on all ``heavy_x`` validation days and as many random ones, and rank the epochs.

    Writes ``sweep.csv``, best first: the Pareto fronts of ``OBJECTIVES`` in order, and within a front the lower tail
    score. Members, their noise and the days are the same for every checkpoint.

    Args:
        config: the configuration of the run.
        run: a trained run folder.

    Raises:
        UserError: no checkpoint, or one of another grid.
    """
    store = run.open_store()
    files = saved_epochs(run)
    validation = in_split(store, "validation")
    wanted = 2 * int(in_day_set(validation, "heavy_x").sum()) or min(validation.sizes["time"], 100)
    days = validation.isel(time=choose_days(validation, wanted, config.seed)).load()
    settings = settings_of(store, config)
    count = config.sweep.members
    rows = []
    with progress() as bar:
        task = bar.add_task("sweep", total=len(files), note=f"{days.sizes['time']} days x {count} members")
        for epoch, names in files.items():
            loaded = checkpoints.load(run.checkpoints / names[0])
            checkpoints.check_fits(loaded, store)
            sampler = Sampler(loaded, config.sampling.model_copy(update={"keep_levels": None}), config.device)
            row: dict[str, Any] = {"checkpoint": " ".join(names), "epoch": epoch + 1}
            for mode in MODES:
                row |= {f"{mode}_{key}": value for key, value in _scores(sampler, days, mode, count, settings).items()}
            rows.append(row)
            bar.advance(task)
    table = ranked(pd.DataFrame(rows))
    with atomic(run.folder / "sweep.csv") as scratch:
        table.to_csv(scratch, index=False, float_format="%.6g")
    found = Sweep(table, sentences(table))
    for sentence in found.sentences:
        console.print(sentence)
    return found


def saved_epochs(run: Run) -> dict[int, list[str]]:
    """Names of the checkpoints by epoch (from 0), in order; one epoch may be saved under several names.

    Raises:
        UserError: there is none.
    """
    found: dict[int, list[str]] = {}
    for path in sorted(run.checkpoints.glob(f"*{checkpoints.SUFFIX}")):
        found.setdefault(checkpoints.epoch_of(path), []).append(path.stem)
    if not found:
        raise UserError(f"found no checkpoint in {run.checkpoints}; expected some; run 'rainsmith train' first")
    return dict(sorted(found.items()))


def _scores(sampler: Sampler, days: xr.Dataset, mode: str, members: int, settings: Settings) -> dict[str, float]:
    reader = Days(days, in_memory=True)
    drawn = []
    for start in range(0, len(reader), sampler.settings.batch_size):
        batch = reader.batch(np.arange(start, min(start + sampler.settings.batch_size, len(reader))))
        given = (batch.y, batch.valid) if mode == "posterior" else (None, None)
        drawn.append(sampler.draw(batch.x, batch.days, range(members), *given))
    coords = {name: days[name] for name in ("time", "y", "x")}
    fcst = xr.DataArray(np.concatenate(drawn), dims=("time", "member", "y", "x"), coords=coords)
    found = score_days(fcst, days["precip"], SCORED, settings=settings, mode=mode)
    return {"tail_score": found["twcrps_p99"] + BULK_WEIGHT * found["crps"], **found}


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with ``rank`` and ``front`` first, the best first; checkpoints whose scores are undefined last."""
    table = table.assign(front=fronts(table[list(OBJECTIVES)].to_numpy(dtype=np.float64)))
    table = table.sort_values(["front", OBJECTIVES[0]], kind="stable", ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table.insert(1, "front", table.pop("front"))
    return table


def fronts(values: np.ndarray) -> np.ndarray:
    """Number of the Pareto front of each row, from 1: none of a front is worse than another in every column.

    Args:
        values: (row, objective), the lower the better; an undefined value counts as infinite.
    """
    costs = np.where(np.isfinite(values), values, np.inf)
    front = np.zeros(len(costs), dtype=np.int64)
    number = 0
    while (front == 0).any():
        number += 1
        left = np.flatnonzero(front == 0)
        no_worse = (costs[left][:, None] <= costs[left][None]).all(axis=2)
        better = (costs[left][:, None] < costs[left][None]).any(axis=2)
        front[left[~(no_worse & better).any(axis=0)]] = number
    return front


def sentences(table: pd.DataFrame) -> list[str]:
    """What the best checkpoint is, and what those that training would have taken cost beside it."""
    best = table.iloc[0]
    said = [f"Best of {len(table)} saved epochs: {best['epoch']} ({best['checkpoint']})."]
    for name, meaning in (
        ("best_tail", "by reconstruction, as the reference chooses"),
        ("best_prior", "by prior samples"),
    ):
        taken = table[table["checkpoint"].str.split().map(lambda names, name=name: name in names)]
        if not len(taken):
            continue
        row = taken.iloc[0]
        tail, whole = (_more(row[score], best[score]) for score in ("prior_tail_score", "prior_crps"))
        said.append(
            f"{name} ({meaning}) is epoch {row['epoch']}, rank {row['rank']}: "
            f"tail score {tail}, CRPS {whole} against the best."
        )
    return said


def _more(value: float, reference: float) -> str:
    return f"{100 * (value / reference - 1):+.1f} %" if reference > 0 else "-"
