"""Mass: block means equal the input after all steps, without edges, over valid cells only."""

import numpy as np
import pytest
import torch

from rainsmith.models.hierarchical.mass import MassConservation

FACTOR = 4
FINE = (20, 18)
COARSE = (5, 5)  # the last column of blocks is half outside


def layout() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mask with a whole block of sea, block numbers and positions of every cell."""
    mask = np.ones(FINE, dtype=bool)
    mask[:FACTOR, :FACTOR] = False
    mask[9, 3:7] = False
    rows, columns = np.meshgrid(np.arange(FINE[0]), np.arange(FINE[1]), indexing="ij")
    block = rows // FACTOR * COARSE[1] + columns // FACTOR
    return mask, block, (rows + 0.5) / FACTOR - 0.5, (columns + 0.5) / FACTOR - 0.5


def conservation(kind: str = "hard") -> MassConservation:
    mask, block, row, column = layout()
    climatology = np.where(mask, 1.0 + column, np.nan)
    return MassConservation(
        kind,  # type: ignore[arg-type]
        1,
        block=block[mask],
        row=row[mask],
        column=column[mask],
        climatology=climatology[mask],
        coarse=COARSE,
    )


def block_means(fields: np.ndarray) -> np.ndarray:
    """By hand: (..., cells) -> (..., 25), NaN where a block has no valid cell."""
    mask, block, _, _ = layout()
    inside = block[mask]
    return np.stack(
        [
            fields[..., inside == b].mean(-1) if (inside == b).any() else np.full(fields.shape[:-1], np.nan)
            for b in range(25)
        ],
        axis=-1,
    )


def case(days: int = 3, members: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    fields = torch.from_numpy(rng.gamma(0.4, 5, (days, members, int(layout()[0].sum()))).astype(np.float32))
    x = torch.from_numpy(rng.gamma(0.7, 6, (days, 3, *COARSE)).astype(np.float32))
    return fields, x


def test_block_means_equal_the_input() -> None:
    fields, x = case()
    x[0, 1, 2, 2] = 0.0
    means = block_means(conservation()(fields, x, exact=True).numpy())
    wanted = np.broadcast_to(x[:, 1].reshape(3, 1, 25).numpy(), means.shape)
    there = np.isfinite(means)
    assert there.sum() == 3 * 4 * 24
    np.testing.assert_allclose(means[there], wanted[there], rtol=1e-4, atol=1e-6)


def test_a_dry_block_gets_its_rain_by_climatology() -> None:
    fields, x = case()
    mask, block, _, column = layout()
    inside = block[mask]
    fields[..., inside == 12] = 0.0
    x[:, 1, 2, 2] = 7.0
    filled = conservation()(fields, x, exact=True).numpy()[..., inside == 12]
    weight = (1.0 + column)[mask][inside == 12]
    np.testing.assert_allclose(filled, np.broadcast_to(7.0 * weight / weight.mean(), filled.shape), rtol=1e-4)


def test_missing_input_leaves_a_block_alone_in_its_last_step() -> None:
    fields, x = case(1, 1)
    x[:, 1] = torch.nan
    torch.testing.assert_close(conservation()(fields, x, exact=True), fields)


def test_members_that_conserve_already_stay_as_they_are() -> None:
    fields, x = case(1, 1)
    means = np.nan_to_num(block_means(fields.numpy()), nan=1.0)
    x[:, 1] = torch.from_numpy(means[:, 0].reshape(1, *COARSE).astype(np.float32))
    torch.testing.assert_close(conservation()(fields, x, exact=True), fields, rtol=1e-4, atol=1e-6)


def test_smooth_ratios_leave_smaller_steps_between_blocks() -> None:
    """A smooth field scaled by a smooth input: neighbours across a block edge differ little more than inside."""
    mask, *_ = layout()
    cells = int(mask.sum())
    x = torch.zeros(1, 3, *COARSE)
    x[0, 1] = torch.linspace(2, 18, 5)[None, :]
    whole = np.zeros(FINE)
    whole[mask] = conservation()(torch.ones(1, 1, cells), x, exact=True).numpy()[0, 0]
    steps = np.diff(whole, axis=1)[12]  # a row without sea
    edges = steps[FACTOR - 1 :: FACTOR][:3]
    inner = np.array([steps[i] for i in range(FACTOR, 3 * FACTOR) if (i + 1) % FACTOR])
    assert edges.max() < 2.5 * inner.mean()
    assert steps.max() < 0.5 * 4.0  # blocks scaled one by one would make steps of 4 mm


def test_soft_comes_near_and_hard_is_exact() -> None:
    fields, x = case()
    fields = 1.0 + 0.05 * fields  # every block wet
    wanted = x[:, 1].reshape(3, 1, 25).numpy()

    def error(result: torch.Tensor) -> float:
        return float(np.nanmean(np.abs(block_means(result.numpy()) - wanted)))

    assert error(conservation("hard")(fields, x, exact=True)) < 1e-3
    assert error(conservation("soft")(fields, x, exact=True)) < 0.4 * error(fields)


def test_invalid_cells_of_a_day_do_not_count() -> None:
    fields, x = case(1, 1)
    valid = torch.ones(1, fields.shape[-1], dtype=torch.bool)
    valid[0, ::5] = False
    changed = torch.where(valid[:, None], fields, 1e4)
    ours, theirs = (conservation()(f, x, valid) for f in (fields, changed))
    torch.testing.assert_close(ours[..., valid[0]], theirs[..., valid[0]])


def test_gradients_are_finite_where_the_network_says_nothing() -> None:
    _, x = case()
    fields = torch.zeros(3, 2, int(layout()[0].sum()), requires_grad=True)
    conservation()(fields, x).sum().backward()
    assert fields.grad is not None
    assert torch.isfinite(fields.grad).all()


def test_negative_values_count_as_dry() -> None:
    fields, x = case(1, 1)
    fields[..., ::3] = -0.4
    mended = conservation()(fields, x)
    assert (mended[..., ::3] <= 0).all()
    means = block_means(mended.clamp_min(0).numpy())[0, 0]
    bounded = np.isfinite(means)
    np.testing.assert_allclose(means[bounded], x[0, 1].reshape(25).numpy()[bounded], rtol=0.02, atol=1e-3)


@pytest.mark.parametrize("kind", ["auto", "none", "hard"])
def test_without_coarse_rain_there_is_nothing_to_conserve(kind: str) -> None:
    import xarray as xr

    assert MassConservation.from_domain(kind, xr.Dataset(attrs={"coarse_rain_channel": ""})) is None  # type: ignore[arg-type]
