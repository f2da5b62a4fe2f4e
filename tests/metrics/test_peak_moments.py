"""Moments of peaks against sums over all pairs of different weeks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rainsmith.metrics import peak_moments
from rainsmith.metrics.climate import Peaks
from rainsmith.metrics.peak_moments import moments_of_peaks


def test_peaks_of_one_week_are_not_compared_with_each_other() -> None:
    """l1 and l2 by hand: pairs of different blocks, each drawn as often as both its blocks."""
    rng = np.random.default_rng(3)
    block = np.array([0, 0, 1, 2, 2, 2, 3])
    excess, cell = rng.gamma(0.7, 8, 7), np.full(7, 1)
    weights = np.array([[1.0, 1, 1, 1], [2, 0, 1, 3]])
    moments = moments_of_peaks(Peaks(np.arange(7), np.zeros(7, int), cell, excess), block, np.array([0, 1]), 2, weights)
    for row, drawn in zip(moments[:, :, 1].T, weights, strict=True):
        pairs = [
            (drawn[block[i]] * drawn[block[j]], excess[i] + excess[j], abs(excess[i] - excess[j]))
            for i, j in itertools.combinations(range(7), 2)
            if block[i] != block[j]
        ]
        share = sum(w for w, _, _ in pairs)
        expected = [drawn[block].sum(), *(sum(pair[0] * pair[k] for pair in pairs) / share / 2 for k in (1, 2))]
        np.testing.assert_allclose(row, expected, rtol=1e-5)
    assert (moments[0, :, 0] == 0).all() and np.isnan(moments[1:, :, 0]).all()
    alone = Peaks(np.arange(3), np.zeros(3, int), np.zeros(3, int), np.array([1.0, 2.0, 6.0]))
    within = moments_of_peaks(alone, np.zeros(3, int), np.array([0]), 1, np.ones((1, 1)))
    assert within[1] == 3 and np.isnan(within[2])  # a mean, but no spread


def test_cells_are_measured_alike_however_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    peaks = Peaks(rng.integers(0, 30, 200), np.zeros(200, int), rng.integers(0, 6, 200), rng.gamma(1, 5, 200))
    block, weights = np.arange(30) // 5, rng.integers(0, 3, (4, 6)).astype(float)
    together = moments_of_peaks(peaks, block, np.arange(6), 6, weights)
    monkeypatch.setattr(peak_moments, "_AT_ONCE", 1)
    np.testing.assert_array_equal(moments_of_peaks(peaks, block, np.arange(6), 6, weights), together)
