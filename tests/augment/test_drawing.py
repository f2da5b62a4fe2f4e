"""Drawing until a day is accepted, with a model and a judge whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.augment.drawing import Drawing, batches
from rainsmith.augment.judge import Judge
from rainsmith.augment.steering import Steering
from rainsmith.base.dims import day_numbers, in_split
from rainsmith.config import Augment
from rainsmith.sample.sampler import Sampler
from tests.fake_run import config_of, rain, store_of


@pytest.fixture(scope="module")
def sources() -> xr.Dataset:
    """Twelve source days."""
    return in_split(store_of(rain(), config_of()), "train").isel(time=slice(0, 12)).load()


class KnownSampler:
    """Draws fields that depend on day and member alone, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def draw(self, x: Any, days: np.ndarray, members: range, y: Any = None, valid: Any = None) -> np.ndarray:
        self.asked += [(int(day), member) for day in days for member in members]
        shape = tuple(valid.shape[1:])
        return np.array([[field(day, member, shape) for member in members] for day in days], dtype=np.float32)


def field(day: int, member: int, shape: tuple[int, ...]) -> np.ndarray:
    """What ``KnownSampler`` draws."""
    return np.random.default_rng([int(day), member]).gamma(0.5, 8.0, shape)


Verdict = Callable[[pd.DataFrame], np.ndarray]


def drawing_of(
    sources: xr.Dataset, steering: Steering | None = None, bad: Verdict | None = None, **settings: Any
) -> Drawing:
    """A drawing whose judge rejects the days for which ``bad`` is true."""

    def judge(fields: np.ndarray, of: xr.Dataset) -> pd.DataFrame:
        table = pd.DataFrame({"source_day": day_numbers(of["time"]), "max_mm": fields.max(axis=(1, 2))})
        return table.assign(accepted=True if bad is None else ~bad(table))

    return Drawing(cast(Sampler, KnownSampler()), cast(Judge, judge), sources, Augment(**settings), steering)


def test_batches_spread_the_days_evenly_over_the_sources() -> None:
    plan = list(batches(wanted=9, n_sources=4, batch_size=3))
    assert [batch.round for batch in plan] == [0, 0, 1, 1, 2]
    assert [batch.numbers.tolist() for batch in plan] == [[0, 1, 2], [3], [4, 5, 6], [7], [8]]
    assert [batch.sources.tolist() for batch in plan] == [[0, 1, 2], [3], [0, 1, 2], [3], [2]]
    (few,) = batches(wanted=3, n_sources=12, batch_size=32)
    assert few.sources.tolist() == [2, 6, 10]


def test_every_day_is_the_first_member_where_none_is_rejected(sources: xr.Dataset) -> None:
    drawing = drawing_of(sources)
    fields, table = drawing.make(12, batch_size=5)
    assert table["number"].tolist() == table["source"].tolist() == list(range(12))
    assert (table["member"] == 0).all() and "intensity" not in table
    for number, day in enumerate(day_numbers(sources["time"])):
        np.testing.assert_array_equal(fields[number], field(day, 0, fields.shape[1:]).astype(np.float32))


def test_a_rejected_day_is_drawn_anew_and_others_are_not_touched(sources: xr.Dataset) -> None:
    first_fields, first = drawing_of(sources).make(12, batch_size=5)
    limit = float(first["max_mm"].median())
    drawing = drawing_of(sources, bad=lambda table: table["max_mm"].to_numpy() > limit, tries=40)
    fields, table = drawing.make(12, batch_size=5)
    assert (fields.max(axis=(1, 2)) <= limit).all()
    for number, tries in table.groupby("number"):
        assert tries["member"].tolist() == list(range(len(tries)))  # one after the other, none left out
        assert tries["accepted"].tolist() == [False] * (len(tries) - 1) + [True]
        assert tries["source"].nunique() == 1
        if len(tries) == 1:
            np.testing.assert_array_equal(fields[number], first_fields[number])
    assert (table.groupby("number").size() == 1).sum() == 6
    asked = cast(KnownSampler, drawing.sampler).asked
    assert len(asked) == len(set(asked)) == len(table)  # nothing is drawn that is not judged


