"""Steps on a part of the grid: what is scored, what is seen, and that the whole grid is a part like any other."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
import xarray as xr
from torch import Tensor

from rainsmith.base.errors import UserError
from rainsmith.models.generative import build_model
from rainsmith.models.hierarchical.model import HierarchicalModel
from rainsmith.models.hierarchical.parts import part_of, patches_of
from rainsmith.models.patch import Patch, cut
from rainsmith.run_folder import Run
from tests.models.hierarchical.test_model import model
from tests.small import small_config


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


def days(domain: xr.Dataset) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = 8 * torch.rand(3, domain.sizes["channel"], domain.sizes["y_lr"], domain.sizes["x_lr"], generator=generator)
    valid = torch.from_numpy(domain["mask"].values).expand(3, -1, -1)
    y = 9 * torch.rand(valid.shape, generator=generator) * valid
    return x, y, valid


def loss(net: HierarchicalModel, batch: tuple[Tensor, Tensor, Tensor], patch: Patch | None) -> tuple[float, Tensor]:
    x, y, valid = batch
    if patch is not None:
        y, valid = y[:, *patch.read], valid[:, *patch.read]
    net.train()
    net.zero_grad()
    torch.manual_seed(5)
    terms, _ = net(x, y, valid, 1.0, patch)
    terms["loss"].backward()
    gradient = net.network.first.convs[0].weight.grad
    assert gradient is not None
    return terms["loss"].item(), gradient.clone()


@pytest.mark.parametrize("mass", ["none", "hard"])
def test_a_patch_as_large_as_the_grid_is_the_grid(domain: xr.Dataset, mass: str) -> None:
    net = model(domain, mass=mass)
    patches, chances = net.patches(max(domain.sizes["y"], domain.sizes["x"]))
    assert len(patches) == 1
    assert chances.tolist() == [1.0]
    fresh = deepcopy(net.objective)
    at_once = loss(net, days(domain), None)
    net.objective = fresh  # without the running means of the step before
    as_patch = loss(net, days(domain), patches[0])
    assert as_patch[0] == at_once[0]
    assert torch.equal(as_patch[1], at_once[1])


def test_patches_score_every_valid_cell_equally_often(domain: xr.Dataset) -> None:
    net = model(domain)
    patches, chances = net.patches(8)
    weight = np.zeros(net.valid_cells.shape)
    for patch, chance in zip(patches, chances, strict=True):
        inside = tuple(slice(*span) for span in patch.part)
        weight[inside] += chance * net.valid_cells[inside] / net.valid_cells[inside].sum()
    assert len(patches) > 5
    np.testing.assert_allclose(weight[net.valid_cells], 1 / net.valid_cells.sum())
    assert (weight[~net.valid_cells] == 0).all()


def test_a_patch_that_scores_no_cell_is_never_drawn(domain: xr.Dataset) -> None:
    net = model(domain, mass="hard")
    patches, chances = net.patches(8)
    scored = [len(net._part(patch.part).cells) for patch in patches]
    assert min(scored) > 0
    np.testing.assert_allclose(chances, np.array(scored) / sum(scored))
    with pytest.raises(UserError, match=r"train\.patch is 2, and no patch holds a whole coarse cell"):
        everywhere = domain.assign(mask=domain["mask"].copy(data=np.ones(domain["mask"].shape, dtype=bool)))
        model(everywhere, mass="hard", levels=1, channels=[8], latent_channels=[1]).patches(2)


def test_a_loss_reads_nothing_beyond_its_patch_but_the_predictors(domain: xr.Dataset) -> None:
    net = model(domain)
    net.objective.train(False)
    patches, _ = net.patches(8)
    x, y, valid = days(domain)
    patch = min(patches, key=lambda p: (p.read[0].stop - p.read[0].start) * (p.read[1].stop - p.read[1].start))
    assert y[:, *patch.read].numel() < y.numel()
    before = loss(net, (x, y, valid), patch)[0]
    other = torch.full_like(y, 77.0)
    other[:, *patch.read] = y[:, *patch.read]
    assert loss(net, (x, other, valid), patch)[0] == before
    assert loss(net, (x + 1, other, valid), patch)[0] != before


def test_cells_of_coarse_cells_that_a_patch_cuts_are_not_scored(domain: xr.Dataset) -> None:
    net = model(domain, mass="hard")
    assert net.mass is not None
    patches, _ = net.patches(8)
    block = domain["block"].values[net.box]
    some_cut = 0
    for patch in patches:
        part = part_of(net.network, patch.part, net.valid_cells, net.mass, torch.device("cpu"))
        inside = tuple(slice(*span) for span in patch.part)
        scored = block[inside].ravel()[part.cells.numpy()]
        valid = net.valid_cells[inside]
        for number in np.unique(block[inside][valid]):
            whole = (block[inside][valid] == number).sum() == (block[net.valid_cells] == number).sum()
            assert (scored == number).sum() == ((block[inside][valid] == number).sum() if whole else 0)
            some_cut += not whole
        members, x = torch.rand(3, 2, len(scored)) + 0.1, days(domain)[0]
        assert part.mass is not None
        kept = part.mass(members, x, exact=True).numpy()
        for number in np.unique(scored):
            wanted = x[:, net.mass.channel].flatten(1)[:, number].numpy()
            np.testing.assert_allclose(kept[:, :, scored == number].mean(axis=2), np.stack([wanted] * 2, 1), rtol=1e-3)
    assert some_cut > 3


def test_latents_beyond_what_a_patch_reads_come_from_the_prior(domain: xr.Dataset) -> None:
    """With every level kept of the storm, far rows of the coarsest level have no posterior of their own."""
    net = model(domain)
    network = net.network
    seen = ((0, 8), (0, 8))
    windows = network.windows(((0, 20), (0, 16)))
    x, y, _ = days(domain)
    with torch.no_grad():
        conditions = network.conditions(network.encode_x(net.standardise(x)), windows)
        evidence = network.encode_y(cut(y, seen)[:, None], torch.ones(3, 1, 8, 8), seen)
        noise = [torch.zeros(3, 1, *shape) for shape in net.latent_shapes]
        posteriors = network.decode(conditions, windows, noise, evidence, torch.zeros(3, 1, 3), seen)[1]
    for level, posterior in enumerate(posteriors):
        blocks = 8 // network.factors[level]
        kl = posterior.kl()
        assert (kl[..., :blocks, :blocks] > 0).all()
        assert (kl[..., blocks:, :] == 0).all()
        assert (kl[..., :, blocks:] == 0).all()


def test_a_grid_without_a_valid_cell_in_a_corner_has_no_patch_there(domain: xr.Dataset) -> None:
    net = model(domain)
    mask = net.valid_cells.copy()
    mask[:8, :8] = False
    patches, _ = patches_of(net.network, 8, mask, net.box, None)
    assert ((0, 8), (0, 8)) not in [patch.part for patch in patches]


def test_a_model_of_the_whole_grid_refuses_patches(domain: xr.Dataset) -> None:
    with pytest.raises(UserError, match=r"train\.patch is 8"):
        build_model(small_config(), domain).patches(8)
