"""Building blocks: sizes, beginnings, the KL divergence and differences between neighbours."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from rainsmith.models.blocks import (
    ConvBlock,
    ResidualBlock,
    UpBlock,
    channels_last,
    kl_per_dimension,
    spatial_gradients,
)


@pytest.mark.parametrize(("stride", "size"), [(1, (7, 10)), (2, (4, 5))])
def test_a_convolution_block_keeps_or_halves_the_grid(stride: int, size: tuple[int, int]) -> None:
    out = ConvBlock(3, 5, stride)(torch.randn(2, 3, 7, 10))
    assert out.shape == (2, 5, *size) and (out >= 0).all()


def test_an_up_block_gives_the_asked_size() -> None:
    assert UpBlock(3, 5, (13, 9))(torch.randn(2, 3, 6, 5)).shape == (2, 5, 13, 9)


def test_a_residual_block_begins_as_the_identity_and_learns() -> None:
    block, x = ResidualBlock(4), torch.randn(2, 4, 6, 5)
    bias = block.convs[1].bias
    assert isinstance(bias, nn.Parameter)
    torch.testing.assert_close(block(x), x + bias[:, None, None])
    block(x).square().sum().backward()
    gradient = block.convs[1].weight.grad
    assert isinstance(gradient, torch.Tensor) and gradient.abs().sum() > 0


def test_dropout_acts_in_training_only() -> None:
    block, x = ResidualBlock(8, dropout=0.5), torch.randn(2, 8, 6, 5)
    nn.init.normal_(block.convs[1].weight)  # type: ignore[arg-type]
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))


def test_kl_divergence_is_that_of_torch_distributions() -> None:
    mu, logvar = torch.randn(6, 3), torch.randn(6, 3)
    posterior = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    exact = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).mean(0)
    torch.testing.assert_close(kl_per_dimension(mu, logvar), exact, rtol=1e-4, atol=1e-5)
    assert (kl_per_dimension(torch.zeros(4, 2), torch.zeros(4, 2)) == 0).all()
    assert kl_per_dimension(mu.bfloat16(), logvar.bfloat16()).dtype == torch.float32


def test_differences_between_neighbours_of_a_plane_are_its_slopes() -> None:
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(5.0), indexing="ij")
    along_y, along_x = spatial_gradients((2 * rows - 3 * columns)[None])
    assert along_y.shape == (1, 3, 5) and (along_y == 2).all()
    assert along_x.shape == (1, 4, 4) and (along_x == -3).all()


def test_channels_last_changes_the_layout_and_no_weight() -> None:
    network = nn.Conv2d(3, 4, 3)
    before = network.weight.detach().clone()
    channels_last(network)
    assert network.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(network.weight, before)
