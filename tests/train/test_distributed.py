"""Signals and processes of a training."""

from __future__ import annotations

import os
import signal
import threading

import pytest
import torch

from rainsmith.train.distributed import any_process, launch, stop_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_stops(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals() as stop:
        assert not stop.requested
        os.kill(os.getpid(), number)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 1)  # signals are handled between two instructions
    assert signal.getsignal(number) is before


def test_handlers_come_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(MemoryError), stop_signals():
        raise MemoryError
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_signals_stay_with_their_owner() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with stop_signals() as stop:
            seen.append((signal.getsignal(signal.SIGINT), stop.requested))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(before, False)]


def test_one_process_decides_by_itself() -> None:
    fabric = launch("cpu", "fp32")
    assert fabric.world_size == 1 and fabric.is_global_zero and fabric.device == torch.device("cpu")
    assert any_process(fabric, True) and not any_process(fabric, False)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_products_run_in_the_asked_format(precision: str, dtype: torch.dtype) -> None:
    with launch("cpu", precision).autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
