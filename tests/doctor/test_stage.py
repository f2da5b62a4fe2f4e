"""What doctor says, and what it advises."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.wrapping import WIDTH
from rainsmith.doctor.speed import Speed
from rainsmith.doctor.stage import doctor, facts, meaning_of, remarks, words_of_speed
from tests.doctor.made import GPU, machine


def test_the_text_names_versions_device_threads_numbers_memory_and_disk(tmp_path: Path) -> None:
    text = doctor(tmp_path, speed=False)
    assert max(map(len, text.splitlines())) <= WIDTH
    for name in ("version", "libraries", "device", "threads", "numbers", "memory", "disk", "data"):
        assert f"\n{name} " in f"\n{text}"
    assert "speed test" not in text


def test_a_healthy_machine_needs_no_advice() -> None:
    assert list(remarks(machine())) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"torch": ""}, "torch is missing"),
        ({"gpus": (GPU,)}, "built without CUDA"),
        ({"thread_limit": 1}, "OMP_NUM_THREADS=1 keeps networks from 3 cores"),
        ({"load": 3.5}, "other programs use the cores (load 3.5 on 4)"),
        ({"memory_free": 2**31}, "4.0 GiB of memory"),
        ({"disk_free": 2**30}, "2.0 GiB of disk"),
    ],
)
def test_each_shortage_has_one_sentence(values: dict[str, object], words: str) -> None:
    (sentence,) = remarks(machine(**values))
    assert words in sentence


def test_one_thread_is_right_while_other_programs_run() -> None:
    (sentence,) = remarks(machine(load=6.0, thread_limit=1))
    assert "OMP_NUM_THREADS=1 helps" in sentence


def test_facts_of_a_gpu_and_of_a_plain_processor() -> None:
    with_gpu = "\n".join(facts(machine(gpus=(GPU,), torch_cuda=True, missing=("pysteps (rain)",))))
    assert "GPU: Big GPU (80 GiB)" in with_gpu and "bf16 in hardware (the GPU)" in with_gpu
    assert "not installed: pysteps (rain)" in with_gpu
    without = "\n".join(facts(machine(bf16="")))
    assert "no GPU is used" in without and "fp32" in without


def test_a_speed_is_put_into_words() -> None:
    speed = Speed(0.25, 32, "bf16", "cpu", 40, 36, demo_seconds=210.0, region_seconds=7500.0)
    text = " ".join(" ".join(words_of_speed(speed)).split())
    assert "0.25 s (bf16 on cpu)" in text and "3.5 minutes" in text and "2.1 hours" in text
    assert len({meaning_of(seconds) for seconds in (0.02, 0.3, 5.0)}) == 3
