"""The hierarchical network: any grids, what reaches the output, and the way from posterior to prior."""

import pytest
import torch

from rainsmith.base.errors import UserError
from rainsmith.config import load_config
from rainsmith.models.generative_kinds.hierarchical import HierarchicalSettings
from rainsmith.models.geometry import Geometry
from rainsmith.models.hierarchical.block_kernel import kernel_of_blocks
from rainsmith.models.hierarchical.network import HierarchicalCVAE


def geometry(fine: tuple[int, int], coarse: tuple[int, int]) -> Geometry:
    """Coarse cells spread evenly over the fine grid; the upper left corner is sea."""
    row, column = torch.meshgrid(
        *((torch.arange(n) + 0.5) * c / n - 0.5 for n, c in zip(fine, coarse, strict=True)), indexing="ij"
    )
    mask = torch.ones(fine, dtype=torch.bool)
    mask[: fine[0] // 4, : fine[1] // 4] = False
    maps = torch.randn(2, *fine, generator=torch.Generator().manual_seed(0)) * mask
    return Geometry(row, column, maps, mask, coarse, torch.ones(coarse))


def network(fine: tuple[int, int] = (19, 23), coarse: tuple[int, int] = (3, 5), **settings: object) -> HierarchicalCVAE:
    torch.manual_seed(0)
    small = {"levels": 3, "channels": [16, 8, 8], "latent_channels": [3, 2, 1], "x_blocks": 1, **settings}
    net = HierarchicalCVAE(HierarchicalSettings(**small), 4, geometry(fine, coarse))  # type: ignore[arg-type]
    for name, parameter in net.named_parameters():  # blocks start as the identity: move them off it
        if name.endswith("convs.1.weight"):
            torch.nn.init.normal_(parameter, std=0.05)
    return net.eval()


def noise_of(net: HierarchicalCVAE, days: int, members: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(days, members, *shape, generator=generator) for shape in net.latent_shapes]


def inputs(net: HierarchicalCVAE, days: int, coarse: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return torch.randn(days, 4, *coarse, generator=generator), torch.randn(days, 1, *net.fine, generator=generator)


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ((16, 8), (8, 4)),
        ((19, 23), (3, 5)),
        ((35, 53), (11, 13)),
        ((48, 32), (3, 2)),
        ((30, 21), (10, 7)),
        ((9, 9), (1, 1)),
    ],
)
def test_any_grid_and_factor(fine: tuple[int, int], coarse: tuple[int, int]) -> None:
    net = network(fine, coarse)
    x, y = inputs(net, 2, coarse)
    noise = noise_of(net, 2, 3)
    prior = net.draw(x, noise)
    posterior = net.draw(x, noise, y, torch.ones_like(y))
    assert prior.shape == posterior.shape == (2, 3, *fine)
    assert torch.isfinite(prior).all()
    assert torch.isfinite(posterior).all()


