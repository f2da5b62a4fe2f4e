"""Which epoch's weights a training keeps as its best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np


def nothing_yet() -> dict[str, Any]:
    """The best epoch before the first validation; plain values only, since the state for ``--resume`` holds them."""
    return {"score": math.inf, "epoch": -1, "weekly": []}


def observe(best: dict[str, Any], epoch: int, score: float, weekly: Sequence[float] | None = None) -> bool:
    """Take note of a validated epoch, and say whether its weights take the place of those that were kept before.

    Kept is the latest epoch that is not worse than the one of the lowest score by more than chance, that is by more
    than one standard error of their paired difference (the rule of Breiman et al. 1984, Classification and Regression
    Trees, 3.4.3, with *later* in the place of *smaller*). A few storms of a validation year decide between epochs, and
    the lowest of many such scores is easily that of a network that has hardly learned anything (ADR 0007).

    Args:
        best: what ``nothing_yet`` gave, changed here: score, number and weeks of the epoch with the lowest score.
        epoch: its number, higher than those before.
        score: the smaller the better; NaN is never kept.
        weekly: (weeks,) parts of the score that add up to it; without them only a lower score is kept.

    Returns:
        Whether the weights of this epoch are to be kept.
    """
    if score < best["score"]:
        best.update({"score": score, "epoch": epoch, "weekly": [] if weekly is None else [float(w) for w in weekly]})
        return True
    if weekly is None or len(best["weekly"]) < 2:
        return False
    more = np.asarray(weekly, dtype=np.float64) - np.asarray(best["weekly"])
    return bool(more.sum() <= more.std(ddof=1) * math.sqrt(len(more)))
