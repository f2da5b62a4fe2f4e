"""Scores of quantiles against the package scores, and the torch twin of the pinball loss against ours."""

from __future__ import annotations

import numpy as np
import pytest
import scores.continuous
import torch

from rainsmith.metrics.quantiles import pinball
from rainsmith.models.downscaling import heads
from tests.metrics.climate import GammaClimate


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_pinball_of_scores(level: float) -> None:
    climate = GammaClimate(days=40)
    fcst, obs = climate.draw(1, seed=1).isel(member=0, drop=True), climate.observed()
    obs[:, :2] = np.nan
    expected = float(scores.continuous.quantile_score(fcst.astype(float), obs.astype(float), alpha=level))
    assert float(pinball(fcst, obs, quantile=level)) == pytest.approx(expected, rel=1e-6)
    valid = np.isfinite(obs.values)
    pair = [torch.from_numpy(field.values[valid][None]) for field in (fcst, obs)]
    twin = heads.pinball(pair[0][None], pair[1], torch.tensor([[level]]))
    assert twin.mean().item() == pytest.approx(expected, rel=1e-5)
