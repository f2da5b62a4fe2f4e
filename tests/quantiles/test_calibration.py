"""Quantiles that are exceeded as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.quantiles.calibration import CLASSES, Calibration, class_of
from rainsmith.quantiles.climate import LEVELS as KNOWN
from rainsmith.quantiles.climate import climate_of, levels_in, quantiles_in, traces_of
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import NODES, Counts, exceedances
from rainsmith.quantiles.mixture import SHARES, MixtureTally

LEVELS = np.array([0.1, 0.5, 0.9, 0.99, 0.999])


def calibrated(narrow: float, days: int = 500) -> Calibration:
    """Of members whose logarithm varies less, by a factor, than that of the observations; the same for all cells."""
    generator, counts = np.random.default_rng(0), Counts()
    for day in range(days):
        centre = generator.normal(size=(100, 1))
        members = np.exp(centre + narrow * generator.normal(size=(100, 40))).astype(np.float32)
        observed = np.exp(centre + generator.normal(size=(100, 1))).astype(np.float32)
        lowest, highest = Distribution(members).levels(observed)
        counts.add(day // 7, lowest[:, 0], highest[:, 0])
    return of_all_classes(counts)


def of_all_classes(counts: Counts) -> Calibration:
    number = len(CLASSES) + 1
    return Calibration(np.tile(counts.frequencies(), (number, 1)), np.zeros(number), np.zeros((number, len(KNOWN))))


def test_calibrated_levels_of_members_that_are_too_alike_are_exceeded_as_often_as_they_say() -> None:
    calibration, generator = calibrated(narrow=0.6), np.random.default_rng(5)
    members = np.exp(0.6 * generator.normal(size=(60_000, 40))).astype(np.float32)
    observed = np.exp(generator.normal(size=60_000))
    found = Distribution(members)
    raw = (observed[:, None] > found.quantiles(LEVELS)).mean(axis=0)
    quantiles = calibration.quantiles(found, LEVELS)
    mapped = (observed[:, None] > quantiles).mean(axis=0)
    assert raw[3] > 0.05
    assert mapped[2] == pytest.approx(0.1, rel=0.15)
    assert mapped[3] == pytest.approx(0.01, rel=0.3)
    assert mapped[0] == pytest.approx(0.9, abs=0.03)
    chances = calibration.exceedance(found, quantiles[0, 2:])[0]
    assert chances == pytest.approx(1 - LEVELS[2:], rel=0.02)  # of its own quantiles


def test_good_members_stay_as_they_are_and_few_weeks_change_little() -> None:
    found = Distribution(np.random.default_rng(1).gamma(0.7, 10, (500, 40)).astype(np.float32))
    raw = found.quantiles(LEVELS)
    assert np.allclose(Calibration.as_it_is().quantiles(found, LEVELS), raw, rtol=1e-4)
    assert np.allclose(of_all_classes(Counts()).quantiles(found, LEVELS), raw, rtol=1e-4)
    assert np.abs(calibrated(narrow=1.0).quantiles(found, LEVELS) / raw - 1)[:, :4].max() < 0.2
    few, many = (calibrated(0.6, days).quantiles(found, LEVELS) for days in (21, 500))
    assert (np.abs(few - raw) < 0.6 * np.abs(many - raw))[:, 2:4].mean() > 0.95


def test_ranges_of_levels_count_in_parts() -> None:
    generator = np.random.default_rng(0)
    lowest = generator.random(300)
    highest = np.where(generator.random(300) < 0.5, lowest, lowest + (1 - lowest) * generator.random(300))
    width = np.where(highest > lowest, highest - lowest, 1)
    part = np.clip((highest[:, None] - NODES) / width[:, None], 0, 1)
    expected = np.where((highest > lowest)[:, None], part, highest[:, None] > NODES).sum(axis=0)
    assert np.allclose(exceedances(lowest, highest), expected)


def gamma(generator: np.random.Generator, *shape: int) -> np.ndarray:
    return np.where(generator.random(shape) < 0.4, generator.gamma(0.8, 12, shape), 0).astype(np.float32)


def test_rain_that_members_call_impossible_is_left_to_the_climate_where_it_happens() -> None:
    """Members know nothing of the rain of 8 % of the wetter cells, and all of that of the others."""
    generator, days = np.random.default_rng(0), []
    tally = MixtureTally(days=140, members=50)
    for day in range(210):
        middle = np.array([[0.3], [9.0]]).repeat(60, axis=0) * np.exp(0.4 * generator.normal(size=(120, 1)))
        members = generator.gamma(3, middle / 3, (120, 50)).astype(np.float32)
        observed = generator.gamma(3, middle[:, 0] / 3)
        lost = (generator.random(120) < 0.08) & (np.arange(120) >= 60)
        observed = np.where(lost, 3 * gamma(generator, 120), observed).astype(np.float32)
        days.append((Distribution(members), observed))
        if day < 140:
            tally.add(day // 7, *days[-1], np.ones(120, bool))
    calibration = tally.calibration()
    assert calibration.shares[class_of(np.array(0.3))] < calibration.shares[class_of(np.array(9.0))]
    assert set(calibration.shares) <= set(SHARES)
    levels, wet = np.array([0.9, 0.99, 0.999]), slice(60, None)
    above = [
        np.mean([(observed[wet, None] > quantiles(found)[wet]).mean(axis=0) for found, observed in days[140:]], axis=0)
        for quantiles in (
            lambda found: found.quantiles(levels),
            lambda found: calibration.quantiles(found, levels),
        )
    ]
    assert above[0][2] > 0.006  # of the members alone: six times too often
    assert above[1][:2] == pytest.approx(1 - levels[:2], rel=0.4) and above[1][2] < 0.003
    quantiles = calibration.quantiles(days[0][0], levels)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    chance = calibration.exceedance(days[0][0], quantiles[-1:, 1])[-1, 0]
    assert chance == pytest.approx(0.01, rel=0.05)


def test_cells_whose_members_are_all_dry_are_wet_as_often_as_such_cells_were() -> None:
    """No level of dry members is above 0: without the climate of the class their quantiles would be 0, too."""
    generator, days = np.random.default_rng(0), []
    tally = MixtureTally(days=140, members=30)
    for day in range(280):
        observed = np.where(generator.random(300) < 0.03, generator.exponential(0.5, 300), 0).astype(np.float32)
        days.append((Distribution(np.zeros((300, 30), np.float32)), observed))
        if day < 140:
            tally.add(day // 7, *days[-1], np.ones(300, bool))
    calibration, levels = tally.calibration(), np.array([0.95, 0.99, 0.999])
    above = np.mean(
        [(rain[:, None] > calibration.quantiles(found, levels)).mean(axis=0) for found, rain in days[140:]], 0
    )
    assert above == pytest.approx([0.03, 0.01, 0.001], rel=0.4)
    assert calibration.quantiles(days[0][0], [0.99])[0, 0] == pytest.approx(0.5 * np.log(3), rel=0.25)


def test_few_days_make_a_calibration_too_and_none_change_nothing() -> None:
    found = Distribution(np.random.default_rng(1).gamma(0.7, 10, (500, 40)).astype(np.float32))
    tally = MixtureTally(days=1, members=40)
    assert np.allclose(tally.calibration().quantiles(found, LEVELS), found.quantiles(LEVELS), rtol=1e-4)
    tally.add(0, found, np.full(500, np.nan, np.float32), np.zeros(500, bool))
    assert np.allclose(tally.calibration().quantiles(found, LEVELS), found.quantiles(LEVELS), rtol=1e-4)
    tally.add(0, found, found.mean, np.ones(500, bool))
    assert (tally.calibration().shares == 0).all()


def test_dry_members_get_the_small_amounts_of_the_training() -> None:
    members = np.zeros((2, 20), np.float32)
    members[1, 10:] = 5
    found = Distribution(members, np.linspace(0, 0.08, len(KNOWN)))
    assert found.mean.tolist() == [0, 2.5]
    quantiles = found.quantiles([0.2, 0.4])
    assert 0 < quantiles[1, 0] < quantiles[1, 1] < 0.1
    assert (quantiles[0] < quantiles[1]).all()  # half as many of all cells are below the same trace


def test_a_climate_knows_levels_and_amounts_and_traces_are_what_members_have_as_0() -> None:
    generator = np.random.default_rng(1)
    rain = gamma(generator, 400, 20, 20)
    climate = climate_of(rain.ravel())
    lowest, highest = levels_in(climate, np.array([0.0, 10.0]))
    assert lowest[0] == 0 and highest[0] == pytest.approx(0.6, abs=0.03) and lowest[1] == highest[1] > 0.8
    assert quantiles_in(climate, highest[1:]) == pytest.approx([10.0], rel=0.05)
    assert (climate_of(np.empty(0)) == 0).all()
    small = generator.random((31, 2, 2)) * 0.2
    traces = traces_of(xr.Dataset({"precip": (("time", "y", "x"), small)}), 0.1)
    assert 0 <= traces[0] < traces[-1] < 0.1 and traces[-1] == pytest.approx(small[small < 0.1].max(), rel=0.05)
    assert (traces_of(xr.Dataset({"precip": (("time", "y", "x"), small + 1)}), 0.1) == 0).all()
