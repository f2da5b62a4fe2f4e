"""Facts about the machine that need no network library, which takes seconds to import."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from rainsmith.base.memory import memory

BF16_FLAGS = {"avx512_bf16": "AVX-512 BF16", "amx_tile": "AMX"}
"""Flags of processors that multiply bf16 in hardware, as ``models/precision.py`` asks torch for them."""
OPTIONAL = {"pysteps": "pysteps (the baseline rainfarm)", "skimage": "scikit-image (the score SAL)"}
"""Optional modules, and the packages that hold them with what they are for."""
_MAJOR = 75  # attribute of a CUDA device: first number of its compute capability
_BF16_FROM = 8  # that number from which on bf16 is in hardware


@dataclass(frozen=True)
class Gpu:
    """A CUDA device: its name, memory [bytes], and whether it multiplies bf16 in hardware."""

    name: str
    memory: int
    has_bf16: bool


@dataclass(frozen=True)
class Machine:
    """What the machine is.

    Attributes:
        python: version of Python.
        system: operating system and processor architecture.
        torch: installed version of torch, "" where it is missing.
        torch_cuda: whether torch was built for CUDA.
        processor: name of the processor.
        cores: number of cores that this process may use.
        load: number of processes that wanted a core in the last minute, on average; NaN where it is unknown.
        thread_limit: of ``OMP_NUM_THREADS``, 0 where it is not set.
        bf16: what multiplies bf16 on the processor, "" where nothing does.
        gpus: CUDA devices.
        memory, memory_free: [bytes]; 0 where it is unknown.
        disk_free: [bytes] where run folders are written.
        missing: optional packages that are not installed, with what they are for.
    """

    python: str
    system: str
    torch: str
    torch_cuda: bool
    processor: str
    cores: int
    load: float
    thread_limit: int
    bf16: str
    gpus: tuple[Gpu, ...]
    memory: int
    memory_free: int
    disk_free: int
    missing: tuple[str, ...]

    @property
    def uses_gpu(self) -> bool:
        """Whether ``device: auto`` takes a GPU."""
        return bool(self.gpus) and self.torch_cuda

    @property
    def trains_in_bf16(self) -> bool:
        """Whether ``train.precision: auto`` takes bf16."""
        return self.gpus[0].has_bf16 if self.uses_gpu else bool(self.bf16)


def this_machine(folder: Path) -> Machine:
    """The machine that this process runs on.

    Args:
        folder: of the runs, or one that will be made.
    """
    lines = _lines("/proc/cpuinfo")
    flags = _value(lines, "flags").split()
    limit = _number(os.environ.get("OMP_NUM_THREADS", ""))
    total, free = memory()
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        torch=_version("torch"),
        torch_cuda=_torch_has_cuda(),
        processor=_value(lines, "model name") or platform.processor() or "unknown processor",
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
        thread_limit=limit,
        bf16=next((name for flag, name in BF16_FLAGS.items() if flag in flags), ""),
        gpus=cuda_devices(),
        memory=total,
        memory_free=free,
        disk_free=shutil.disk_usage(_existing(folder)).free,
        missing=tuple(text for name, text in OPTIONAL.items() if util.find_spec(name) is None),
    )


def cuda_devices() -> tuple[Gpu, ...]:
    """The CUDA devices, asked of the driver itself; none where there is no driver or it gives an error."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return ()
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return ()
    devices = []
    for number in range(count.value):
        device, major, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
        name = ctypes.create_string_buffer(100)
        failed = (
            driver.cuDeviceGet(ctypes.byref(device), number)
            or driver.cuDeviceGetName(name, len(name), device)
            or driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
            or driver.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, device)
        )
        if not failed:
            devices.append(Gpu(name.value.decode(errors="replace"), memory.value, major.value >= _BF16_FROM))
    return tuple(devices)


def _torch_has_cuda() -> bool:
    """Whether torch was built for CUDA, by the file of its version, which is read without importing torch."""
    found = util.find_spec("torch")
    if found is None or not found.submodule_search_locations:
        return False
    text = "\n".join(_lines(str(Path(found.submodule_search_locations[0]) / "version.py")))
    return bool(re.search(r"^cuda\b.*= '", text, re.MULTILINE))


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next((one for one in (folder.absolute(), *folder.absolute().parents) if one.is_dir()), Path.cwd())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _value(lines: list[str], key: str) -> str:
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), "")


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0
