"""Synthetic days are drawn and judged until each is accepted or its tries are used up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.augment.batch_files import read_batch, write_batch
from rainsmith.augment.judge import Judge
from rainsmith.augment.steering import Steering, drawn_order, relative_rank
from rainsmith.base.console import progress
from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.large_arrays import empty, release
from rainsmith.base.pieces import Pieces
from rainsmith.config import Augment
from rainsmith.data.dataset import Days
from rainsmith.sample.sampler import Sampler


@dataclass(frozen=True, eq=False)
class Batch:
    """Synthetic days that are drawn at once.

    Attributes:
        round: how often all sources have had their turn before.
        numbers: (days,) numbers of the synthetic days.
        sources: (days,) index of the source of each.
    """

    round: int
    numbers: np.ndarray
    sources: np.ndarray


def batches(wanted: int, n_sources: int, batch_size: int) -> Iterator[Batch]:
    """Spread the wanted synthetic days evenly over their sources.

    Every round takes each source once, in the order of time. A last round that is shorter takes sources at even
    distances.

    Args:
        wanted: number of synthetic days.
        n_sources: number of source days.
        batch_size: most days in a batch.
    """
    for first in range(0, wanted, n_sources):
        size = min(n_sources, wanted - first)
        sources = ((np.arange(size) + 0.5) * n_sources / size).astype(np.int64)
        for start in range(0, size, batch_size):
            part = np.arange(start, min(start + batch_size, size))
            yield Batch(first // n_sources, first + part, sources[part])


class Candidates(Protocol):
    """The members that may become the synthetic days of a batch.

    Their numbers depend on the round alone, and not on what was rejected before.
    """

    def attempt(self, number: int, rows: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """The candidates of one attempt.

        Args:
            number: of the attempt, from 0.
            rows: (days,) places in the batch of the days that still need one.

        Returns:
            Fields (days, y, x) [mm/day], and the columns that say which members they are.
        """


@dataclass(frozen=True, eq=False)
class Drawing:
    """Everything that drawing needs beside the number of days.

    Attributes:
        sampler: draws members.
        judge: accepts or rejects them.
        sources: the days to draw for.
        settings: mode, tries and candidates.
        steering: which candidates of a day are drawn more often; None takes members as they come.
    """

    sampler: Sampler
    judge: Judge
    sources: xr.Dataset
    settings: Augment
    steering: Steering | None

    def make(self, wanted: int, batch_size: int, pieces: Pieces | None = None) -> tuple[np.ndarray, pd.DataFrame]:
        """Draw and judge synthetic days.

        Args:
            wanted: number of days.
            batch_size: most days that are drawn at once.
            pieces: where the work is shared out to shards, the batches.

        Returns:
            The accepted fields by number (wanted, y, x) [mm/day], NaN where no candidate was accepted; and ``Judge``'s
            table with a row for every candidate, its day's ``number``, the index of its ``source``, and its ``member``;
            where days are steered, also its ``intensity`` (relative rank) and its ``probability``.
        """
        plan = {str(number): one for number, one in enumerate(batches(wanted, self.sources.sizes[TIME], batch_size))}
        if pieces is not None:
            self._draw_pieces(plan, pieces)
        fields = empty((wanted, self.sources.sizes["y"], self.sources.sizes["x"]))
        tables = []
        with progress(quiet=pieces is not None) as bar:
            task = bar.add_task("augment", total=wanted, note="")
            for name, batch in plan.items():
                fields[batch.numbers], table = self._drawn(batch) if pieces is None else read_batch(pieces, name)
                release(fields)
                tables.append(table)
                bar.advance(task, len(batch.numbers))
        table = pd.concat(tables, ignore_index=True)
        return fields, table.sort_values("number", kind="stable", ignore_index=True)

    def _draw_pieces(self, plan: Mapping[str, Batch], pieces: Pieces) -> None:
        """Draw and judge the batches of this shard.

        Raises:
            Unfinished: others have batches left.
        """
        own = pieces.share(list(plan))
        with progress() as bar:
            task = bar.add_task("augment", total=len(own), note="")
            for name in own:
                write_batch(pieces, name, *self._drawn(plan[name]))
                bar.advance(task)
        pieces.join_or_leave()

    def _drawn(self, batch: Batch) -> tuple[np.ndarray, pd.DataFrame]:
        """The first accepted candidate of each day of a batch (days, y, x), NaN without any, and all candidates."""
        candidates = self._candidates(batch)
        fields = np.full((len(batch.numbers), self.sources.sizes["y"], self.sources.sizes["x"]), np.nan, np.float32)
        tables, rows = [], np.arange(len(batch.numbers))
        for attempt in range(self._attempts):
            offered, columns = candidates.attempt(attempt, rows)
            numbers, sources = batch.numbers[rows], batch.sources[rows]
            judged = self.judge(offered, self.sources.isel({TIME: sources}))
            tables.append(judged.assign(number=numbers, source=sources, **columns))
            accepted = judged["accepted"].to_numpy()
            fields[rows[accepted]] = offered[accepted]
            rows = rows[~accepted]
            if not len(rows):
                break
        return fields, pd.concat(tables, ignore_index=True)

    @cached_property
    def _reader(self) -> Days:
        return Days(self.sources, in_memory=False)

    @property
    def _attempts(self) -> int:
        tries = self.settings.tries
        return tries if self.steering is None else min(tries, self.settings.candidates)

    def _candidates(self, batch: Batch) -> Candidates:
        if self.steering is None:
            return InTurn(self, batch, batch.round * self.settings.tries)
        first = batch.round * self.settings.candidates
        pool = self.draw(batch.sources, range(first, first + self.settings.candidates))
        maxima = np.nan_to_num(pool).max(axis=(2, 3))
        probability = self.steering.probabilities(maxima)
        days = day_numbers(self.sources[TIME])[batch.sources]
        order = drawn_order(probability, self.settings.seed, days, batch.round)
        return Drawn(pool, order, relative_rank(maxima), probability, first)

    def draw(self, sources: np.ndarray, members: range) -> np.ndarray:
        """Members of some sources (days, members, y, x) [mm/day].

        Args:
            sources: (days,) indices of the sources.
            members: numbers of the members.
        """
        days = self._reader.batch(sources)
        storm = days.y if self.settings.mode == "posterior" else None
        return self.sampler.draw(days.x, days.days, members, storm, days.valid)


@dataclass(frozen=True, eq=False)
class InTurn:
    """Members in the order of their numbers, each drawn when it is needed.

    Attributes:
        drawing: draws them.
        batch: the days that they are for.
        first: number of the first member.
    """

    drawing: Drawing
    batch: Batch
    first: int

    def attempt(self, number: int, rows: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """The next member of each day."""
        member = self.first + number
        return self.drawing.draw(self.batch.sources[rows], range(member, member + 1))[:, 0], {"member": member}


@dataclass(frozen=True, eq=False)
class Drawn:
    """Members that are all made beforehand, among which a steering draws.

    Attributes:
        pool: (days, candidates, y, x) the members [mm/day].
        order: (days, candidates) their places in the pool, the one that is drawn first in front.
        rank: (days, candidates) relative rank of the domain maximum of each.
        probability: (days, candidates) of each to be drawn first.
        first: number of the first member.
    """

    pool: np.ndarray
    order: np.ndarray
    rank: np.ndarray
    probability: np.ndarray
    first: int

    def attempt(self, number: int, rows: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        """The next that is drawn for each day among those that are left."""
        place = self.order[rows, number]
        columns = {"intensity": self.rank[rows, place], "probability": self.probability[rows, place]}
        return self.pool[rows, place], {"member": self.first + place, **columns}
