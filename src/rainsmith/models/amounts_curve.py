"""A monotone map of amounts, which brings a network's prior members to the climate that was observed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEVELS = (0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.993, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9998)
"""Levels of the quantiles at the last points of the curve."""
POINTS = len(LEVELS) + 8
"""Points of a curve: the first lie below these levels, from the share of dry cell-days on."""
_AS_IT_IS = [float(point) for point in range(1, 1 + POINTS)]
"""[mm/day] Points of a curve that changes nothing."""


class AmountsCurve(nn.Module):
    """Straight lines from 0 over a fixed number of points, and on with the ratio of the last one.

    A member's map does not depend on other members or days, so that mapped members are still members of one
    distribution and their CRPS stays fair.

    Attributes:
        drawn: (points,) amounts of members as the network draws them [mm/day], rising.
        wanted: (points,) what they become [mm/day], not falling.
    """

    drawn: Tensor
    wanted: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("drawn", torch.tensor(_AS_IT_IS))
        self.register_buffer("wanted", torch.tensor(_AS_IT_IS))

    def put(self, drawn: Tensor, wanted: Tensor) -> None:
        """Set the points.

        Raises:
            ValueError: the amounts do not rise, or become less as they rise.
        """
        if drawn[0] <= 0 or wanted[0] < 0 or bool((drawn.diff() <= 0).any()) or bool((wanted.diff() < 0).any()):
            raise ValueError(f"expected points of a rising curve, found {drawn.tolist()} to {wanted.tolist()}")
        self.drawn.copy_(drawn)
        self.wanted.copy_(wanted)

    def reset(self) -> None:
        """Leave all amounts as they are drawn."""
        self.put(torch.tensor(_AS_IT_IS), torch.tensor(_AS_IT_IS))

    def forward(self, amounts: Tensor, share: float = 1.0) -> Tensor:
        """Map amounts.

        Args:
            amounts: [mm/day], of any shape, not negative.
            share: how far the amounts go along the ratio of the curve: 0 leaves them, 1 maps them.

        Returns:
            The amounts [mm/day], in the same shape.
        """
        zero = self.drawn.new_zeros(1)
        x, y = torch.cat([zero, self.drawn]), torch.cat([zero, self.wanted])
        last = y[-1:] / x[-1:]
        slope = torch.cat([y.diff() / x.diff(), last])
        start = y - slope * x  # of the line that begins at each point
        line = (torch.bucketize(amounts.contiguous(), x, right=True) - 1).clamp_min(0)
        mapped = amounts * slope[line] + start[line]
        if share == 1.0:
            return mapped
        return torch.where(amounts > 0, amounts * (mapped / amounts.clamp_min(1e-12)) ** share, mapped)


def of_this_version(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a network with a curve as it is now.

    Earlier versions had one factor of the amounts in its place, or fewer points; the curve goes on with the last ratio.
    """
    if "gain" in weights:
        as_it_is = AmountsCurve().drawn
        others = {name: tensor for name, tensor in weights.items() if name != "gain"}
        return {**others, "curve.drawn": as_it_is, "curve.wanted": weights["gain"] * as_it_is}
    missing = POINTS - len(weights.get("curve.drawn", AmountsCurve().drawn))
    if missing <= 0:
        return weights
    beyond = 1 + torch.arange(1, missing + 1) / 100
    curve = {name: weights[name] for name in ("curve.drawn", "curve.wanted")}
    return {**weights, **{name: torch.cat([points, points[-1] * beyond]) for name, points in curve.items()}}
