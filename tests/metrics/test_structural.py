"""Structural similarity."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

from rainsmith.metrics.core import Settings
from rainsmith.metrics.structural import ssim
from tests.metrics.climate import array

P99 = 20.0
LEVEL, CONTRAST = (0.01 * np.log1p(P99)) ** 2, (0.03 * np.log1p(P99)) ** 2


def cell_by_cell(fcst: np.ndarray, obs: np.ndarray, valid: np.ndarray) -> float:
    """The definition, window by window, for one field."""
    similarities = []
    for row, column in np.argwhere(valid):
        window = np.s_[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4]
        a, b = (np.log1p(field[window][valid[window]].astype(float)) for field in (fcst, obs))
        m, n, c = a.mean(), b.mean(), ((a - a.mean()) * (b - b.mean())).mean()
        similarities.append(
            (2 * m * n + LEVEL) * (2 * c + CONTRAST) / (m**2 + n**2 + LEVEL) / (a.var() + b.var() + CONTRAST)
        )
    return float(np.mean(similarities))


def test_it_equals_the_definition_with_holes(truth: xr.DataArray, observed: xr.DataArray) -> None:
    """Mean over cells and members of a day, then over days, however many cells these have."""
    fcst, obs = truth.isel(time=slice(0, 3), member=slice(0, 2)), observed.isel(time=slice(0, 3)).copy()
    obs[0, 4:6, 2:7] = np.nan
    obs[1, :, 5:] = np.nan
    expected = np.mean(
        [[cell_by_cell(f, o, np.isfinite(o)) for f in day] for day, o in zip(fcst.values, obs.values, strict=True)]
    )
    assert float(ssim(fcst, obs, p99=P99)) == pytest.approx(float(expected), rel=1e-4)


def test_uniform_fields_differ_in_level_alone() -> None:
    a, b = np.log1p(2.0), np.log1p(9.0)
    fields = array(np.full((1, 9, 9), 2.0), members=False), array(np.full((1, 9, 9), 9.0), members=False)
    expected = (2 * a * b + LEVEL) / (a**2 + b**2 + LEVEL)
    assert float(ssim(*fields, p99=P99)) == pytest.approx(expected, rel=1e-3)


def test_the_opposite_pattern_is_negative_and_copies_are_one(observed: xr.DataArray) -> None:
    checks = array(np.where(np.indices((12, 12)).sum(axis=0) % 2, 30.0, 0.0)[None], members=False)
    assert float(ssim(30 - checks, checks, p99=P99)) < -0.9
    assert float(ssim(observed, observed, p99=P99)) == pytest.approx(1, abs=1e-6)
    dry = observed * 0
    assert float(ssim(dry, dry, p99=P99)) == 1.0


def test_it_falls_with_displacement_and_rewards_the_blur_of_a_mean(truth: xr.DataArray, observed: xr.DataArray) -> None:
    smooth = ndimage.gaussian_filter(observed.values, (0, 2, 2))
    scores = [
        float(ssim(observed.copy(data=np.roll(smooth, shift, axis=2)), observed.copy(data=smooth), p99=P99))
        for shift in (0, 1, 2, 4)
    ]
    assert scores == sorted(scores, reverse=True) and scores[0] == pytest.approx(1)
    assert float(ssim(truth.mean("member"), observed, p99=P99)) > float(ssim(truth, observed, p99=P99))


def test_it_needs_a_dynamic_range(observed: xr.DataArray) -> None:
    with pytest.raises(ValueError, match="training P99"):
        ssim(observed, observed)
    assert not ssim.applies(10, "prior", Settings(p99=0.0)) and ssim.applies(10, "prior", Settings(p99=P99))
