"""Member noise is a pure function of (seed, day, member)."""

import numpy as np
import torch

from rainsmith.models.noise import member_noise

DAYS = np.array([20190101, 20190102, 20201231])
SHAPES = [(5,), (2, 3, 4)]


def test_same_values_whatever_the_batch_and_the_order() -> None:
    whole = member_noise(3, DAYS, range(4), SHAPES)
    for i, day in enumerate(DAYS):
        for member in (3, 0):
            alone = member_noise(3, np.array([day]), [member], SHAPES)
            for level in range(2):
                assert torch.equal(alone[level][0, 0], whole[level][i, member])
    swapped = member_noise(3, DAYS[::-1], [2, 1], SHAPES)
    assert torch.equal(swapped[0][0, 1], whole[0][2, 1])


def test_seed_day_and_member_each_change_it() -> None:
    base = member_noise(0, DAYS, range(2), [(64,)])[0]
    assert not torch.equal(base, member_noise(1, DAYS, range(2), [(64,)])[0])
    flat = base.reshape(-1, 64).numpy()
    correlation = np.corrcoef(flat) - np.eye(len(flat))
    assert np.abs(correlation).max() < 0.5


def test_standard_normal() -> None:
    drawn = member_noise(0, np.arange(20200101, 20200131), range(20), [(40,)])[0]
    assert abs(drawn.mean().item()) < 0.02
    assert abs(drawn.std().item() - 1) < 0.02
