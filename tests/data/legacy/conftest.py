"""Some days of the embedded climate, and the same days in the layout of the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.config import Demo
from rainsmith.data.demo.climate import climate
from rainsmith.data.raw import RawData
from tests.data.legacy.made import DAYS, write_layout


@pytest.fixture(scope="session")
def demo() -> RawData:
    raw = climate(Demo(ny=17, nx=19, ny_lr=4, nx_lr=3, years=3)).raw()
    return RawData(
        precip=raw.precip.isel(time=slice(DAYS)),
        predictors=raw.predictors.isel(time=slice(DAYS)),
        statics=raw.statics,
        coarse_row=raw.coarse_row,
        coarse_col=raw.coarse_col,
    )


@pytest.fixture
def layout(tmp_path: Path, demo: RawData) -> Path:
    write_layout(tmp_path, demo)
    return tmp_path
