"""Predictors are encoded around a part of the grid alone, and the part comes out as it does in the whole."""

from __future__ import annotations

import pytest
import torch

from rainsmith.models.hierarchical import network as network_module
from rainsmith.models.hierarchical.coarse_window import coarse_window, wider
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.patch import Window, whole
from tests.models.hierarchical.test_network import inputs, network

FINE, COARSE = (160, 128), (40, 32)
PARTS: list[Window] = [((0, 16), (0, 16)), ((72, 88), (56, 72)), ((144, 160), (112, 128)), ((32, 33), (0, 128))]


@pytest.fixture(scope="module")
def net() -> HierarchicalCVAE:
    net = network(FINE, COARSE, levels=2, channels=[8, 8], latent_channels=[2, 1], x_blocks=2, shared_blocks=1)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net.eval()


def difference(net: HierarchicalCVAE, part: Window) -> tuple[float, int]:
    """The largest difference of what members share, and the coarse cells that are encoded."""
    x, _ = inputs(net, 2, COARSE)
    windows = net.windows(part)
    at = net.coarse(windows)
    with torch.no_grad():
        expected = net.conditions(net.encode_x(x), windows)
        found = net.conditions(net.encode_x(x, at), windows, at)
    largest = max(float((one - other).abs().max()) for one, other in zip(found, expected, strict=True))
    return largest, (at[0][1] - at[0][0]) * (at[1][1] - at[1][0])


@pytest.mark.parametrize("part", PARTS)
def test_a_part_reads_the_predictors_around_it(net: HierarchicalCVAE, part: Window) -> None:
    largest, cells = difference(net, part)
    assert largest < 2e-5
    assert cells < COARSE[0] * COARSE[1]


def test_a_narrower_reach_is_noticed(net: HierarchicalCVAE, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_module, "BLOCK_REACH", 0)
    assert difference(net, PARTS[1])[0] > 1e-2


def test_the_window_holds_the_cells_on_both_sides_of_each_point() -> None:
    points = torch.tensor([[-0.5, 0.0], [0.5, 0.25]])  # x first; columns 2.25 and 6.75 of 10, rows 4 to 5 of 9
    assert coarse_window([points], (9, 10)) == ((3, 7), (2, 8))
    assert coarse_window([torch.tensor([[-3.0, 1.0]])], (9, 10)) == ((7, 9), (0, 2))  # beyond the edge
    assert coarse_window([torch.zeros(1, 2)], (1, 1)) == ((0, 1), (0, 1))
    assert wider(((3, 7), (2, 8)), 3, (9, 10)) == ((0, 9), (0, 10)) == whole((9, 10))
