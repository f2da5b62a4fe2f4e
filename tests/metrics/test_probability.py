"""Brier score and votes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scores.probability import brier_score_for_ensemble

from rainsmith.metrics.core import Settings, pair
from rainsmith.metrics.probability import brier, vote_terms
from tests.metrics.climate import array


@pytest.mark.parametrize("members", [1, 2, 10])
def test_it_equals_the_library(truth: xr.DataArray, observed: xr.DataArray, members: int) -> None:
    some = truth.isel(member=slice(members))
    expected = brier_score_for_ensemble(some, observed, "member", [1.0, 5.0, 20.0], fair_correction=members > 1)
    score = brier(some, observed, thresholds_mm=(1.0, 5.0, 20.0))
    np.testing.assert_allclose(score, expected, rtol=1e-6)


def test_invalid_cells_have_no_vote() -> None:
    obs = array([[[7.0, np.nan, 1.0]]], members=False)
    fcst = array([[[[9.0, 9.0, 9.0]], [[0.0, 9.0, 9.0]]]])
    terms = vote_terms(pair(fcst, obs), Settings(thresholds_mm=(5.0,)))
    assert terms["forecast_votes"].values.tolist() == [[[0, 1, 1]]]
    assert terms["observed_votes"].values.tolist() == [[[0, 1, 0]]]


def test_truth_beats_overconfidence_and_perfect_is_zero(truth: xr.DataArray, observed: xr.DataArray) -> None:
    mean = truth.mean("member")
    narrow = mean + 0.2 * (truth - mean)
    right, wrong = (brier(fcst, observed, thresholds_mm=(5.0,)).item() for fcst in (truth, narrow))
    assert right < wrong
    copies = observed.expand_dims(member=3, axis=1)
    assert brier(copies, observed, thresholds_mm=(5.0,)).item() == pytest.approx(0, abs=1e-12)
