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


def test_memory_is_the_correlation_with_the_day_before() -> None:
    days = np.array([20191230, 20191231, 20200101, 20200102])
    drawn = member_noise(0, days, range(40), [(500,)], memory=0.6)[0].numpy()
    assert abs(drawn.std() - 1) < 0.02
    for lag, expected in ((1, 0.6), (2, 0.36)):
        found = np.corrcoef(drawn[lag:].ravel(), drawn[:-lag].ravel())[0, 1]
        assert abs(found - expected) < 0.02, lag


def test_noise_with_memory_does_not_depend_on_the_batch() -> None:
    days = np.array([20200228, 20200229, 20200301])
    whole = member_noise(1, days, range(3), SHAPES, memory=0.5)
    alone = member_noise(1, days[2:], [2], SHAPES, memory=0.5)
    assert all(torch.equal(a[2, 2], b[0, 0]) for a, b in zip(whole, alone, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(member_noise(1, days, [0], SHAPES), _without(days), strict=True))


def _without(days: np.ndarray) -> list[torch.Tensor]:
    return member_noise(1, days, [0], SHAPES, memory=0.0, calendar="noleap")


def test_the_calendar_says_which_day_comes_before() -> None:
    """Of 1 March, the day before is the 29th, the 28th or the 30th of February."""
    after = np.array([20200301])
    for calendar, before in (("standard", 20200229), ("noleap", 20200228), ("360_day", 20200230)):
        first = member_noise(2, np.array([before]), [0], [(2000,)], memory=0.7, calendar=calendar)[0]
        second = member_noise(2, after, [0], [(2000,)], memory=0.7, calendar=calendar)[0]
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1] - 0.7) < 0.06
