"""Synthetic days from training days, judged, and mixed with the real ones; each with its provenance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.augment.judge import Judge
from rainsmith.augment.steering import Steering, choose_sources, rank_share
from rainsmith.base.console import console, progress
from rainsmith.base.dims import SPLITS, TIME, day_numbers, in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic, check_disk
from rainsmith.base.provenance import provenance
from rainsmith.config import Augment, Config
from rainsmith.data.dataset import Days
from rainsmith.data.legacy.read import write_pair
from rainsmith.data.normalise import cell_statistics
from rainsmith.data.store import fingerprint_of
from rainsmith.models import checkpoint as checkpoints
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler


def augment(config: Config, run: Run) -> Path:
    """Draw ``augment.ratio`` synthetic days per real training day and write both as one training set.

    Each synthetic day is judged (``synthetic_checks``); one that is rejected is drawn anew, ``augment.tries`` times at
    most. Writes ``augmented.zarr`` (the store's format, training days only, with ``synthetic(time)`` and
    ``weight(time)``), the reference's array pair under ``augmented_npy/`` in its normalisation, and
    ``augmentation.csv``, a row for every day that was judged.

    Raises:
        UserError: no checkpoint, no training day in the asked set, too few training days, a variation of levels that
            are all kept, too little disk.
    """
    mixed, table = synthesise(config, run)
    _write(run, mixed, table)
    return run.folder / "augmented.zarr"


def synthesise(config: Config, run: Run) -> tuple[xr.Dataset, pd.DataFrame]:
    """The real training days followed by accepted synthetic ones, in the order asked for, and the judgement of each.

    Raises:
        UserError: as ``augment``.
    """
    settings = config.augment
    store = run.open_store()
    real = in_split(store, "train").load()
    loaded = checkpoints.load(run.checkpoints / config.sampling.checkpoint)
    checkpoints.check_fits(loaded, store)
    wanted = round(settings.ratio * real.sizes[TIME])
    if wanted < 1:
        raise UserError(f"augment.ratio asks for {wanted} synthetic days; raise it")
    check_disk(run.folder, 8.0 * (real.sizes[TIME] + wanted) * store.sizes["y"] * store.sizes["x"], "augmentation")
    judge = Judge.from_training_days(real, settings, config.data.wet_mm)
    sources = choose_sources(real, settings, judge.tail)
    asked = {name: getattr(settings, name) for name in ("seed", "keep_levels", "variation")}
    how = config.sampling.model_copy(update={name: value for name, value in asked.items() if value is not None})
    if settings.mode == "posterior" and how.variation < 1 and how.keep_levels is None:
        raise UserError(
            f"augment.variation is {how.variation:g}, but keep_levels null keeps every level of the storm; "
            "set augment.keep_levels: 0 to vary all levels"
        )
    sampler = Sampler(loaded, how, config.device)

    drawn = _Drawn(sampler, judge, sources, settings, Steering.of(settings, judge.tail), wanted)
    table = drawn.make(how.batch_size)
    posterior = settings.mode == "posterior"
    table = table.assign(
        mode=settings.mode,
        seed=settings.seed,
        checkpoint=loaded.name,
        checkpoint_sha256=loaded.sha256,
        temperature=how.temperature,
        noise_memory=how.noise_memory,
        pixel_threshold=sampler.threshold,
        keep_levels=how.keep_levels if posterior else None,
        variation=how.variation if posterior else None,
        weight=np.where(table["accepted"], settings.weight, 0.0),
    )
    _say(table, wanted)
    taken = table[table["accepted"]]
    mixed = mix(real, sources, taken["source"].to_numpy(), drawn.fields[taken["number"]], settings.weight)
    require_training_days(mixed)
    mixed.attrs["store"] = fingerprint_of(store)
    mixed.attrs["augmentation"] = json.dumps(
        {
            "settings": settings.model_dump(mode="json"),
            "wanted": wanted,
            "accepted": len(taken),
            "judged": len(table),
            "bounds": judge.bounds(),
            "provenance": provenance(config),
        }
    )
    return mixed, table.drop(columns="source")


def mix(
    real: xr.Dataset, sources: xr.Dataset, indices: np.ndarray, fields: np.ndarray, weight: float = 1.0
) -> xr.Dataset:
    """Real training days followed by synthetic ones, each with the date and the predictors of its source.

    Args:
        real: the training days of the store.
        sources: the days that synthetic ones were drawn for.
        indices: (M,) index into ``sources`` of each synthetic day.
        fields: (M, y, x) synthetic rain [mm/day].
        weight: of a synthetic day, where a real one has 1.
    """
    drawn = sources.isel({TIME: indices})
    observed = np.isfinite(drawn["precip"].values)
    drawn = drawn.assign(precip=drawn["precip"].copy(data=np.where(observed, fields, np.nan).astype(np.float32)))
    return joined(real, _labelled(drawn, synthetic=True, weight=weight))


def joined(real: xr.Dataset, synthetic: xr.Dataset) -> xr.Dataset:
    """Real training days, then the days that are marked ``synthetic``, as one training set.

    Args:
        real: the training days of the store.
        synthetic: synthetic days of ``mix``.
    """
    parts = [_labelled(real, synthetic=False, weight=1.0), synthetic]
    return xr.concat(parts, dim=TIME, data_vars="minimal", coords="minimal", compat="override", join="override")


def _labelled(days: xr.Dataset, *, synthetic: bool, weight: float) -> xr.Dataset:
    n = days.sizes[TIME]
    return days.assign(
        synthetic=(TIME, np.full(n, synthetic), {"long_name": "day drawn by the model"}),
        weight=(TIME, np.full(n, weight, np.float32), {"long_name": "weight of the day in training", "units": "1"}),
    )


@dataclass
class _Drawn:
    """Synthetic days in the making: ``wanted`` of them, spread evenly over the source days.

    Day number i is of round i // n of the n sources; a last round that does not reach them all takes every so-manieth.
    The members that may become a day are numbered by its round, so that they do not depend on what was rejected before.
    """

    sampler: Sampler
    judge: Judge
    sources: xr.Dataset
    settings: Augment
    steering: Steering | None
    wanted: int

    def make(self, batch_size: int) -> pd.DataFrame:
        """Draw and judge; ``fields`` (wanted, y, x) then holds the accepted days, and the table says which they are."""
        n = self.sources.sizes[TIME]
        self.fields = np.full((self.wanted, self.sources.sizes["y"], self.sources.sizes["x"]), np.nan, np.float32)
        reader = Days(self.sources)
        rows = []
        with progress() as bar:
            task = bar.add_task("augment", total=self.wanted, note="")
            for first in range(0, self.wanted, n):
                size = min(n, self.wanted - first)
                days = ((np.arange(size) + 0.5) * n / size).astype(np.int64)
                for start in range(0, size, batch_size):
                    part = np.arange(start, min(start + batch_size, size))
                    rows.append(self._judged(reader, first + part, days[part], first // n))
                    bar.advance(task, len(part))
        return pd.concat(rows, ignore_index=True).sort_values("number", kind="stable", ignore_index=True)

    def _judged(self, reader: Days, numbers: np.ndarray, days: np.ndarray, turn: int) -> pd.DataFrame:
        """Draw for some source days of one round until each has a day accepted or its tries are used up.

        Args:
            reader: of the sources.
            numbers: (M,) of the synthetic days.
            days: (M,) index of the source of each.
            turn: number of the round.

        Returns:
            A row for every day that was judged.
        """
        steered, tries = self.steering is not None, self.settings.tries
        members = self.settings.candidates if steered else tries
        base = turn * members
        pool = self._draw(reader, days, range(base, base + members)) if steered else None
        if pool is not None and self.steering is not None:
            maxima = np.nan_to_num(pool).max(axis=(2, 3))
            order, share = self.steering.order(maxima), rank_share(maxima)
        rows, left = [], np.arange(len(days))
        for attempt in range(min(tries, members)):
            more: dict[str, Any] = {"member": base + attempt}
            if pool is not None:
                pick = order[left, attempt]
                offered = pool[left, pick]
                more = {"member": base + pick, "intensity": share[left, pick]}
            else:
                offered = self._draw(reader, days[left], [base + attempt])[:, 0]
            found = self.judge(offered, self.sources.isel({TIME: days[left]}))
            rows.append(found.assign(number=numbers[left], source=days[left], **more))
            good = found["accepted"].to_numpy()
            self.fields[numbers[left[good]]] = offered[good]
            left = left[~good]
            if not len(left):
                break
        return pd.concat(rows, ignore_index=True)

    def _draw(self, reader: Days, days: np.ndarray, members: range | list[int]) -> np.ndarray:
        batch = reader.batch(days)
        storm = batch.y if self.settings.mode == "posterior" else None
        calendar = str(self.sources[TIME].dt.calendar)
        return self.sampler.draw(batch.x, batch.days, members, storm, batch.valid, calendar=calendar)


def require_training_days(mixed: xr.Dataset) -> None:
    """The invariant of augmentation: every day is of the training split, and no source is a stranger.

    Raises:
        UserError: names a day that is not.
    """
    numbers = day_numbers(mixed[TIME])
    training = set(numbers[~mixed["synthetic"].values].tolist())
    wrong = (mixed["split"].values != SPLITS.index("train")) | ~np.isin(numbers, list(training))
    if wrong.any():
        raise UserError(f"day {numbers[wrong][0]} lies outside the training split; only training days may be a source")


def rejections(table: pd.DataFrame) -> dict[str, int]:
    """How many judged days each check rejected, the most frequent first; a day may fail several."""
    reasons = table.loc[~table["accepted"], "reason"].astype(str).str.split("; ").explode()
    return {str(name): int(n) for name, n in reasons.str.split(":").str[0].value_counts().items()}


def _say(table: pd.DataFrame, wanted: int) -> None:
    accepted = int(table["accepted"].sum())
    why = ", ".join(f"{name} {count}" for name, count in rejections(table).items()) or "none"
    console.print(f"{accepted} of {wanted} synthetic days, {len(table)} judged; rejected by {why}")
    if accepted < wanted:
        console.print(f"{wanted - accepted} synthetic days are missing: see augmentation.csv, raise augment.tries")


def _write(run: Run, mixed: xr.Dataset, table: pd.DataFrame) -> None:
    """The mixed set as a store and as the reference's array pair, and the table."""
    with atomic(run.folder / "augmented.zarr") as scratch:
        mixed.drop_encoding().chunk({TIME: 16}).to_zarr(scratch, consolidated=False, zarr_format=3)
    write_pair(
        run.folder / "augmented_npy",
        mixed["predictors"].fillna(mixed["predictor_mean"]),
        mixed["precip"],
        *cell_statistics(mixed),
        predictor_mean=mixed["predictor_mean"].values,
        predictor_std=mixed["predictor_std"].values,
    )
    beside = {"days": day_numbers(mixed[TIME])} | {name: mixed[name].values for name in ("synthetic", "weight")}
    for name, values in beside.items():
        with atomic(run.folder / "augmented_npy" / f"{name}.npy") as scratch:
            np.save(scratch, values)
    with atomic(run.folder / "augmentation.csv") as scratch:
        table.to_csv(scratch, index=False)
