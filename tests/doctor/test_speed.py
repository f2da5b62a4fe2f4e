"""The speed test on a short climate."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from rainsmith.base.console import console
from rainsmith.config import load_config
from rainsmith.data.demo.configuration import demo_file
from rainsmith.doctor.speed import SIDE, YEARS, speed_test, training_days


def test_it_takes_steps_of_the_demos_network_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = speed_test("cpu")
    assert (found.rows, found.columns, found.days, found.device) == (40, 36, 32, "cpu")
    assert list(tmp_path.iterdir()) == [] and not console.quiet
    assert "prepare" not in capfd.readouterr().err
    of_day = found.step / 32
    assert found.demo_seconds == pytest.approx(of_day * 2191.5 * 12)
    assert found.region_seconds == pytest.approx(of_day * SIDE**2 / 1440 * 365.25 * YEARS * 15)


def test_the_demo_trains_on_six_years() -> None:
    with demo_file() as file:
        assert training_days(load_config(file)) == 365.25 * 6
