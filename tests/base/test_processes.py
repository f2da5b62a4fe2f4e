"""Several processes: what torchrun sets, and what holds without it."""

from __future__ import annotations

import pytest

from rainsmith.base import processes

VARIABLES = {"RANK": 5, "LOCAL_RANK": 1, "WORLD_SIZE": 8, "LOCAL_WORLD_SIZE": 4}


def counts() -> list[int]:
    return [processes.rank(), processes.local_rank(), processes.world_size(), processes.local_world_size()]


def test_one_process_is_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert counts() == [0, 0, 1, 1]
    assert processes.is_main()


def test_one_of_several_is_who_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, str(value))
    assert counts() == list(VARIABLES.values())
    assert not processes.is_main()
    monkeypatch.setenv("RANK", "0")
    assert processes.is_main()
