"""Parts of the grid come out as they do in the whole: no seam, whatever the tiles."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from rainsmith.models.hierarchical import windows
from rainsmith.models.hierarchical.network import HierarchicalCVAE
from rainsmith.models.hierarchical.windows import LARGE, TILE, tiles
from tests.models.hierarchical.test_network import inputs, network, noise_of

FINE, COARSE = (61, 83), (9, 11)
NETWORKS: list[dict[str, Any]] = [
    {"levels": 3, "channels": [16, 8, 8], "latent_channels": [3, 2, 1]},
    {"levels": 3, "channels": [16, 8, 8], "latent_channels": [3, 2, 1], "shared_blocks": 1},
    {"levels": 5, "channels": [16, 8, 8, 8, 8], "latent_channels": [3, 2, 1, 1, 1], "shared_blocks": 2},
    {"levels": 2, "channels": [16, 8], "latent_channels": [3, 2], "finest": 1, "edges": "continued"},
    {"levels": 1, "channels": [8], "latent_channels": [2], "edges": "continued"},
]


def moved(**settings: Any) -> HierarchicalCVAE:
    """A network whose weights all matter: places and heads, too."""
    net = network(FINE, COARSE, **settings)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net


def drawn(net: HierarchicalCVAE, mode: str, tile: int | None) -> Tensor:
    """Members of two days at the valid cells."""
    x, y = inputs(net, 2, COARSE)
    storm = (y, torch.ones_like(y)) if mode == "posterior" else ()
    with torch.no_grad():
        fields = net.draw(x, noise_of(net, 2, 3), *storm, keep_levels=1, variation=0.7, tile=tile)
    return fields[..., net.maps_fine[0, -1] > 0]


@pytest.mark.parametrize("settings", NETWORKS, ids=lambda settings: f"{settings['levels']} levels")
@pytest.mark.parametrize("mode", ["prior", "posterior"])
def test_tiles_give_the_fields_of_the_whole(settings: dict[str, Any], mode: str) -> None:
    net = moved(**settings)
    at_once = drawn(net, mode, None)
    assert at_once.std() > 0.05
    for tile in (16, 23, 40):
        torch.testing.assert_close(drawn(net, mode, tile), at_once, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("reach", "less"), [("BLOCK_REACH", 1), ("LAST_REACH", 0)])
def test_windows_are_as_wide_as_they_must_be(reach: str, less: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net = moved(**NETWORKS[1])
    at_once = drawn(net, "prior", None)
    monkeypatch.setattr(windows, reach, less)
    assert (drawn(net, "prior", 16) - at_once).abs().max() > 1e-3


@pytest.mark.parametrize(("size", "side"), [((61, 83), 16), ((40, 40), None), ((LARGE + 1, 30), None), ((5, 7), 100)])
def test_tiles_fill_the_grid_once(size: tuple[int, int], side: int | None) -> None:
    count = torch.zeros(size)
    for (top, bottom), (left, right) in tiles(size, side):
        count[top:bottom, left:right] += 1
        assert max(bottom - top, right - left) <= (side or (TILE if max(size) > LARGE else LARGE))
    assert (count == 1).all()
