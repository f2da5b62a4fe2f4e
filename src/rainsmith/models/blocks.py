"""Small building blocks that the networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def channels_last(module: nn.Module) -> None:
    """Lay a network's convolution weights out with channels last, in place: convolutions are fastest so."""
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class ConvBlock(nn.Module):
    """3x3 convolution, batch norm, ReLU: (N, c_in, h, w) -> (N, c_out, ceil(h / stride), ceil(w / stride))."""

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class UpBlock(nn.Module):
    """Nearest upsampling to an exact size, then a ConvBlock: (N, c_in, h, w) -> (N, c_out, *size)."""

    def __init__(self, c_in: int, c_out: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        self.block = ConvBlock(c_in, c_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(F.interpolate(x, size=self.size, mode="nearest"))
        return out


def kl_per_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) of each latent, averaged over the batch: (N, d) -> (d,) [nats]."""
    mu, logvar = mu.float(), logvar.float()
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar).mean(dim=0)


def spatial_gradients(field: Tensor) -> tuple[Tensor, Tensor]:
    """Forward differences along y and x of (..., h, w)."""
    return torch.diff(field, dim=-2), torch.diff(field, dim=-1)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with SiLU before each, added to the input; before training it is the identity.

    It has no norm, because a norm over a day removes the amplitude of that day's anomalies.

    Args:
        channels: (N, channels, h, w) in and out.
        dropout: share of the channels between the convolutions that is set to 0 in training.
    """

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.dropout = nn.Dropout2d(dropout)
        nn.init.zeros_(self.convs[1].weight)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        h = self.convs[0](F.silu(x))
        return x + self.convs[1](self.dropout(F.silu(h)))


def small_head(c_in: int, c_out: int) -> nn.Conv2d:
    """A 1x1 convolution that starts near 0, so that training starts from standard normal latents."""
    conv = nn.Conv2d(c_in, c_out, 1)
    if not conv.weight.is_meta:  # without memory torch would load its compiler for it
        nn.init.normal_(conv.weight, std=0.01)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv
