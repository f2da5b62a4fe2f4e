"""One pass, many scores: sums by part give what each metric gives alone, whatever the pieces."""

from __future__ import annotations

from dataclasses import asdict

import dask
import numpy as np
import pytest
import xarray as xr

from rainsmith.metrics import pooled, tally
from rainsmith.metrics.core import Settings
from rainsmith.metrics.ensemble import crps, rank_terms
from rainsmith.metrics.registry import METRICS
from tests.metrics.climate import GammaClimate


@pytest.fixture(scope="module")
def day_sets(observed: xr.DataArray) -> dict[str, np.ndarray]:
    days = observed.sizes["time"]
    heavy = np.asarray(observed.mean(["y", "x"]) > 4)
    return {
        "all": np.ones(days, bool),
        "heavy": heavy,
        "heavy_x": np.arange(days) % 5 == 0,
        "none": np.zeros(days, bool),
    }


@pytest.fixture(scope="module")
def parts(observed: xr.DataArray, day_sets: dict[str, np.ndarray]) -> tally.Parts:
    return tally.partition(observed["time"], day_sets, block_days=7)


@pytest.fixture(scope="module")
def whole(truth: xr.DataArray, observed: xr.DataArray, parts: tally.Parts, settings: Settings) -> tally.Tally:
    return tally.tally(truth, observed, parts=parts, settings=settings, metrics=METRICS)


def test_every_metric_from_the_tally_is_the_metric_itself(
    truth: xr.DataArray,
    observed: xr.DataArray,
    parts: tally.Parts,
    whole: tally.Tally,
    settings: Settings,
    day_sets: dict[str, np.ndarray],
) -> None:
    for name in ("all", "heavy"):
        found = tally.scores(whole.by_part, parts.weights(name, 0, seed=0), METRICS)
        days = {"time": np.flatnonzero(day_sets[name])}
        for metric in METRICS:
            alone = metric(truth.isel(days), observed.isel(days), **asdict(settings))
            np.testing.assert_allclose(found[metric.name].value, alone, rtol=1e-6, err_msg=metric.name)


def test_pieces_and_lazy_members_change_nothing(
    truth: xr.DataArray,
    observed: xr.DataArray,
    parts: tally.Parts,
    whole: tally.Tally,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Members in two pieces, in chunks of seven days, a block and then three at a time."""
    monkeypatch.setattr(tally, "_MOST_DAYS", 15)
    for workers in (1, 3):
        blocks: list[int] = []
        with dask.config.set(num_workers=workers):
            found = tally.tally_pieces(
                [(days, truth.chunk(time=7).isel(time=days)) for days in (slice(0, 42), slice(42, None))],
                observed,
                parts=parts,
                settings=settings,
                metrics=METRICS,
                watch=lambda days, pairs, blocks=blocks: blocks.extend(days),
            )
        assert blocks == list(range(observed.sizes["time"]))
        for name, term in whole.by_part.data_vars.items():
            np.testing.assert_allclose(found.by_part[name], term, rtol=1e-6, atol=1e-9, err_msg=str(name))
        xr.testing.assert_allclose(found.daily, whole.daily)


def test_blocks_are_whole_chunks_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def blocks(chunk: int, members: int) -> list[int]:
        fcst = xr.DataArray(np.zeros((100, members, 8, 8), "f4"), dims=("time", "member", "y", "x"))
        obs = fcst.isel(member=0)
        lazy = fcst.chunk(time=chunk) if chunk else fcst
        return [len(days) for days, *_ in tally._blocks([(slice(0, 100), lazy)], obs)]

    monkeypatch.setattr(tally, "_MOST_BYTES", 4 * 64 * 5 * 40)
    sizes = [blocks(*case) for case in ((0, 5), (16, 5), (0, 500), (60, 5))]
    assert [size[0] for size in sizes] == [40, 32, 1, 40] and all(sum(size) == 100 for size in sizes)


def test_parts_are_days_of_one_week_and_the_same_sets(parts: tally.Parts, day_sets: dict[str, np.ndarray]) -> None:
    for name, chosen in day_sets.items():
        np.testing.assert_array_equal(parts.in_set[name][parts.of_day], chosen)
        if name != "none":
            weights = parts.weights(name, 20, seed=0)
            assert (weights[:, ~parts.in_set[name]] == 0).all()
            for week in np.unique(parts.block):
                same = weights[:, (parts.block == week) & parts.in_set[name]]
                assert (same == same[:, :1]).all()


def test_intervals_hold_their_value_and_shrink_with_days(settings: Settings) -> None:
    widths = []
    for days in (70, 700):
        climate = GammaClimate(days=days, ny=5, nx=5)
        fcst, obs = climate.draw(4, seed=0), climate.observed()
        parts = tally.partition(obs["time"], {"all": np.ones(days, bool)}, block_days=7)
        sums = tally.tally(fcst, obs, parts=parts, settings=settings, metrics=METRICS)
        found = tally.scores(sums.by_part, parts.weights("all", 200, seed=0), METRICS)
        for name, score in found.items():
            assert (score.lower <= score.value).all() and (score.value <= score.upper).all(), name
        widths.append(float(found["crps"].upper - found["crps"].lower))
    assert widths[1] < 0.6 * widths[0]


def test_resampled_scores_are_scores_of_resampled_days(
    truth: xr.DataArray, observed: xr.DataArray, parts: tally.Parts, whole: tally.Tally, settings: Settings
) -> None:
    """A weight of two is the day twice: no formula may treat weights as anything else, maxima included."""
    weights = parts.weights("all", 1, seed=4)[1]
    days = np.repeat(np.arange(observed.sizes["time"]), weights[parts.of_day].astype(int))
    again = [array.isel(time=days).drop_vars("time") for array in (truth, observed)]
    sums = whole.pooled(weights)
    for metric in METRICS:
        if rank_terms not in metric.terms:  # the draw among ties needs the date
            np.testing.assert_allclose(
                metric.value(sums), metric(*again, **asdict(settings)), rtol=1e-5, err_msg=metric.name
            )


def test_one_week_has_values_without_intervals(truth: xr.DataArray, observed: xr.DataArray, settings: Settings) -> None:
    days = {"time": slice(6, 9)}
    parts = tally.partition(observed["time"].isel(days), {"all": np.ones(3, bool)}, block_days=700)
    sums = tally.tally(truth.isel(days), observed.isel(days), parts=parts, settings=settings, metrics=[crps])
    found = tally.scores(sums.by_part, parts.weights("all", 100, seed=0), [crps])["crps"]
    assert np.isfinite(found.value) and np.isnan(found.lower) and np.isnan(found.upper)


def test_score_days_names_value_and_observation(
    truth: xr.DataArray, observed: xr.DataArray, settings: Settings
) -> None:
    found = tally.score_days(truth, observed, METRICS, settings=settings, mode="posterior")
    assert found["crps"] == pytest.approx(float(crps(truth, observed)))
    assert found["observed_p99"] == pytest.approx(float(observed.quantile(0.99)), rel=1e-3)
    assert "diversity_ratio" not in found and "csi" not in found
    single = tally.score_days(truth.isel(member=0), observed, [pooled.mean, crps], settings=settings)
    assert set(single) == {"mean", "observed_mean", "crps"}
