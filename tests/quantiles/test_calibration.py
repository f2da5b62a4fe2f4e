"""The map of levels such that quantiles are exceeded as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.quantiles.calibration import Calibration
from rainsmith.quantiles.climate import SEASONS, Climate, season_of
from rainsmith.quantiles.distribution import Distribution
from rainsmith.quantiles.exceedances import NODES, Counts, exceedances
from rainsmith.quantiles.mixture import MixtureTally

LEVELS = np.array([0.1, 0.5, 0.9, 0.99, 0.999])


def counts_of(narrow: float, days: int = 700, cells: int = 100, seed: int = 0) -> Counts:
    """Members whose logarithm varies less, by a factor, than that of the observations."""
    generator, counts = np.random.default_rng(seed), Counts()
    for day in range(days):
        centre = generator.normal(size=(cells, 1))
        members = np.exp(centre + narrow * generator.normal(size=(cells, 40))).astype(np.float32)
        observed = np.exp(centre + generator.normal(size=(cells, 1))).astype(np.float32)
        counts.add(
            day // 7,
            season_of(np.array([1 + day // 30 % 12]))[0],
            *(level[:, 0] for level in Distribution(members).levels(observed)),
        )
    return counts


def test_calibrated_levels_of_members_that_are_too_alike_are_exceeded_as_often_as_they_say() -> None:
    calibration = Calibration(counts_of(narrow=0.6).frequencies())
    generator = np.random.default_rng(5)
    members = np.exp(0.6 * generator.normal(size=(60_000, 40))).astype(np.float32)
    observed = np.exp(generator.normal(size=60_000))
    found = Distribution(members)
    raw = (observed[:, None] > found.quantiles(LEVELS)).mean(axis=0)
    mapped = (observed[:, None] > calibration.quantiles(found, LEVELS, season=2)).mean(axis=0)
    assert raw[3] > 0.05
    assert mapped[2] == pytest.approx(0.1, rel=0.15)
    assert mapped[3] == pytest.approx(0.01, rel=0.3)
    assert mapped[0] == pytest.approx(0.9, abs=0.03)


def test_maps_undo_each_other_and_calibrated_members_stay_as_they_are() -> None:
    calibration = Calibration(counts_of(narrow=0.6, days=300).frequencies())
    assert np.allclose(calibration.of_forecast(calibration.of_mixture(LEVELS, 1), 1), LEVELS, atol=1e-9)
    assert np.allclose(Calibration.as_it_is().of_mixture(LEVELS, 0), LEVELS)
    assert np.allclose(Calibration(counts_of(narrow=1.0).frequencies()).of_mixture(LEVELS, 3), LEVELS, atol=0.01)


def test_without_days_nothing_changes_and_few_weeks_change_little() -> None:
    assert np.allclose(Calibration(Counts().frequencies()).of_mixture(LEVELS, 0), LEVELS)
    few = Calibration(counts_of(narrow=0.6, days=21).frequencies()).of_mixture(LEVELS, 0)
    many = Calibration(counts_of(narrow=0.6).frequencies()).of_mixture(LEVELS, 0)
    assert (np.abs(few - LEVELS) < 0.5 * np.abs(many - LEVELS))[2:4].all()


def test_ranges_of_levels_count_in_parts() -> None:
    generator = np.random.default_rng(0)
    lowest = generator.random(300)
    highest = np.where(generator.random(300) < 0.5, lowest, lowest + (1 - lowest) * generator.random(300))
    width = np.where(highest > lowest, highest - lowest, 1)
    part = np.clip((highest[:, None] - NODES) / width[:, None], 0, 1)
    expected = np.where((highest > lowest)[:, None], part, highest[:, None] > NODES).sum(axis=0)
    assert np.allclose(exceedances(lowest, highest), expected)


def surprised(days: int, seed: int) -> tuple[Climate, list[tuple[Distribution, np.ndarray]]]:
    """A climate, and days of 200 cells on which members know nothing of the rain of 4 % of the cells."""
    generator = np.random.default_rng(seed)

    def rain(*shape: int) -> np.ndarray:
        return np.where(generator.random(shape) < 0.4, generator.gamma(0.8, 12, shape), 0).astype(np.float32)

    climate = xr.Dataset({"precip": (("time", "y", "x"), rain(400, 20, 20))})
    made = []
    for _ in range(days):
        wet = generator.random((200, 1)) < 0.4
        members = np.where(wet, generator.gamma(0.8, 12, (200, 50)), 0).astype(np.float32)
        observed = np.where(wet[:, 0], generator.gamma(0.8, 12, 200), 0)
        lost = generator.random(200) < 0.04
        made.append((Distribution(members), np.where(lost, rain(200), observed).astype(np.float32)))
    time = xr.date_range("2001-01-01", periods=400)
    return Climate.of_days(climate.assign_coords(time=time), 0.1), made


def test_rain_that_members_call_impossible_is_left_to_the_climate() -> None:
    climate, days = surprised(days=210, seed=0)
    tally = MixtureTally(climate)
    for day, (found, observed) in enumerate(days[:140]):
        tally.add(day // 7, 0, found, observed, np.ones(200, bool))
    calibration = tally.calibration()
    assert calibration.share in (0.02, 0.05)
    levels = np.array([0.9, 0.99, 0.999])
    above = [
        np.mean([(observed[:, None] > quantiles(found)).mean(axis=0) for found, observed in days[140:]], axis=0)
        for quantiles in (
            lambda found: found.quantiles(levels),
            lambda found: calibration.quantiles(found, levels, 0),
        )
    ]
    assert above[0][2] > 0.008  # of the members alone: eight times too often
    assert above[1] == pytest.approx(1 - levels, rel=0.5)
    found, observed = days[0]
    quantiles = calibration.quantiles(found, [0.5, 0.999], 0)
    assert (quantiles[:, 1] > 0).all() and (np.diff(quantiles, axis=1) >= 0).all()
    again = calibration.exceedance(found, quantiles[:1, 1], 0)[0, 0]
    assert again == pytest.approx(0.001, rel=0.05)


def test_the_climate_of_a_season_without_days_is_that_of_the_year() -> None:
    climate, _ = surprised(days=0, seed=1)
    winter = xr.Dataset({"precip": (("time", "y", "x"), np.full((31, 2, 2), 3.0))})
    alone = Climate.of_days(winter.assign_coords(time=xr.date_range("2001-01-01", periods=31)), 0.1)
    assert climate.amounts.shape == alone.amounts.shape and len(alone.amounts) == len(SEASONS)
    assert (alone.quantiles(np.array([0.5]), 2) == 3).all()
    lowest, highest = climate.levels(np.array([0.0, 10.0]), 0)
    assert lowest[0] == 0 and highest[0] == pytest.approx(0.6, abs=0.03) and lowest[1] == highest[1] > 0.8
