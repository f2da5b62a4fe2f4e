"""The UNet: any pair of grids, and what lies outside the fine box is felt."""

from __future__ import annotations

import pytest
import torch

from rainsmith.models.downscaling.unet import UNet
from tests.models.hierarchical.test_network import geometry


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [((16, 20), (4, 5)), ((19, 23), (3, 5)), ((35, 53), (11, 13)), ((9, 9), (1, 1)), ((3, 2), (5, 5))],
)
def test_any_grid_and_factor(fine: tuple[int, int], coarse: tuple[int, int]) -> None:
    grids = geometry(fine, coarse)
    net = UNet(4, 2, grids, filters=12, fine_filters=4)
    out = net(torch.randn(2, 4, *coarse))
    assert out.shape == (2, 2, int(grids.mask.sum())) and torch.isfinite(out).all()


def test_what_lies_outside_the_fine_box_is_felt() -> None:
    inner = geometry((12, 12), (3, 3))
    wide = inner._replace(row=inner.row + 2, column=inner.column + 2, coarse=(10, 10), share=torch.ones(10, 10))
    torch.manual_seed(0)
    net = UNet(4, 2, wide, filters=8, fine_filters=4)
    torch.nn.init.normal_(net.to_cells.last.weight)
    x = torch.zeros(1, 4, 10, 10, requires_grad=True)
    net(x).square().sum().backward()
    reached = x.grad.abs().sum((0, 1))  # type: ignore[union-attr]
    assert reached[1, 1] > 0 and reached[5, 5] > 0
    assert reached[9, 9] == 0  # two convolutions reach two coarse cells beyond what is interpolated
