"""The weighted loss of the reference."""

import pytest
import torch

from rainsmith.models.flat.loss import ReferenceLoss
from rainsmith.models.generative_kinds.flat import Loss


def test_weight_is_clipped_and_boosted() -> None:
    loss = ReferenceLoss(Loss(w_min=0.1, w_max=10, tail_boost=5), scale=10.0, p99=50.0)
    y = torch.tensor([0.0, 20.0, 50.0, 1000.0])
    assert loss.weights(y).tolist() == pytest.approx([0.1, 2.0, 25.0, 50.0])


def test_terms_by_hand() -> None:
    settings = Loss(w_min=1.0, w_max=1.0, tail_boost=1.0, lambda_grad=0.5, lambda_mass=2.0)
    loss = ReferenceLoss(settings, scale=10.0, p99=50.0)
    y = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    y_hat = y + torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    terms = loss(y_hat, y, torch.ones_like(y, dtype=torch.bool), torch.tensor([0.25, 0.5]), beta=0.1)
    assert terms["rec"].item() == pytest.approx(0.25)
    assert terms["grad"].item() == pytest.approx(2 / 4)  # two of the four neighbour differences are off by 1
    assert terms["mass"].item() == pytest.approx(0.1)
    assert terms["kl"].item() == pytest.approx(0.75)
    assert terms["loss"].item() == pytest.approx(0.25 + 0.5 * 0.5 + 2 * 0.1 + 0.1 * 0.75)


def test_invalid_cells_change_nothing_and_get_no_gradient() -> None:
    loss = ReferenceLoss(Loss(), scale=10.0, p99=50.0)
    generator = torch.Generator().manual_seed(0)
    y = torch.rand(2, 5, 6, generator=generator) * 60
    valid = torch.rand(2, 5, 6, generator=generator) > 0.4
    y = y * valid
    kl = torch.zeros(1)
    y_hat = (torch.rand(2, 5, 6, generator=generator) * 60).requires_grad_()
    terms = loss(y_hat, y, valid, kl, 0.0)
    terms["loss"].backward()
    assert y_hat.grad is not None
    assert (y_hat.grad[~valid] == 0).all()
    assert (y_hat.grad[valid] != 0).any()
    changed = torch.where(valid, y_hat.detach(), 1e4)
    assert loss(changed, y, valid, kl, 0.0)["loss"].item() == pytest.approx(terms["loss"].item(), rel=1e-6)
