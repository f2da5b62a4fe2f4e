"""What there is to score: sample stores of a run, and baselines on the same days."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import xarray as xr
from dask.delayed import delayed

from rainsmith.base.dims import MEMBER, SPLITS, TIME, X, Y, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.base.workers import active
from rainsmith.base.zarr_files import open_zarr
from rainsmith.baselines.registry import BASELINES, forecast
from rainsmith.config import Config
from rainsmith.evaluate.member_stores import AGAIN, open_members
from rainsmith.metrics.tally import days_of_block
from rainsmith.run_folder import Run

_RUN_BLOCKS = 4  # blocks of days that are scored at once
_PIECE_BYTES = 128 * 2**20  # [bytes] of a baseline that is made at once
Piece = tuple[slice, xr.DataArray]


@dataclass(frozen=True)
class Forecast:
    """One forecast to be scored.

    Attributes:
        labels: the columns ``model``, ``checkpoint``, ``seed``, ``mode`` and ``split`` of its rows.
        days: (time,) its days as indices of the store.
        members: number of members.
        pieces: gives consecutive slices of those days, each with its members (time, member, y, x) [mm/day], lazy where
            a worker is to read or make them.
        baseline: it is a baseline, not samples of a model.
        runs: consecutive slices of the days that can be scored by themselves, of whole blocks.
        of_run: gives the members of one of them.
    """

    labels: Mapping[str, Any]
    days: np.ndarray
    members: int
    pieces: Callable[[], Iterator[Piece]]
    baseline: bool
    runs: tuple[slice, ...] = ()
    of_run: Callable[[slice], xr.DataArray] | None = None

    @property
    def name(self) -> str:
        """Its name in the comparisons: ``<model>-<mode>``, or that of the baseline."""
        return str(self.labels["model"]) if self.baseline else f"{self.labels['model']}-{self.labels['mode']}"

    @property
    def stem(self) -> str:
        """The beginning of the names of its files."""
        return "{model}-{mode}-{split}".format(**self.labels)


def samples_of(config: Config, run: Run, store: xr.Dataset, split: str) -> list[Forecast]:
    """The sample stores of the configured modes of a split, checked against the prepared data.

    Args:
        config: the configuration.
        run: the run folder with the samples.
        store: the prepared data.
        split: train, validation or test.

    Raises:
        UserError: a store is damaged, of another grid, or holds days outside the split; later, where members are read:
            they are no amounts of rain.
    """
    place = {int(number): index for index, number in enumerate(day_numbers(store[TIME]))}
    forecasts = []
    for mode, path in _sample_files(config, run, split):
        samples = open_members(path, store)
        days = np.array([place.get(int(number), -1) for number in day_numbers(samples[TIME])], dtype=np.int64)
        if (days < 0).any() or (store["split"].values[days] != SPLITS.index(split)).any():
            raise UserError(f"{path} holds days outside the {split} split of the store; run 'rainsmith sample' again")
        name, _, variant = path.stem.partition(f"-{mode}-{split}")
        known = {"model": name, "checkpoint": "", "seed": config.seed}
        labels = {key: samples.attrs.get(key, default) for key, default in known.items()}
        if not re.fullmatch(r"\w[\w.+-]*", str(labels["model"])):  # it becomes the name of a file
            raise UserError(f"{path}: its attribute model is '{labels['model']}'; expected a name; {AGAIN}")
        labels["model"] = f"{labels['model']}{variant}"  # variations of the sampling are judged by themselves
        whole = functools.partial(_whole, samples["precip"])
        members = samples.sizes.get(MEMBER, 1)
        labels |= {"mode": mode, "split": split}
        runs, of_run = _runs(samples["precip"]), functools.partial(_run, samples["precip"])
        forecasts.append(Forecast(labels, days, members, whole, baseline=False, runs=runs, of_run=of_run))
    return forecasts


def _sample_files(config: Config, run: Run, split: str) -> Iterator[tuple[str, Path]]:
    """The modes and paths of the sample stores of a split, variations of the sampling included."""
    for mode in config.sampling.modes:
        for path in sorted(run.samples.glob(f"*-{mode}-{split}*.zarr")):
            yield mode, path


def _whole(precip: xr.DataArray) -> Iterator[Piece]:
    yield slice(None), precip


def _runs(precip: xr.DataArray) -> tuple[slice, ...]:
    """Runs of ``_RUN_BLOCKS`` blocks or more, which begin with a block and a chunk."""
    number, block, chunk = len(precip), days_of_block(precip), precip.chunksizes[TIME][0] if precip.chunks else 1
    shortest = math.lcm(block, chunk)
    length = -(-_RUN_BLOCKS * block // shortest) * shortest
    return tuple(slice(start, min(start + length, number)) for start in range(0, number, length))


def _run(precip: xr.DataArray, run: slice) -> xr.DataArray:
    return precip.isel({TIME: run})


def baselines_of(config: Config, store: xr.Dataset, split: str, days: np.ndarray) -> Iterator[Forecast]:
    """The configured baselines on some days of a split.

    Args:
        config: the configuration.
        store: the prepared data.
        split: train, validation or test.
        days: (day,) the days, as indices of the store.
    """
    for name in config.evaluate.baselines:
        labels = {"model": name, "checkpoint": "", "seed": config.seed, "mode": "prior", "split": split}
        members = BASELINES[name].members_of(config.sampling.members)
        runs = _runs_made_at_once(store, split, len(days), config.sampling.members)
        make = functools.partial(_made_run, name, store, split, days, config.sampling.members, config.seed)
        pieces = functools.partial(_one_by_one, runs, make)
        yield Forecast(labels, days, members, pieces, baseline=True, runs=runs, of_run=make)


def _runs_made_at_once(store: xr.Dataset, split: str, days: int, members: int) -> tuple[slice, ...]:
    """Slices of the days of a baseline, of at most ``_PIECE_BYTES``.

    In the training split the other days are needed as the library of the baseline, so there all days are made at once.
    """
    a_day = 4 * members * store.sizes[Y] * store.sizes[X]
    step = days if split == "train" else max(1, _PIECE_BYTES // a_day)
    return tuple(slice(start, min(start + step, days)) for start in range(0, days, step))


def _one_by_one(runs: tuple[slice, ...], make: Callable[[slice], xr.DataArray]) -> Iterator[Piece]:
    for run in runs:
        yield run, make(run)


def _made_run(
    name: str, store: xr.Dataset, split: str, days: np.ndarray, members: int, seed: int, run: slice
) -> xr.DataArray:
    make = _made_by_a_worker if active() else _made
    return make(name, store, split, days[run], members, seed)


def _made(name: str, store: xr.Dataset, split: str, days: np.ndarray, members: int, seed: int) -> xr.DataArray:
    """A baseline on some days, (time, member, y, x) [mm/day]; only these are left in the split, unless it trains."""
    split_of_day = store["split"].values
    in_split = np.flatnonzero(split_of_day == SPLITS.index(split))
    if split == "train":
        made = forecast(name, store, split, members, seed=seed)
        return made.isel({TIME: np.searchsorted(in_split, days)})
    visible = split_of_day.copy()
    visible[np.setdiff1d(in_split, days)] = -1
    return forecast(name, store.assign(split=(TIME, visible)), split, members, seed=seed)


def _made_by_a_worker(
    name: str, store: xr.Dataset, split: str, days: np.ndarray, members: int, seed: int
) -> xr.DataArray:
    """What ``_made`` gives, made from the files of the store where it is used."""
    make = functools.partial(_made_of_files, name, Path(store.encoding["source"]), split, days, members, seed)
    shape = (len(days), BASELINES[name].members_of(members), store.sizes[Y], store.sizes[X])
    made = delayed(make, pure=False)()
    values = dask.array.from_delayed(made, shape, dtype=np.float32)  # type: ignore[no-untyped-call]
    return xr.DataArray(values, dims=(TIME, MEMBER, Y, X), coords={TIME: store[TIME][days]})


def _made_of_files(name: str, path: Path, split: str, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    store = open_zarr(path, "run 'rainsmith prepare' again", with_dask=False)
    return _made(name, store, split, days, members, seed).values
