"""Counts of large amounts by week: they are those of the amounts themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.evaluate.tail_counts import TailCounter, WeekCounts, edges_from

DAYS, SERIES, CELLS = 40, 3, 50
TIME = xr.DataArray(pd.date_range("2001-01-03", periods=DAYS), dims="time")


@pytest.fixture
def fields() -> np.ndarray:
    return np.random.default_rng(0).gamma(0.4, 12.0, size=(DAYS, SERIES, CELLS)).astype(np.float32)


def counts_of(fields: np.ndarray) -> WeekCounts:
    counter = TailCounter(TIME, SERIES, edges_from(5.0))
    for days in np.array_split(np.arange(DAYS), 7):
        counter.add(days, fields[days], np.ones((len(days), CELLS), dtype=bool))
    return counter.counts()


def test_counts_and_peaks_are_those_of_the_amounts(fields: np.ndarray) -> None:
    counts = counts_of(fields)
    for edge in (0, 10, 60):
        expected = (fields >= np.float32(counts.edges[edge])).sum(axis=(0, 2))
        assert counts.above[:, :, edge].sum(axis=0) == pytest.approx(expected, abs=1)  # an amount on the edge
    assert counts.peak.max(axis=0) == pytest.approx(fields.max(axis=(0, 2)))
    assert counts.cells.sum() == DAYS * CELLS


@pytest.mark.parametrize("q", [0.95, 0.99, 0.999])
def test_quantiles_are_those_of_the_amounts_within_a_class(fields: np.ndarray, q: float) -> None:
    counts = counts_of(fields)
    weeks = np.arange(len(counts.week))[None]
    for series in range(SERIES):
        ours = counts.tail(weeks, np.full_like(weeks, series)).quantile(q)[0]
        ordered = np.sort(fields[:, series].ravel())[::-1]
        place = round((1 - q) * ordered.size)
        assert 0.98 * ordered[place] <= ours <= 1.02 * ordered[max(place - 1, 0)]


def test_a_composed_series_holds_the_weeks_that_it_was_made_of(fields: np.ndarray) -> None:
    counts = counts_of(fields)
    week = np.unique(TIME.values.astype("datetime64[D]").astype(int) // 7, return_inverse=True)[1]
    who = np.random.default_rng(1).integers(SERIES, size=len(counts.week))
    composed = fields[np.arange(DAYS), who[week]]
    tail = counts.tail(np.arange(len(who))[None], who[None])
    assert tail.peak[0] == pytest.approx(composed.max())
    assert tail.cells_above(0)[0] == pytest.approx((composed >= 5.0).sum(), abs=1)
