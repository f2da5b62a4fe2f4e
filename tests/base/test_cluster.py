"""What is said where there is no scheduler to work with, and how many workers a machine gets."""

from __future__ import annotations

import sys
from pathlib import Path

import distributed
import pytest

from rainsmith.base import cluster
from rainsmith.base.cluster import connected, local_workers
from rainsmith.base.errors import UserError
from rainsmith.base.memory import Memory

GIB = 2**30


@pytest.mark.parametrize("address", ["host:port", "htp://127.0.0.1:8786", "here"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UserError, match=r"'local'"), connected(address, []):
        pass


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_S", 1)
    with pytest.raises(UserError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1 .*'dask scheduler'"):
        with connected("tcp://127.0.0.1:1", []):
            pass


def test_a_scheduler_without_workers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_S", 1)
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as lonely:
        with pytest.raises(UserError, match=r"has no worker; start some with 'dask worker tcp://"):
            with connected(lonely.scheduler_address, [tmp_path]):
                pass


def test_a_missing_package_is_one_line_of_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'rainsmith\[cluster\]'"), connected("local", []):
        pass


@pytest.mark.parametrize(
    ("cores", "free", "count"), [(4, 100, 4), (8, 10, 3), (4, 1, 1), (2, 0, 2)], ids=["cores", "memory", "little", "?"]
)
def test_workers_of_a_machine_have_memory_enough(
    monkeypatch: pytest.MonkeyPatch, cores: int, free: int, count: int
) -> None:
    monkeypatch.setattr(cluster, "CPU_COUNT", cores)
    monkeypatch.setattr(cluster, "memory", lambda: Memory(128 * GIB, free * GIB))
    workers, limit = local_workers()
    assert workers == count and workers * limit <= 0.7 * free * GIB
