"""The reference network: shapes on any grid, its four injections, and that each input matters."""

import pytest
import torch

from rainsmith.models.blocks import kl_per_dimension
from rainsmith.models.flat.network import INJECTED_BLOCKS, FlatCVAE, Posterior
from rainsmith.models.generative_kinds.flat import FlatSettings


def network(fine: tuple[int, int] = (19, 23), coarse: tuple[int, int] = (3, 5), **settings: object) -> FlatCVAE:
    torch.manual_seed(0)
    return FlatCVAE(FlatSettings(**{"base_filters": 8, "d_z": 4, "d_x": 6, "d_y": 8, **settings}), 6, 2, fine, coarse)  # type: ignore[arg-type]


@pytest.mark.parametrize("injection", list(INJECTED_BLOCKS))
@pytest.mark.parametrize(
    ("fine", "coarse"), [((16, 8), (2, 1)), ((19, 23), (3, 5)), ((35, 53), (11, 13)), ((112, 82), (14, 11))]
)
def test_any_grid(injection: str, fine: tuple[int, int], coarse: tuple[int, int]) -> None:
    net = network(fine, coarse, injection=injection).eval()
    x, s = torch.randn(2, 6, *coarse), torch.randn(2, *fine)
    prior = net.draw(x, s, [torch.randn(2, 3, 4)])
    posterior = net.draw(x, s, [torch.randn(2, 3, 4)], y=torch.randn(2, 1, *fine))
    assert prior.shape == posterior.shape == (2, 3, *fine)
    assert torch.isfinite(prior).all()


def test_decoder_starts_at_an_eighth_of_the_grid_with_eight_times_the_filters() -> None:
    net = FlatCVAE(FlatSettings(), 6, 3, (156, 132), (13, 11))
    assert net.seed_shape == (512, 20, 17)
    assert net.settings.d_z == 128


@pytest.mark.parametrize(("injection", "blocks"), INJECTED_BLOCKS.items())
def test_injection_widens_exactly_the_named_blocks(injection: str, blocks: int) -> None:
    widened = [block.block.conv.in_channels - 32 for block in network(injection=injection).up[:blocks]]
    plain = [block.block.conv.in_channels for block in network(injection="none").up]
    assert widened == plain[:blocks]
    assert [block.block.conv.in_channels for block in network(injection=injection).up[blocks:]] == plain[blocks:]


def test_z_x_and_y_all_reach_the_output() -> None:
    net = network().eval()
    x, s, noise, y = torch.randn(1, 6, 3, 5), torch.randn(2, 19, 23), torch.randn(1, 1, 4), torch.randn(1, 1, 19, 23)
    base = net.draw(x, s, [noise])
    assert not torch.equal(base, net.draw(x, s, [noise + 1]))
    assert not torch.equal(base, net.draw(x + 1, s, [noise]))
    posterior = net.draw(x, s, [noise], y)
    assert not torch.equal(posterior, net.draw(x, s, [noise], y + 1))
    assert not torch.equal(posterior, net.draw(x, s + 1, [noise], y))


def test_members_are_drawn_as_if_alone() -> None:
    net = network().eval()
    x, s, noise = torch.randn(3, 6, 3, 5), torch.randn(2, 19, 23), torch.randn(3, 4, 4)
    together = net.draw(x, s, [noise])
    alone = net.draw(x[1:2], s, [noise[1:2, 2:3]])
    torch.testing.assert_close(together[1:2, 2:3], alone, rtol=1e-4, atol=1e-5)


def test_temperature_zero_removes_the_spread() -> None:
    net = network().eval()
    members = net.draw(torch.randn(1, 6, 3, 5), torch.randn(2, 19, 23), [torch.randn(1, 3, 4)], temperature=0.0)
    torch.testing.assert_close(members[:, 0], members[:, 1])


def test_conditioning_dropout_acts_in_training_only() -> None:
    """Dropped days are decoded from z alone, so that with one z they cannot differ; in sampling nothing is dropped."""
    x, z = torch.randn(64, 6, 3, 5), torch.zeros(64, 4)

    def differ(net: FlatCVAE) -> float:
        return net.decode(z, net.encode_x(x)).std(dim=0).max().item()

    assert differ(network(cond_dropout=0.0).train()) > 1e-3
    assert differ(network(cond_dropout=0.999999).train()) < 1e-6
    assert differ(network(cond_dropout=0.999999).eval()) > 1e-5


def test_kl_closed_form() -> None:
    mu, logvar = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    expected = [0.5, 0.5 * (torch.e**2 - 3)]
    assert kl_per_dimension(mu, logvar).tolist() == pytest.approx(expected, rel=1e-5)
    assert Posterior(mu, logvar).draw(torch.ones(1, 2)).tolist()[0] == pytest.approx([2.0, torch.e], rel=1e-5)


def test_the_spatial_map_lies_where_its_blocks_lie() -> None:
    """11 blocks of 8 cells cover 88 columns of which the grid has 82: the map is cut, not squeezed."""
    settings = FlatSettings(base_filters=8, injection="all")
    net = FlatCVAE(settings, 6, 2, (112, 82), (14, 11), covered=(1.0, 82 / 88))
    column = torch.arange(11.0).expand(1, 32, 14, 11)
    resized = net._resized(column, 112, 82)
    expected = (torch.arange(82) + 0.5) / 8 - 0.5
    torch.testing.assert_close(resized[0, 0, 0, 4:], expected[4:])
    assert resized.shape == (1, 32, 112, 82)