@pytest.mark.parametrize("finest", [1, 2])
@pytest.mark.parametrize("levels", [1, 2, 6])
def test_any_number_of_levels(levels: int, finest: int) -> None:
    net = network((41, 35), (7, 6), levels=levels, channels=[8] * levels, latent_channels=[2] * levels, finest=finest)
    sides = [finest * 2**k for k in reversed(range(levels))]
    assert [shape[1:] for shape in net.latent_shapes] == [(-(-41 // side), -(-35 // side)) for side in sides]
    x, y = inputs(net, 1, (7, 6))
    assert net.draw(x, noise_of(net, 1, 2)).shape == (1, 2, 41, 35)
    assert net.draw(x, noise_of(net, 1, 2), y, torch.ones_like(y)).shape == (1, 2, 41, 35)


@pytest.mark.parametrize("levels", [1, 3])
def test_shared_blocks_see_the_day_once_whatever_the_members(levels: int) -> None:
    net = network((41, 35), (7, 6), levels=levels, channels=[8] * levels, latent_channels=[2] * levels, shared_blocks=2)
    x, _ = inputs(net, 2, (7, 6))
    noise = noise_of(net, 2, 5)
    calls = []
    for blocks in net.shared:
        blocks.register_forward_hook(lambda _module, given, _out: calls.append(len(given[0])))
    members = net.draw(x, noise)
    assert members.shape == (2, 5, 41, 35)
    assert calls == [2] * levels
    for parameter in net.shared.parameters():
        parameter.data.zero_()
    assert (net.draw(x, noise) - members).abs().max() > 1e-3


def test_lists_of_another_length_than_levels_are_refused() -> None:
    with pytest.raises(UserError, match="5 levels, 2 channels and 5 latent_channels"):
        load_config(overrides={"model": {"name": "hierarchical", "channels": [8, 8]}})


def test_every_input_and_every_level_reaches_the_output() -> None:
    net = network()
    x, y = inputs(net, 1, (3, 5))
    noise = noise_of(net, 1, 1)
    base = net.draw(x, noise)
    assert not torch.equal(base, net.draw(x + 1, noise))
    for level in range(3):
        changed = [part + 1 if i == level else part for i, part in enumerate(noise)]
        assert not torch.equal(base, net.draw(x, changed))
    posterior = net.draw(x, noise, y, torch.ones_like(y))
    assert not torch.equal(base, posterior)
    assert not torch.equal(posterior, net.draw(x, noise, y + 1, torch.ones_like(y)))


def test_members_are_drawn_as_if_alone() -> None:
    net = network()
    x, y = inputs(net, 3, (3, 5))
    noise = noise_of(net, 3, 4)
    together = net.draw(x, noise, y, torch.ones_like(y), keep_levels=1)
    alone = net.draw(x[1:2], [n[1:2, 2:3] for n in noise], y[1:2], torch.ones_like(y[1:2]), keep_levels=1)
    torch.testing.assert_close(together[1:2, 2:3], alone, rtol=1e-4, atol=1e-5)


def test_keep_levels_and_variation_lead_from_the_posterior_to_the_prior() -> None:
    net = network()
    x, y = inputs(net, 2, (3, 5))
    noise, valid = noise_of(net, 2, 2), torch.ones_like(y)
    prior, posterior = net.draw(x, noise), net.draw(x, noise, y, valid)
    assert torch.equal(net.draw(x, noise, y, valid, keep_levels=3, variation=1.0), posterior)
    torch.testing.assert_close(net.draw(x, noise, y, valid, keep_levels=0, variation=0.0), posterior)
    torch.testing.assert_close(net.draw(x, noise, y, valid, keep_levels=0, variation=1.0), prior)
    distances = [
        (net.draw(x, noise, y, valid, keep_levels=0, variation=v) - posterior).abs().mean() for v in (0.25, 0.5, 0.75)
    ]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_values_at_invalid_cells_of_the_maps_change_nothing() -> None:
    torch.manual_seed(0)
    where = geometry((19, 23), (3, 5))
    changed = where._replace(maps=torch.where(where.mask, where.maps, 99.0))
    fields = []
    for maps in (where, changed):
        torch.manual_seed(1)
        net = HierarchicalCVAE(
            HierarchicalSettings(levels=3, channels=[8, 8, 8], latent_channels=[1, 1, 1]), 4, maps
        ).eval()
        x, _ = inputs(net, 1, (3, 5))
        fields.append(net.draw(x, noise_of(net, 1, 1)))
    assert torch.equal(*fields)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_thekernel_of_blocks_does_what_the_kernel_of_cells_does(side: int) -> None:
    kernel = torch.randn(1, 5, 3, 3, dtype=torch.float64)
    field = torch.randn(2, 5, 4 * side, 6 * side, dtype=torch.float64)
    on_cells = torch.nn.functional.conv2d(field, kernel, padding=1)
    blocks = torch.nn.functional.pixel_unshuffle(field, side)
    on_blocks = torch.nn.functional.conv2d(blocks, kernel_of_blocks(kernel, side), padding=1)
    torch.testing.assert_close(torch.nn.functional.pixel_shuffle(on_blocks, side), on_cells)
