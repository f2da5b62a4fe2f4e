"""Days in parts: the values and gradients of all days at once, in less memory."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rainsmith.models.day_parts import in_parts, sums_in_parts


def both(days: Tensor, first: Tensor) -> list[Tensor]:
    """Something of every day, and something of the first days."""
    return [days.exp() * weight, days[: len(first)] * first]


weight = torch.tensor([0.3, 0.7], requires_grad=True)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_days_come_back_in_their_order_with_the_same_gradient(parts: int) -> None:
    days, first = torch.randn(7, 2), torch.randn(3, 2)
    values, gradients = [], []
    for number in (1, parts):
        weight.grad = None
        made = in_parts(both, [days, first], number)
        (made[0] ** 2).sum().backward()
        values.append(made)
        gradients.append(weight.grad)
    for one, other in zip(*values, strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_sums_of_parts_are_added_up(parts: int) -> None:
    days = torch.randn(5, 3, requires_grad=True)
    total, count = sums_in_parts(lambda x: [(x**2).sum(), x.new_tensor(float(len(x)))], [days], parts)
    total.backward()
    assert count == 5
    torch.testing.assert_close(days.grad, 2 * days.detach())


def test_memory_holds_what_one_part_needs() -> None:
    """What the backward pass keeps of 8 parts is what goes in, not what is worked out."""

    def kept(parts: int) -> int:
        sizes: list[int] = []

        def note(tensor: Tensor) -> Tensor:
            sizes.append(tensor.numel())
            return tensor

        days = torch.randn(8, 1000, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            sums_in_parts(lambda x: [x.sin().exp().cos().sum()], [days], parts)
        return sum(sizes)

    assert kept(8) <= 8 * 1000 < kept(1)
