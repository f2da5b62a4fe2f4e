"""The weighted loss of the reference; amounts in mm/day."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rainsmith.models.blocks import spatial_gradients
from rainsmith.models.generative_kinds.flat import Loss


class ReferenceLoss(nn.Module):
    """The weighted loss of the reference.

    L = L_rec + lambda_grad L_grad + lambda_mass L_mass + beta KL, with
    w = clip(y / scale, w_min, w_max) (tail_boost where y >= p99, else 1).

    Args:
        settings: weights.
        scale: divisor of y in the weight [mm/day].
        p99: training P99 [mm/day], from which ``tail_boost`` acts.
    """

    def __init__(self, settings: Loss, scale: float, p99: float) -> None:
        super().__init__()
        self.settings, self.scale, self.p99 = settings, scale, p99

    def weights(self, y: Tensor) -> Tensor:
        """Weight of each cell from the observation [mm/day]."""
        s = self.settings
        boost = torch.where(y >= self.p99, s.tail_boost, 1.0)
        return (y / self.scale).clamp(s.w_min, s.w_max) * boost

    def forward(self, y_hat: Tensor, y: Tensor, valid: Tensor, kl: Tensor, beta: float) -> dict[str, Tensor]:
        """Every term by itself and their weighted sum ``loss``.

        Args:
            y_hat: (N, H, W) reconstruction [mm/day].
            y: (N, H, W) observation [mm/day], 0 where invalid.
            valid: (N, H, W) bool.
            kl: (d_z,) KL of each latent dimension, averaged over the batch [nats].
            beta: weight of the KL sum at this step.
        """
        weight = self.weights(y) * valid
        error = (y_hat - y).abs()
        rec = (weight * error).sum() / weight.sum().clamp_min(1e-6)
        grad = _masked_gradient_error(y_hat, y, valid)
        total_hat, total = (y_hat * valid).sum((1, 2)), (y * valid).sum((1, 2))
        # the sum over the days comes before the division: a ratio of each day would be huge on dry days
        mass = (total_hat - total).abs().sum() / total.sum().clamp_min(1.0)
        kl_sum = kl.sum()
        s = self.settings
        loss = rec + s.lambda_grad * grad + s.lambda_mass * mass + beta * kl_sum
        return {"loss": loss, "rec": rec, "grad": grad, "mass": mass, "kl": kl_sum}


def _masked_gradient_error(y_hat: Tensor, y: Tensor, valid: Tensor) -> Tensor:
    """Mean L1 difference of the spatial gradients over pairs of valid neighbours [mm/day per cell]."""
    total, pairs = y.new_zeros(()), y.new_zeros(())
    both = (valid[..., 1:, :] & valid[..., :-1, :], valid[..., 1:] & valid[..., :-1])
    for a, b, ok in zip(spatial_gradients(y_hat), spatial_gradients(y), both, strict=True):
        total = total + ((a - b).abs() * ok).sum()
        pairs = pairs + ok.sum()
    return total / pairs.clamp_min(1)
