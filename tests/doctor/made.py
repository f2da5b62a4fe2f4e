"""A machine that is made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rainsmith.doctor.machine import Gpu, Machine

GPU = Gpu("Big GPU", 80 * 2**30, True)
_IDLE = Machine(
    python="3.11.7",
    system="Linux x86_64",
    torch="2.13.0",
    torch_cuda=False,
    processor="Some CPU",
    cores=4,
    load=0.1,
    thread_limit=0,
    bf16="AVX-512 BF16",
    gpus=(),
    memory=16 * 2**30,
    memory_free=12 * 2**30,
    disk_free=100 * 2**30,
    missing=(),
)


def machine(**values: Any) -> Machine:
    """A healthy machine of four cores with other values."""
    return replace(_IDLE, **values)
