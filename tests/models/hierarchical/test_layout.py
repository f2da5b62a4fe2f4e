"""Members and days as one batch: there and back, and what all members of a day share."""

from __future__ import annotations

import torch

from rainsmith.models.hierarchical.layout import by_day, for_each_field, members_first, plus_days, repeated

N, K, SHAPE = 3, 4, (2, 5, 6)


def test_there_and_back() -> None:
    z = torch.randn(N, K, *SHAPE)
    assert torch.equal(by_day(members_first(z), K), z)


def test_the_first_members_of_every_day_are_one_slice() -> None:
    z = torch.randn(N, K, *SHAPE)
    assert torch.equal(by_day(members_first(z)[: 2 * N], 2), z[:, :2])


def test_repeated_days_are_the_same_for_every_member() -> None:
    days = torch.randn(N, *SHAPE)
    assert torch.equal(by_day(repeated(days, K), K), days[:, None].expand(-1, K, -1, -1, -1))


def test_what_a_day_shares_is_added_to_each_of_its_members() -> None:
    z, days = torch.randn(N, K, *SHAPE), torch.randn(N, *SHAPE)
    torch.testing.assert_close(by_day(plus_days(members_first(z), days), K), z + days[:, None])


def test_maps_for_each_field_are_copies_whose_gradients_add_up() -> None:
    maps = torch.randn(1, *SHAPE, requires_grad=True)
    copies, weight = for_each_field(maps, N * K), torch.randn(N * K, *SHAPE)
    torch.testing.assert_close(copies, maps.expand(N * K, -1, -1, -1))
    (copies * weight).sum().backward()
    torch.testing.assert_close(maps.grad, weight.sum(0, keepdim=True), rtol=1e-4, atol=1e-5)
