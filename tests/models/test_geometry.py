"""Places of fine cells in the coarse grid, boxes of valid cells, and maps over blocks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rainsmith.models.geometry import (
    Geometry,
    at_blocks,
    cells_per_coarse_cell,
    padded,
    pooled_maps,
    sampling_points,
    valid_box,
)
from rainsmith.run_folder import Run
from tests.models.hierarchical.test_network import geometry


def test_a_store_gives_its_grids_and_maps(prepared: Run) -> None:
    domain = prepared.open_store().drop_dims("time").load()
    whole = Geometry.from_domain(domain)
    mask = torch.from_numpy(domain["mask"].values)
    assert whole.fine == (20, 18) and whole.coarse == (5, 4)
    assert torch.equal(whole.mask, mask)
    # static maps, then mean and standard deviation of the training climate of every cell, standardised
    assert len(whole.maps) == domain.sizes["static"] + 2
    assert (whole.maps[:, ~mask] == 0).all()
    torch.testing.assert_close(whole.maps[:, mask].mean(1), torch.zeros(len(whole.maps)), rtol=0, atol=1e-4)
    climate = np.corrcoef(whole.maps[-2][mask].numpy(), domain["log_mean"].values[mask])[0, 1]
    assert climate == pytest.approx(1, abs=1e-5)
    # a share of each coarse cell is valid, and the shares add up to all valid cells
    cells = np.bincount(domain["block"].values.ravel(), minlength=20).max()
    assert whole.share.sum().item() * cells == pytest.approx(mask.sum().item(), rel=1e-5)


def test_a_grid_without_valid_cells_keeps_its_size() -> None:
    assert valid_box(np.zeros((5, 6), dtype=bool)) == (slice(None), slice(None))


def test_padding_makes_whole_blocks() -> None:
    maps = torch.ones(1, 5, 8)
    assert padded(maps, 4, value=7.0).shape == (1, 8, 8)
    assert (padded(maps, 4, value=7.0)[:, 5:] == 7).all()
    assert torch.equal(padded(maps, 1), maps)


def test_maps_over_blocks_are_means_over_valid_cells() -> None:
    maps, mask = (
        torch.tensor([[[1.0, 3.0, 9.0], [99.0, 5.0, 99.0]]]),
        torch.tensor([[True, True, True], [False, True, False]]),
    )
    where = Geometry(torch.zeros(2, 3), torch.zeros(2, 3), maps * mask, mask, (1, 1), torch.ones(1, 1))
    means, share = pooled_maps(where, 2)[0]
    torch.testing.assert_close(means, torch.tensor([[3.0, 9.0]]))
    torch.testing.assert_close(share, torch.tensor([[0.75, 0.25]]))


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_linear_field_of_the_coarse_grid_is_read_off_exactly(factor: int) -> None:
    where = geometry((12, 18), (4, 6))
    rows, columns = torch.meshgrid(torch.arange(4.0), torch.arange(6.0), indexing="ij")
    coarse = (2 * rows - 3 * columns)[None, None]
    there = at_blocks(coarse, sampling_points(where, factor))[0, 0]
    centres = torch.nn.functional.avg_pool2d(torch.stack([where.row, where.column])[None], factor)[0]
    inside = (centres[0] >= 0) & (centres[0] <= 3) & (centres[1] >= 0) & (centres[1] <= 5)
    torch.testing.assert_close(there[inside], (2 * centres[0] - 3 * centres[1])[inside], rtol=1e-4, atol=1e-4)
    assert inside.sum() > 10


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_the_side_of_a_coarse_cell_does_not_depend_on_the_turn_of_its_grid(degrees: int) -> None:
    rows, columns = torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="ij")
    angle = torch.deg2rad(torch.tensor(float(degrees)))
    row, column = (rows * angle.cos() - columns * angle.sin()) / 8, (rows * angle.sin() + columns * angle.cos()) / 8
    where = geometry((20, 20), (3, 3))._replace(row=row, column=column)
    assert cells_per_coarse_cell(where) == pytest.approx(8, rel=1e-4)


def test_the_side_of_a_coarse_cell_stays_between_one_cell_and_the_grid() -> None:
    where = geometry((10, 12), (3, 3))
    assert cells_per_coarse_cell(where._replace(row=where.row * 1e3, column=where.column * 1e3)) == 1
    assert cells_per_coarse_cell(where._replace(row=where.row * 0, column=where.column * 0)) == 12


def test_positions_continue_beyond_the_last_cell() -> None:
    """The padded blocks of a grid that the factor does not divide have their centres where the coarse cells are."""
    rows, columns = 16, 82
    row, column = np.meshgrid((np.arange(rows) + 0.5) / 8 - 0.5, (np.arange(columns) + 0.5) / 8 - 0.5, indexing="ij")
    where = Geometry(
        torch.from_numpy(row),
        torch.from_numpy(column),
        torch.zeros(1, rows, columns),
        torch.ones(rows, columns, dtype=torch.bool),
        (2, 11),
        torch.ones(2, 11),
    )
    points = sampling_points(where, 8)[0]
    torch.testing.assert_close(points[0, :, 0], torch.linspace(-1, 1, 11), rtol=0, atol=1e-5)
    torch.testing.assert_close(points[:, 0, 1], torch.linspace(-1, 1, 2), rtol=0, atol=1e-5)


def test_the_box_of_the_valid_cells_begins_at_a_whole_number_of_blocks() -> None:
    mask = np.zeros((40, 30), dtype=bool)
    mask[17, 9] = mask[33, 23] = True
    assert valid_box(mask) == (slice(16, 34), slice(8, 24))
    whole = geometry((40, 30), (5, 4))
    part = whole.within(valid_box(mask))
    assert part.fine == (18, 16)
    torch.testing.assert_close(part.row, whole.row[16:34, 8:24])
    torch.testing.assert_close(part.maps, whole.maps[:, 16:34, 8:24])
    assert part.coarse == whole.coarse
    torch.testing.assert_close(sampling_points(part, 8), sampling_points(whole, 8)[:, 2:5, 1:3], atol=1e-5, rtol=0)
