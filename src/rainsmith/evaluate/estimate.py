"""What an evaluation will take on this machine, from the scores of a few days."""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xarray as xr

from rainsmith.base.dims import GRID, MEMBER, SPLITS, TIME, in_day_set
from rainsmith.base.errors import UserError
from rainsmith.base.files import size_of
from rainsmith.base.large_arrays import large_arrays_in
from rainsmith.base.needs import Needs, measured
from rainsmith.config import Config
from rainsmith.evaluate.forecasts_to_score import Forecast, Piece, samples_of
from rainsmith.evaluate.stage import evaluate_samples
from rainsmith.run_folder import Run

FEW, MORE = 35, 70
"""Days of each split that are scored in the two sizes: more than are held in memory at once."""
First: TypeAlias = Callable[[int | None], Forecast]
"""A forecast, cut to its first days; None leaves all of them."""


def needs(config: Config, run: Run) -> Needs:
    """Score a few days of each split, baselines included, into a folder that is removed.

    Before the sampling, rain of other days stands in for the members, which takes as long.

    Args:
        config: the configuration.
        run: the run folder, prepared.

    Raises:
        UserError: the samples or the areas do not belong to the store.
    """
    store = run.open_store()
    forecasts = {split: _samples(config, run, store, split) for split in config.sampling.splits}
    if not any(forecasts.values()):
        forecasts = {split: _stand_ins(config, store, split) for split in config.sampling.splits}
    whole = {split: [first(None) for first in firsts] for split, firsts in forecasts.items() if firsts}
    days = [max(len(one.days) for one in samples) for samples in whole.values()]
    if not all(days):
        splits = ", ".join(whole)
        raise UserError(f"found no days to score in {splits}; expected some; check sampling.days and data.splits")
    mean = sum(days) / len(days)

    def score(count: int) -> float:
        with tempfile.TemporaryDirectory(prefix="rainsmith-evaluate-") as folder, large_arrays_in(run.folder):
            fewer: dict[str, list[Forecast]] = {
                split: [first(count) for first in firsts] for split, firsts in forecasts.items()
            }
            evaluate_samples(config, _with_first_days(store, fewer), fewer, Path(folder))
            return size_of(Path(folder))

    trend = measured(score, *(min(count, round(mean)) for count in (FEW, MORE)))
    scored = sum(map(len, whole.values())) + len(whole) * len(config.evaluate.baselines)
    of = f"{sum(days)} days, {scored} forecasts with those of baselines"
    return Needs(trend.seconds_of(mean), trend.memory_of(mean), trend.disk_of(mean), of)


def _samples(config: Config, run: Run, store: xr.Dataset, split: str) -> list[First]:
    """The sample stores of a split."""

    def first(forecast: Forecast, count: int | None) -> Forecast:
        def pieces() -> Iterator[Piece]:
            for place, members in forecast.pieces():
                yield place, members.isel({TIME: slice(0, count)})

        return dataclasses.replace(forecast, days=forecast.days[:count], pieces=pieces)

    return [functools.partial(first, forecast) for forecast in samples_of(config, run, store, split)]


def _stand_ins(config: Config, store: xr.Dataset, split: str) -> list[First]:
    """A forecast in every configured mode, whose members are the rain of the days after the one that is forecast."""
    wanted, members = config.sampling.days, config.sampling.members
    inside = store["split"].values == SPLITS.index(split)
    if isinstance(wanted, str):
        all_days = np.flatnonzero(inside & in_day_set(store, wanted))
    else:
        all_days = np.flatnonzero(inside)[: len(wanted)]

    def first(mode: str, count: int | None) -> Forecast:
        days = all_days[:count]

        def pieces() -> Iterator[Piece]:
            others = (days[:, None] + 1 + np.arange(members)) % store.sizes[TIME]
            rain = np.nan_to_num(store["precip"].isel({TIME: others.ravel()}).values)
            coords = {TIME: store[TIME][days], **{axis: store[axis] for axis in GRID}}
            shape = (len(days), members, *rain.shape[1:])
            yield slice(None), xr.DataArray(rain.reshape(shape), coords, dims=(TIME, MEMBER, *GRID))

        labels = {"model": config.model.name, "checkpoint": "", "seed": config.seed, "mode": mode, "split": split}
        return Forecast(labels, days, members, pieces, baseline=False)

    return [functools.partial(first, mode) for mode in config.sampling.modes]


def _with_first_days(store: xr.Dataset, fewer: dict[str, list[Forecast]]) -> xr.Dataset:
    """The store with the beginnings of its splits: a climate is scored where that of whole splits would be.

    All training days stay, since baselines learn from them.
    """
    split_of_day = store["split"].values.copy()
    for split, forecasts in fewer.items():
        if split != "train" and forecasts:
            behind = np.arange(len(split_of_day)) > max(int(one.days[-1]) for one in forecasts)
            split_of_day[behind & (split_of_day == SPLITS.index(split))] = -1
    return store.assign(split=(TIME, split_of_day))
