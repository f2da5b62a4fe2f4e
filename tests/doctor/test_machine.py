"""Facts about this machine agree with what torch and the system say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rainsmith.doctor import machine as module
from rainsmith.doctor.machine import Gpu, cuda_devices, this_machine
from rainsmith.models.precision import has_fast_bf16, pick_device
from tests.doctor.made import GPU, machine


def test_it_agrees_with_torch_about_device_and_number_formats(tmp_path: Path) -> None:
    found = this_machine(tmp_path)
    assert found.torch == torch.__version__ and found.torch_cuda == (torch.version.cuda is not None)
    assert found.uses_gpu == torch.cuda.is_available()
    if sys.platform == "linux":
        assert found.trains_in_bf16 == has_fast_bf16(pick_device("auto"))


def test_it_agrees_with_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = this_machine(tmp_path / "not" / "there")
    assert found.thread_limit == 3
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert abs(found.disk_free - shutil.disk_usage(tmp_path).free) < 2**30
    if Path("/proc/meminfo").exists():
        assert 2**28 < found.memory_free <= found.memory <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert this_machine(tmp_path).thread_limit == 0


def test_nothing_of_it_loads_torch(tmp_path: Path) -> None:
    code = f"import sys; from rainsmith.doctor.stage import doctor; from pathlib import Path; doctor(Path({str(tmp_path)!r}), speed=False); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_without_a_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(module.ctypes, "CDLL", missing)
    assert cuda_devices() == ()


DRIVER = """
#include <string.h>
#include <stddef.h>
int cuInit(unsigned flags) { return flags != 0; }
int cuDeviceGetCount(int *count) { *count = 2; return 0; }
int cuDeviceGet(int *device, int number) { *device = number + 7; return 0; }
int cuDeviceGetName(char *name, int size, int device) { strncpy(name, device == 7 ? "New" : "Old", size); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)device << 33; return 0; }
int cuDeviceGetAttribute(int *value, int which, int device) { *value = which == 75 && device == 7 ? 9 : 7; return 0; }
"""


def test_a_driver_is_asked_as_its_header_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small library in place of the driver, with the functions of cuda.h."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("found no C compiler")
    (tmp_path / "driver.c").write_text(DRIVER)
    library = tmp_path / "driver.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "driver.c"], check=True, timeout=60)
    load = module.ctypes.CDLL
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: load(str(library)))
    assert cuda_devices() == (Gpu("New", 7 << 33, True), Gpu("Old", 8 << 33, False))


def test_a_gpu_counts_only_where_torch_can_use_it() -> None:
    assert not machine(gpus=(GPU,)).uses_gpu
    both = machine(gpus=(GPU,), torch_cuda=True, bf16="")
    assert both.uses_gpu and both.trains_in_bf16
    assert not machine(bf16="").trains_in_bf16
