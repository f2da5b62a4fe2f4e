"""The command ``doctor``: what this machine is for rainsmith, and what that means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rainsmith import __version__
from rainsmith.base.durations import in_time
from rainsmith.base.provenance import PACKAGES
from rainsmith.base.wrapping import wrapped
from rainsmith.config import DATA_ROOT_VARIABLE
from rainsmith.doctor.machine import Machine, this_machine

if TYPE_CHECKING:
    from rainsmith.doctor.speed import Speed

LITTLE_MEMORY, LITTLE_DISK = 4 * 2**30, 2 * 2**30
"""[bytes] The demo needs 1.3 GiB of memory and 0.2 GiB of disk; regions of tens of years need several times that."""
BUSY = 0.75
"""Processes that want a core, by core, from which on other programs are in the way."""
FAST, SLOW = 0.1, 0.6
"""[s] Bounds of what is called fast and slow; one thread of an idle EPYC with bf16 takes 0.16 for the demo's step."""


def doctor(folder: Path, *, speed: bool = True) -> str:
    """Look at this machine, and say in plain words what it is good for.

    Args:
        folder: of the runs, whose disk is looked at.
        speed: whether a few training steps are timed, which takes about ten seconds.

    Returns:
        The text, 80 columns wide.

    Raises:
        UserError: from the speed test, where the disk is too small.
    """
    machine = this_machine(folder)
    lines = list(facts(machine))
    if speed and machine.torch:
        from rainsmith.doctor.speed import speed_test

        lines += ["", *words_of_speed(speed_test())]
    advice = list(remarks(machine))
    lines += ["", *(line for text in advice for line in wrapped(text, "- "))] if advice else []
    return "\n".join(lines)


def facts(machine: Machine) -> Iterator[str]:
    """One line or two for each fact."""
    names = [name for name in PACKAGES if name not in ("rainsmith", "torch")]
    others = ", ".join(f"{name} {version(name)}" for name in names)
    yield from _pair("version", f"rainsmith {__version__}, Python {machine.python}, {machine.system}")
    yield from _pair("libraries", f"torch {machine.torch or 'is not installed'}, {others}")
    yield from _pair("device", _device(machine))
    yield from _pair("threads", _threads(machine))
    yield from _pair("numbers", _numbers(machine))
    yield from _pair("memory", f"{_gib(machine.memory_free)} of {_gib(machine.memory)} GiB free")
    yield from _pair("disk", f"{_gib(machine.disk_free)} GiB free where runs are written")
    if machine.missing:
        yield from _pair("optional", f"not installed: {', '.join(machine.missing)}")
    root = os.environ.get(DATA_ROOT_VARIABLE)
    yield from _pair("data", f"{DATA_ROOT_VARIABLE}={root}" if root else f"{DATA_ROOT_VARIABLE} is not set")


def remarks(machine: Machine) -> Iterator[str]:
    """What should be changed, or is left out on this machine; nothing where all is well."""
    if not machine.torch:
        yield "torch is missing, so that nothing can be trained: pip install torch (README, Two commands)"
    if machine.gpus and not machine.torch_cuda:
        yield "there is a GPU, and torch was built without CUDA: install the plain wheel of torch to use it"
    if 0 < machine.thread_limit < machine.cores and not machine.load > BUSY * machine.cores:
        yield (
            f"OMP_NUM_THREADS={machine.thread_limit} keeps networks from {machine.cores - machine.thread_limit} cores; "
            "unset it unless other programs need them"
        )
    if machine.load > BUSY * machine.cores:
        yield (
            f"other programs use the cores (load {machine.load:.1f} on {machine.cores}): a training is slower than on "
            "an idle machine, and with several threads many times slower; OMP_NUM_THREADS=1 helps as long as they run"
        )
    if machine.memory and machine.memory_free < LITTLE_MEMORY:
        yield f"less than {_gib(LITTLE_MEMORY)} GiB of memory is free: enough for the demo, little for a region"
    if machine.disk_free < LITTLE_DISK:
        yield f"less than {_gib(LITTLE_DISK)} GiB of disk is free: give a --run folder on another disk"


def words_of_speed(speed: Speed) -> Iterator[str]:
    """What the speed test measured, and what it means."""
    yield from wrapped(
        f"speed test: a training step of {speed.days} days of {speed.rows} x {speed.columns} cells takes "
        f"{speed.step:.2g} s ({speed.precision} on {speed.device})",
        indent=2,
    )
    yield from wrapped(
        f"the training of 'rainsmith demo': about {in_time(speed.demo_seconds)}; the rest of the demo takes a minute "
        "or two more",
        "- ",
    )
    yield from wrapped(
        f"ten years of training days on 100 x 100 cells, 15 epochs: about {in_time(speed.region_seconds)}; time grows "
        "with days, cells and epochs alike",
        "- ",
    )
    yield from wrapped(meaning_of(speed.step), "- ")


def meaning_of(seconds: float) -> str:
    """What a step of so many seconds [s] means."""
    if seconds <= FAST:
        return "fast: larger grids and pools of networks are within reach"
    if seconds <= SLOW:
        return "usual for a few processor cores: regions of some 10,000 cells take hours; take a GPU for larger ones"
    return "slow: other programs may use the cores, or there are few; try a smaller grid or fewer epochs first"


def _device(machine: Machine) -> str:
    processor = f"{machine.processor}, {machine.cores} core{'s' if machine.cores > 1 else ''}"
    if machine.uses_gpu:
        named = ", ".join(f"{gpu.name} ({_gib(gpu.memory)} GiB)" for gpu in machine.gpus)
        return f"GPU: {named}; processor: {processor}"
    return f"processor: {processor}; no GPU is used"


def _threads(machine: Machine) -> str:
    if machine.thread_limit:
        return f"{machine.thread_limit} for networks (OMP_NUM_THREADS), {machine.cores} cores may be used"
    return f"as many as there are cores ({machine.cores})"


def _numbers(machine: Machine) -> str:
    if machine.trains_in_bf16:
        unit = "the GPU" if machine.uses_gpu else machine.bf16
        return f"bf16 in hardware ({unit}): 'precision: auto' trains and samples in bf16"
    return "no bf16 in hardware: 'precision: auto' trains and samples in fp32, which is slower"


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f}" if size < 10 * 2**30 else f"{size / 2**30:.0f}"


def _pair(name: str, text: str) -> list[str]:
    return wrapped(text, f"{name:11}")
