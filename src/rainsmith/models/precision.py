"""Number formats: where bf16 is fast, and the context that uses it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


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


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Context in which convolutions and products run in ``precision``."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()
