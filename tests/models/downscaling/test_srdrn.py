"""The residual network: any pair of grids, features read where the grids lie, any factor."""

from __future__ import annotations

import pytest
import torch

from rainsmith.models.downscaling.srdrn import SRDRN, block_sides
from rainsmith.models.geometry import Geometry, cells_per_coarse_cell
from tests.models.hierarchical.test_network import geometry


def network(grids: Geometry, blocks: int = 1) -> SRDRN:
    torch.manual_seed(0)
    net = SRDRN(4, 3, grids, filters=8, blocks=blocks, fine_filters=6)
    torch.nn.init.normal_(net.to_cells.last.weight)  # it starts near 0
    return net


@pytest.mark.parametrize(
    ("ratio", "sides"),
    [(8.0, [4, 2, 1]), (1.0, [1]), (6.3, [2, 1]), (7.1, [4, 2, 1]), (10.0, [2, 1]), (15, [3, 1]), (49.2, [10, 2, 1])],
)
def test_the_ratio_becomes_steps_of_small_factors(ratio: float, sides: list[int]) -> None:
    assert block_sides(ratio) == sides


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ((16, 20), (4, 5)),
        ((19, 23), (3, 5)),
        ((35, 53), (11, 13)),
        ((30, 21), (10, 7)),
        ((9, 9), (1, 1)),
        ((5, 4), (9, 8)),
    ],
)
def test_any_grid_and_factor(fine: tuple[int, int], coarse: tuple[int, int]) -> None:
    grids = geometry(fine, coarse)
    out = network(grids)(torch.randn(2, 4, *coarse))
    assert out.shape == (2, 3, int(grids.mask.sum())) and torch.isfinite(out).all()


def test_side_of_a_coarse_cell_does_not_depend_on_the_turn_of_a_grid() -> None:
    grids = geometry((24, 32), (3, 4))
    assert cells_per_coarse_cell(grids) == pytest.approx(8.0)
    turned = grids._replace(row=0.6 * grids.row - 0.8 * grids.column, column=0.8 * grids.row + 0.6 * grids.column)
    assert cells_per_coarse_cell(turned) == pytest.approx(8.0, rel=1e-5)
    assert cells_per_coarse_cell(grids._replace(row=grids.row * 0, column=grids.column * 0)) == 32  # one coarse cell
    assert cells_per_coarse_cell(geometry((4, 4), (8, 8))) == 1


def test_the_box_of_the_predictors_may_be_another() -> None:
    """A fine domain inside one corner of a wide coarse grid reads that corner, and hears of the rest by convolution."""
    inner = geometry((12, 12), (3, 3))
    wide = inner._replace(row=inner.row + 1, column=inner.column + 7, coarse=(9, 12), share=torch.ones(9, 12))
    net = network(wide, blocks=0).eval()
    for convolution in (net.first, net.after):  # nothing spreads: what is seen is what lies there
        with torch.no_grad():
            keep = convolution.weight[:, :, 1, 1].clone()
            convolution.weight.zero_()
            convolution.weight[:, :, 1, 1] = keep
    x = torch.zeros(1, 4, 9, 12, requires_grad=True)
    net(x).square().sum().backward()
    reached = x.grad.abs().sum((0, 1)) > 0  # type: ignore[union-attr]
    assert reached[1:4, 7:10].all()
    assert not reached[6:].any() and not reached[:, :5].any()


def test_days_do_not_depend_on_each_other() -> None:
    net = network(geometry((16, 20), (4, 5))).eval()
    x = torch.randn(3, 4, 4, 5)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]), rtol=1e-5, atol=1e-6)