def test_a_day_is_given_up_after_its_tries(sources: xr.Dataset) -> None:
    hopeless = int(day_numbers(sources["time"])[3])
    bad = lambda table: table["source_day"].to_numpy() == hopeless  # noqa: E731
    fields, table = drawing_of(sources, bad=bad, tries=3).make(12, batch_size=5)
    assert (table["source_day"] == hopeless).sum() == 3 and len(table) == 14
    assert np.isnan(fields[3]).all() and np.isfinite(np.delete(fields, 3, axis=0)).all()


def test_a_further_round_has_members_of_its_own(sources: xr.Dataset) -> None:
    two = sources.isel(time=[2, 7])
    fields, table = drawing_of(two, tries=10).make(5, batch_size=32)
    assert table["source"].tolist() == [0, 1, 0, 1, 1]
    assert table["member"].tolist() == [0, 0, 10, 10, 20]
    assert len(np.unique(fields.max(axis=(1, 2)))) == 5


def test_steered_days_are_drawn_by_rank_whatever_the_batches_and_go_on_with_another(sources: xr.Dataset) -> None:
    shape = sources["precip"].shape[1:]
    days = day_numbers(sources["time"])
    steering = Steering(intensity=1.0)
    bad = lambda table: np.arange(len(table)) % 3 == 0  # noqa: E731
    fields, table = drawing_of(sources, steering, candidates=8).make(24, batch_size=5)
    again, same = drawing_of(sources, steering, candidates=8).make(24, batch_size=24)
    np.testing.assert_array_equal(fields, again)
    pd.testing.assert_frame_equal(table, same)
    for number, member in enumerate(table["member"]):
        turn, source = divmod(number, 12)
        maxima = np.array([field(days[source], 8 * turn + m, shape).max() for m in range(8)], dtype=np.float32)
        place = member - 8 * turn
        assert fields[number].max() == maxima[place]
        assert table["intensity"][number] == (np.sum(maxima < maxima[place]) + 0.5) / 8
        assert table["probability"][number] == steering.probabilities(maxima[None])[0, place]
    assert table["intensity"].mean() > 0.65 and table["intensity"].nunique() > 2
    _, other = drawing_of(sources, steering, candidates=8, seed=1).make(24, batch_size=5)
    assert (other["member"] != table["member"]).any()
    _, retried = drawing_of(sources, steering, bad, candidates=8).make(24, batch_size=5)
    assert (~retried["accepted"]).any() and not retried.duplicated(["source", "member"]).any()
    np.testing.assert_array_equal(retried.groupby("number")["member"].first(), table["member"])


def test_steered_days_are_given_up_when_candidates_or_tries_run_out(sources: xr.Dataset) -> None:
    one = sources.isel(time=[0])
    bad = lambda table: np.ones(len(table), dtype=bool)  # noqa: E731
    for candidates, tries, judged in ((4, 10, 4), (10, 4, 4)):
        drawing = drawing_of(one, Steering(level_mm=10.0), bad, candidates=candidates, tries=tries)
        fields, table = drawing.make(2, batch_size=5)
        assert table.groupby("number").size().tolist() == [judged] * 2
        assert table["member"].max() >= candidates  # the second round
        assert not table.duplicated(["source", "member"]).any() and np.isnan(fields).all()


@pytest.mark.parametrize("mode", ["prior", "posterior"])
def test_only_posterior_days_are_given_the_storm(
    sources: xr.Dataset, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storms = []
    honest = KnownSampler.draw

    def watched(
        self: KnownSampler, x: Any, days: np.ndarray, members: range, y: Any = None, *more: Any, **kw: Any
    ) -> Any:
        storms.append(y)
        return honest(self, x, days, members, y, *more, **kw)

    monkeypatch.setattr(KnownSampler, "draw", watched)
    drawing_of(sources, mode=mode).make(2, batch_size=5)
    assert [storm is not None for storm in storms] == [mode == "posterior"]
