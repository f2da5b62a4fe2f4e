"""The number format of a training: the faster of fp32 and bf16 on this machine."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from rainsmith.models.precision import autocast, has_fast_bf16


def choose_precision(
    wanted: str, device: torch.device, model: nn.Module, loss_of: Callable[[nn.Module], Tensor]
) -> tuple[str, dict[str, float]]:
    """``fp32`` or ``bf16``: as asked, or whichever takes a training step faster.

    Not timed, and fp32, where the processor has no bf16 of its own: emulated, a step takes eight times as long.

    Args:
        wanted: auto | fp32 | bf16.
        device: where the model is.
        model: left unchanged; a copy is timed.
        loss_of: one forward pass to a scalar loss.

    Returns:
        The choice, and the seconds a step of both where they were timed.
    """
    if wanted != "auto":
        return wanted, {}
    if not has_fast_bf16(device):
        return "fp32", {}
    seconds = {}
    for name in ("fp32", "bf16"):
        trial = copy.deepcopy(model)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            with autocast(device, name):
                loss = loss_of(trial)
            loss.backward()  # type: ignore[no-untyped-call]
            if device.type == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        seconds[name] = min(times[1:])  # the first one builds kernels
    return min(seconds, key=lambda name: seconds[name]), seconds
