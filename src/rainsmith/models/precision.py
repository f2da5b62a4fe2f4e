"""Devices, and the number format of the products on them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from rainsmith.base.errors import UserError
from rainsmith.base.processes import local_rank, local_world_size, world_size


def pick_device(name: str) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` stands for; under torchrun each process has a GPU of its own.

    Raises:
        UserError: CUDA is asked for and missing.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device is 'cuda', found no CUDA device; set device: cpu or auto")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", local_rank())


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 in hardware (on CPUs: AVX-512 BF16 or AMX)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def sampling_precision(wanted: str, device: torch.device) -> str:
    """``fp32`` or ``bf16`` for sampling: as asked, or bf16 where ``auto`` finds it in hardware."""
    if wanted != "auto":
        return wanted
    return "bf16" if has_fast_bf16(device) else "fp32"


def training_precision(wanted: str, device: torch.device) -> str:
    """``fp32`` or ``bf16`` for training: as asked, or bf16 where ``auto`` finds it in hardware.

    Processes on the CPUs of several machines take fp32: the processors may differ, and they must agree.
    """
    if wanted == "auto" and world_size() > local_world_size() and device.type == "cpu":
        return "fp32"
    return sampling_precision(wanted, device)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Context in which convolutions and products run in ``precision``."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()
