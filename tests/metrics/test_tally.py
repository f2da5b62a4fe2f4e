"""One pass, many scores: sums by part give what each metric gives alone, whatever the pieces."""

from __future__ import annotations

import tracemalloc
from dataclasses import asdict

import dask
import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import tally
from rainsmith.metrics.core import Pairs, Settings
from rainsmith.metrics.ensemble import rank_terms
from rainsmith.metrics.registry import METRICS


@pytest.fixture(scope="module")
def members(few: tuple[xr.DataArray, xr.DataArray]) -> xr.DataArray:
    return few[0]


@pytest.fixture(scope="module")
def obs(few: tuple[xr.DataArray, xr.DataArray]) -> xr.DataArray:
    return few[1]


@pytest.fixture(scope="module")
def day_sets(obs: xr.DataArray) -> dict[str, np.ndarray]:
    days = obs.sizes["time"]
    heavy = np.asarray(obs.mean(["y", "x"]) > 4)
    return {
        "all": np.ones(days, bool),
        "heavy": heavy,
        "heavy_x": np.arange(days) % 5 == 0,
        "none": np.zeros(days, bool),
    }


@pytest.fixture(scope="module")
def parts(obs: xr.DataArray, day_sets: dict[str, np.ndarray]) -> tally.Parts:
    return tally.partition(obs["time"], day_sets, block_days=7)


@pytest.fixture(scope="module")
def whole(members: xr.DataArray, obs: xr.DataArray, parts: tally.Parts, settings: Settings) -> tally.Tally:
    return tally.tally(members, obs, parts=parts, settings=settings, metrics=METRICS)


def test_every_metric_from_the_tally_is_the_metric_itself(
    members: xr.DataArray,
    obs: xr.DataArray,
    parts: tally.Parts,
    whole: tally.Tally,
    settings: Settings,
    day_sets: dict[str, np.ndarray],
) -> None:
    for name in ("all", "heavy"):
        sums = whole.pooled(parts.weights(name, 0, seed=0)[0])
        days = {"time": np.flatnonzero(day_sets[name])}
        for metric in METRICS:
            alone = metric(members.isel(days), obs.isel(days), **asdict(settings))
            np.testing.assert_allclose(metric.value(sums), alone, rtol=1e-6, err_msg=metric.name)


def test_pieces_and_lazy_members_change_nothing(
    members: xr.DataArray,
    obs: xr.DataArray,
    parts: tally.Parts,
    whole: tally.Tally,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Members in two pieces, in chunks of four days, a block and then three at a time."""
    monkeypatch.setattr(tally, "_MOST_DAYS", 9)
    for workers in (1, 3):
        blocks: list[int] = []
        with dask.config.set(num_workers=workers):
            in_pieces = tally.tally_pieces(
                [(days, members.chunk(time=4).isel(time=days)) for days in (slice(0, 20), slice(20, None))],
                obs,
                parts=parts,
                settings=settings,
                metrics=METRICS,
                watch=lambda days, pairs, blocks=blocks: blocks.extend(days),
            )
        assert blocks == list(range(obs.sizes["time"]))
        for name, term in whole.by_part.data_vars.items():
            np.testing.assert_allclose(in_pieces.by_part[name], term, rtol=1e-6, atol=1e-9, err_msg=str(name))
        xr.testing.assert_allclose(in_pieces.daily, whole.daily)


def test_blocks_are_whole_chunks_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def blocks(chunk: int, members: int) -> list[int]:
        fcst = xr.DataArray(np.zeros((100, members, 8, 8), "f4"), dims=("time", "member", "y", "x"))
        obs = fcst.isel(member=0)
        lazy = fcst.chunk(time=chunk) if chunk else fcst
        return [len(days) for days, *_ in tally._blocks([(slice(0, 100), lazy)], obs)]

    monkeypatch.setattr(tally, "_MOST_BYTES", 4 * 64 * 5 * 20)
    sizes = [blocks(*case) for case in ((0, 5), (16, 5), (0, 500), (60, 5))]
    assert [size[0] for size in sizes] == [20, 16, 1, 20] and all(sum(size) == 100 for size in sizes)


def test_parts_are_days_of_one_week_and_the_same_sets(parts: tally.Parts, day_sets: dict[str, np.ndarray]) -> None:
    for name, chosen in day_sets.items():
        np.testing.assert_array_equal(parts.in_set[name][parts.of_day], chosen)
        if name != "none":
            weights = parts.weights(name, 20, seed=0)
            assert (weights[:, ~parts.in_set[name]] == 0).all()
            for week in np.unique(parts.block):
                same = weights[:, (parts.block == week) & parts.in_set[name]]
                assert (same == same[:, :1]).all()


def test_resampled_scores_are_scores_of_resampled_days(
    members: xr.DataArray, obs: xr.DataArray, parts: tally.Parts, whole: tally.Tally, settings: Settings
) -> None:
    """A weight of two is the day twice: no formula may treat weights as anything else, maxima included."""
    weights = parts.weights("all", 1, seed=4)[1]
    days = np.repeat(np.arange(obs.sizes["time"]), weights[parts.of_day].astype(int))
    again = [array.isel(time=days).drop_vars("time") for array in (members, obs)]
    sums = whole.pooled(weights)
    for metric in METRICS:
        if rank_terms not in metric.terms:  # the draw among ties needs the date
            np.testing.assert_allclose(
                metric.value(sums), metric(*again, **asdict(settings)), rtol=1e-5, err_msg=metric.name
            )


def test_terms_of_a_large_grid_hold_a_few_times_its_fields(settings: Settings) -> None:
    """A score that held a number for each cell and wavenumber, or each pair of cells, would grow with their square."""
    fields = np.random.default_rng(0).gamma(0.4, 9.0, size=(1, 3, 240, 260)).astype(np.float32)
    pairs = Pairs(
        fields=fields.reshape(1, 3, -1),
        valid=np.ones((1, 240 * 260), dtype=bool),
        lost=np.zeros(1, dtype=np.int64),
        cells=np.arange(240 * 260),
        grid=(240, 260),
        days=np.array([20010101]),
    )
    held = {}
    for terms in dict.fromkeys(terms for metric in METRICS for terms in metric.terms):
        tracemalloc.start()
        try:
            terms(pairs, settings)
            held[terms.__qualname__] = tracemalloc.get_traced_memory()[1] / fields.nbytes
        finally:
            tracemalloc.stop()
    assert max(held.values()) < 25, {name: times for name, times in held.items() if times > 25}
