"""The processes of a training: how they start, how they agree, and how a signal asks them to stop."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric

from rainsmith.base.processes import local_world_size, world_size
from rainsmith.models.precision import pick_device


def launch(device: str, precision: str) -> Fabric:
    """Fabric on the wanted device, joined to the other processes where ``torchrun`` started several.

    Args:
        device: auto, cpu or cuda.
        precision: fp32 or bf16.

    Raises:
        UserError: CUDA is asked for and missing.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces every process
    accelerator = pick_device(device).type
    local, world = local_world_size(), world_size()
    fabric = Fabric(
        accelerator=accelerator,
        devices=local,
        num_nodes=world // local,
        strategy="ddp" if world > 1 else "auto",
        precision="bf16-mixed" if precision == "bf16" else "32-true",
    )
    fabric.launch()
    return fabric


def any_process(fabric: Fabric, flag: bool) -> bool:
    """Whether the flag is set in any process, so that all of them decide alike."""
    if fabric.world_size == 1:
        return flag
    reduced = fabric.all_reduce(torch.tensor(float(flag), device=fabric.device), reduce_op="max")
    return bool(torch.as_tensor(reduced).item() > 0)


class Stop:
    """Whether a signal asked to stop."""

    requested = False


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """In this block SIGINT and SIGTERM ask the loop to stop after its present step; a second one stops at once."""
    stop = Stop()

    def ask(number: int, frame: Any) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True

    try:
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # outside the main thread Python lets nobody handle signals
        yield stop
        return
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
