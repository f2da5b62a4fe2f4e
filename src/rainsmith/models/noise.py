"""The noise of a member: a pure function of (seed, day, member)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_CHOICE = 0x766F6963  # "voic": the choice of a network is independent of the noise
_STREAM = 0x7261696E  # "rain" in ASCII: keeps the noise of members apart from other uses of the same seed


def member_noise(
    seed: int, days: np.ndarray, members: Sequence[int], shapes: Sequence[tuple[int, ...]]
) -> list[Tensor]:
    """Standard normal noise that depends on seed, day and member alone: not on batch, order, process or device.

    Philox is a counter-based generator (Salmon et al. 2011, doi:10.1145/2063384.2063405): each (day, member) has a
    stream of its own, from which the latent levels take their noise one after another.

    Args:
        seed: of the sampling.
        days: (N,) integers YYYYMMDD.
        members: numbers of the K members.
        shapes: shape of the noise of one member, one entry for each latent level.

    Returns:
        One float32 tensor (N, K, *shape) for each level.
    """
    sizes = [math.prod(shape) for shape in shapes]
    drawn = np.empty((len(days), len(members), sum(sizes)), dtype=np.float32)
    for i, k in np.ndindex(len(days), len(members)):
        drawn[i, k] = _stream(seed, int(days[i]), int(members[k]), sum(sizes))
    parts = np.split(drawn, np.cumsum(sizes)[:-1], axis=2)
    return [
        torch.from_numpy(np.ascontiguousarray(part)).reshape(len(days), len(members), *shape)
        for part, shape in zip(parts, shapes, strict=True)
    ]


def network_of_member(seed: int, days: np.ndarray, members: Sequence[int], networks: int) -> np.ndarray:
    """The network of a pool that draws each member: as random as the member's noise, and independent of it.

    Each member takes any network with the same chance, whatever the others take, so that members of a day are draws of
    one distribution, the mean of those of the networks.

    Args:
        seed: of the sampling.
        days: (N,) integers YYYYMMDD.
        members: numbers of the K members.
        networks: how many there are.

    Returns:
        (N, K) numbers from 0.
    """
    chosen = np.zeros((len(days), len(members)), dtype=np.int64)
    if networks == 1:
        return chosen
    for i, k in np.ndindex(chosen.shape):
        stream = np.random.Philox(key=[seed % 2**64, _CHOICE], counter=[0, 0, int(members[k]), int(days[i])])
        chosen[i, k] = np.random.Generator(stream).integers(networks)
    return chosen


def _stream(seed: int, day: int, member: int, size: int) -> np.ndarray:
    stream = np.random.Philox(key=[seed % 2**64, _STREAM], counter=[0, 0, member, day])
    return np.random.Generator(stream).standard_normal(size, dtype=np.float32)
