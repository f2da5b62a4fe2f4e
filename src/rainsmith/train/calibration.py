"""One factor of the amounts brings the members' total rain over the training days to the observed total."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch

from rainsmith.data.dataset import Days
from rainsmith.models.generative import GenerativeModel
from rainsmith.models.noise import member_noise

MOST_DAYS = 2000
"""Training days that are drawn, evenly spaced, to bound the time; few heavy days decide the factor (docs/model.md)."""
MEMBERS = 2
"""Prior members that are drawn for each of those days."""
RANGE = (0.5, 2.0)
"""Bounds of the factor: a model that is further off needs another training, not a larger factor."""


@torch.no_grad()
def calibrate(
    model: GenerativeModel,
    days: Days,
    device: torch.device,
    autocast: AbstractContextManager[Any],
    *,
    seed: int,
    batch_size: int,
) -> float:
    """Set the factor of prior members, ``model.gain``, so that they hold the observed rain of the training days.

    After a short training members hold too little rain. A model whose amounts are settled in another way, such as one
    that conserves mass, has no such factor.

    Args:
        model: with the weights that will be saved.
        days: the training days.
        device: where the model is.
        autocast: precision of the draws.
        seed: of the members' noise.
        batch_size: days at once.

    Returns:
        The factor, observed over drawn rain; 1 where the model has none.
    """
    factor = model.gain
    if factor is None:
        return 1.0
    training = model.training
    model.eval()
    factor.fill_(1.0)
    chosen = np.unique(np.linspace(0, len(days) - 1, min(MOST_DAYS, len(days))).astype(np.int64))
    observed = drawn = 0.0
    with autocast:
        for start in range(0, len(chosen), batch_size):
            batch = days.batch(chosen[start : start + batch_size]).to(device)
            noise = [part.to(device) for part in member_noise(seed, batch.days, range(MEMBERS), model.latent_shapes)]
            members = model.draw(batch.x, noise, valid=batch.valid)
            observed += float(batch.y.double().sum())
            drawn += float((members * batch.valid[:, None]).double().sum()) / MEMBERS
    gain = float(np.clip(observed / drawn, *RANGE)) if observed > 0 and drawn > 0 else 1.0
    factor.fill_(gain)
    model.train(training)
    return gain
