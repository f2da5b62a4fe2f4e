"""Which of several processes this one is, where ``torchrun`` has started more than one."""

from __future__ import annotations

import os


def rank() -> int:
    """Number of this process among all processes; 0 where there is only one."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """Number of this process among the processes of its machine; 0 where there is only one."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def world_size() -> int:
    """Number of processes on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_world_size() -> int:
    """Number of processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this is the process that writes files and notices; the others only compute."""
    return rank() == 0
