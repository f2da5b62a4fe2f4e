"""What suits the hierarchical model for data that offer so much: every figure is from `benchmarks/climates.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rainsmith.models.registry import Choice

if TYPE_CHECKING:
    from rainsmith.data.offer import Offer

STEPS = 1600
"""Steps of a training, of 32 days each."""
LEAST_EPOCHS, MOST_EPOCHS = 5, 40
"""Passes over the training days, however many there are."""
BATCH = 32


def recipe(offer: Offer) -> list[Choice]:
    """Keys of ``model`` and ``train``, what they are set to, and why."""
    epochs = math.ceil(STEPS / max(1, offer.days // BATCH))
    epochs = min(max(epochs, LEAST_EPOCHS), MOST_EPOCHS)
    return [
        Choice("train.epochs", epochs, f"{STEPS} steps with {offer.days} days, {LEAST_EPOCHS} to {MOST_EPOCHS} passes"),
    ]
