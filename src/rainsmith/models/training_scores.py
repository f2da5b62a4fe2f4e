"""Scores that losses and validation need, on tensors; a test shows that they equal those of ``rainsmith.metrics``."""

from __future__ import annotations

import torch
from torch import Tensor


def fair_crps(members: Tensor, y: Tensor) -> Tensor:
    """Fair CRPS of each case (Ferro 2014, doi:10.1002/qj.2270), by sorting.

    Args:
        members: (N, K, ...) [mm/day]; one member scores its absolute error.
        y: (N, ...) [mm/day].

    Returns:
        (N, ...): mean |x_k - y| - sum_{j<k} |x_j - x_k| / (K (K - 1)).
    """
    k = members.shape[1]
    skill = (members - y[:, None]).abs().mean(dim=1)
    if k == 1:
        return skill
    if k == 2:  # no need to sort
        return skill - 0.5 * (members[:, 0] - members[:, 1]).abs()
    ordered = members.sort(dim=1).values
    # sum over pairs of |x_j - x_k| = sum_i (2 i - K + 1) x_(i), i from 0
    rank = (2 * torch.arange(k, device=members.device, dtype=members.dtype) - (k - 1)).view(1, k, *[1] * (y.ndim - 1))
    return skill - (ordered * rank).sum(dim=1) / (k * (k - 1))


def threshold_weighted_crps(members: Tensor, y: Tensor, threshold: float) -> Tensor:
    """Fair CRPS of max(., threshold) (Allen et al. 2023, doi:10.1137/22M1532184), shapes as ``fair_crps``."""
    return fair_crps(members.clamp_min(threshold), y.clamp_min(threshold))
