"""K members of N days as one batch (K * N, c, h, w): all days of the first member, then all of the second, and so on.

In this order the first P members of every day are one slice, so that nothing is copied.
"""

from __future__ import annotations

import torch
from torch import Tensor


def repeated(days: Tensor, members: int) -> Tensor:
    """(N, ...) -> (K * N, ...), all days of the first member first."""
    return days.repeat(members, 1, 1, 1).contiguous(memory_format=torch.channels_last)


def plus_days(h: Tensor, days: Tensor) -> Tensor:
    """Members (K * N, ...), plus what all members of a day share (N, ...)."""
    return (h.view(-1, *days.shape) + days).flatten(0, 1)


def by_day(h: Tensor, members: int) -> Tensor:
    """(K * N, ...) -> (N, K, ...)."""
    return h.reshape(members, -1, *h.shape[1:]).transpose(0, 1)


def members_first(z: Tensor) -> Tensor:
    """(N, K, c, h, w) -> (K * N, c, h, w)."""
    return z.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def for_each_field(maps: Tensor, count: int) -> Tensor:
    """(1, c, h, w) -> (count, c, h, w); the same maps for each of ``count`` fields.

    Written as a product of matrices, because the gradient, which is a sum over the fields, is fast as one.
    """
    row = maps.permute(0, 2, 3, 1).flatten(1)
    return (row.new_ones(count, 1) @ row).view(count, *maps.shape[2:], maps.shape[1]).permute(0, 3, 1, 2)
