"""The map of levels such that quantiles are exceeded as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.quantiles.calibration import NODES, Calibration, Counts, exceedances, season_of
from rainsmith.quantiles.distribution import Distribution

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
    calibration = counts_of(narrow=0.6).calibration()
    generator = np.random.default_rng(5)
    members = np.exp(0.6 * generator.normal(size=(60_000, 40))).astype(np.float32)
    observed = np.exp(generator.normal(size=60_000))
    found = Distribution(members)
    raw = (observed[:, None] > found.quantiles(LEVELS)).mean(axis=0)
    mapped = (observed[:, None] > found.quantiles(calibration.of_members(LEVELS, season=2))).mean(axis=0)
    assert raw[3] > 0.05
    assert mapped[2] == pytest.approx(0.1, rel=0.15)
    assert mapped[3] == pytest.approx(0.01, rel=0.3)
    assert mapped[0] == pytest.approx(0.9, abs=0.03)


def test_maps_undo_each_other_and_calibrated_members_stay_as_they_are() -> None:
    calibration = counts_of(narrow=0.6, days=300).calibration()
    assert np.allclose(calibration.of_forecast(calibration.of_members(LEVELS, 1), 1), LEVELS, atol=1e-9)
    assert np.allclose(Calibration.as_it_is().of_members(LEVELS, 0), LEVELS)
    assert np.allclose(counts_of(narrow=1.0).calibration().of_members(LEVELS, 3), LEVELS, atol=0.01)


def test_without_days_nothing_changes_and_few_weeks_change_little() -> None:
    assert np.allclose(Counts().calibration().of_members(LEVELS, 0), LEVELS)
    few = counts_of(narrow=0.6, days=21).calibration().of_members(LEVELS, 0)
    many = counts_of(narrow=0.6).calibration().of_members(LEVELS, 0)
    assert (np.abs(few - LEVELS) < 0.5 * np.abs(many - LEVELS))[2:4].all()


def test_ranges_of_levels_count_in_parts() -> None:
    generator = np.random.default_rng(0)
    lowest = generator.random(300)
    highest = np.where(generator.random(300) < 0.5, lowest, lowest + (1 - lowest) * generator.random(300))
    width = np.where(highest > lowest, highest - lowest, 1)
    part = np.clip((highest[:, None] - NODES) / width[:, None], 0, 1)
    expected = np.where((highest > lowest)[:, None], part, highest[:, None] > NODES).sum(axis=0)
    assert np.allclose(exceedances(lowest, highest), expected)
