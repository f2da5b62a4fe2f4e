"""Channels that lack values on some cells are named, with how much they lack at the target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.checks import CheckLog
from rainsmith.prepare.gridded import read_gridded
from tests.data.made import config, mapped, pressure, rain
from tests.prepare.made import FILES, LAGS


def notices(tmp_path: Path, **data: object) -> str:
    mapped(rain()).to_netcdf(tmp_path / "rain.nc")
    log = CheckLog()
    read_gridded(config(tmp_path, **data).data, log)
    return "; ".join(log.notices)


def test_a_field_without_values_over_land_is_said(tmp_path: Path) -> None:
    field = pressure()
    values = field.values.copy()
    values[:, : values.shape[1] // 2] = np.nan
    field.copy(data=values).to_netcdf(tmp_path / "msl.nc")
    said = notices(tmp_path, predictors=FILES)
    assert "'msl_day0' lacks 50.00% of its values (" in said
    assert "a network takes its training mean there" in said


def test_whole_fields_and_block_means_are_not_mentioned(tmp_path: Path) -> None:
    pressure().to_netcdf(tmp_path / "msl.nc")
    assert "lacks" not in notices(tmp_path, predictors=FILES)
    assert "lacks" not in notices(tmp_path, predictors=LAGS)


def test_days_that_lack_more_than_the_training_are_refused(tmp_path: Path) -> None:
    field = pressure()
    values = field.values.copy()
    values[:, 0] = np.nan
    values[40:, : values.shape[1] // 2] = np.nan  # validation and test
    field.copy(data=values).to_netcdf(tmp_path / "msl.nc")
    with pytest.raises(UserError, match=r"'msl_day0' lacks .* on the days of validation, on those of training 16\.7%"):
        notices(tmp_path, predictors=FILES)
