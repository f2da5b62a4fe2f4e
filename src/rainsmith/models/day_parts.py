"""Days that are worked on in parts, one after another, so that memory holds what one part needs.

The gradient is computed part by part as well: each part is worked out twice, once for its values and once more on the
way back (Chen et al. 2016, arXiv:1604.06174). Values and gradients are those of all days at once, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

OfDays: TypeAlias = Callable[..., Sequence[Tensor]]
"""A function of tensors with days first. No day depends on another one, and nothing is drawn at random in it."""


def in_parts(function: OfDays, days: Sequence[Tensor], parts: int) -> list[Tensor]:
    """What a function gives for some days, worked out for one part of them after another.

    A part takes every ``parts``-th day, so that tensors which hold the first days alone are spread over all parts.

    Args:
        function: its results have days first, too.
        days: (N, ...) or, of the first days alone, (n, ...) each.
        parts: at most the smallest number of days; 1 calls the function as it is.

    Returns:
        The same as ``function(*days)``.
    """
    return [_in_order(pieces) for pieces in zip(*_of_each_part(function, days, parts), strict=True)]


def sums_in_parts(function: OfDays, days: Sequence[Tensor], parts: int) -> list[Tensor]:
    """``in_parts`` for a function that gives sums over its days: those of all parts are added up."""
    first, *others = _of_each_part(function, days, parts)
    for sums in others:
        first = [a + b for a, b in zip(first, sums, strict=True)]
    return list(first)


def _of_each_part(function: OfDays, days: Sequence[Tensor], parts: int) -> list[Sequence[Tensor]]:
    """What the function gives for each part; all days at once are not worked out twice."""
    if parts == 1:
        return [function(*days)]
    pieces = ([field[part::parts] for field in days] for part in range(parts))
    return [checkpoint(function, *piece, use_reentrant=False, preserve_rng_state=False) for piece in pieces]


def _in_order(pieces: Sequence[Tensor]) -> Tensor:
    """Days that were dealt out to several parts, in their own order again."""
    if len(pieces) == 1:
        return pieces[0]
    together = torch.cat(list(pieces))
    dealt = torch.cat([torch.arange(part, len(together), len(pieces)) for part in range(len(pieces))])
    return together[torch.argsort(dealt).to(together.device)]
