"""Channels: days of fields and the season, stacked on one grid."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.grids.block_means import block_grid, block_means
from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.channels import assemble
from rainsmith.data.sources.predictors import DailyField
from tests.data.made import fine_map, lat_lon_grid, pressure, rain

TIME = rain(days=20)["time"]


def msl(*offsets: int, first: str = "2001-01-01", days: int = 21, **fields: object) -> DailyField:
    da = pressure(first, days=days)
    return DailyField("msl", da.values.astype("f4"), day_numbers(da["time"]), lat_lon_grid(), offsets, **fields)


def blocks(*lags: int) -> DailyField:
    target, grid = rain(days=20), block_grid(Grid.of(fine_map()), 3)
    means = block_means(target, 3)
    return DailyField("rain_3", means, day_numbers(target["time"]), grid, lags, coarsen=3, rain=True, conservative=True)


def test_each_channel_holds_its_day() -> None:
    one = msl(0, 1, -1)
    predictors = assemble([one], TIME, one.grid, season=False)
    assert [channel.name for channel in predictors.channels] == ["msl_day0", "msl_day+1", "msl_day-1"]
    np.testing.assert_array_equal(predictors.values[:, 0], one.values[:20])
    np.testing.assert_array_equal(predictors.values[:, 1], one.values[1:21])
    np.testing.assert_array_equal(predictors.values[1:, 2], one.values[:19])
    assert np.isnan(predictors.values[0, 2]).all()  # the day before the first
    np.testing.assert_array_equal(predictors.complete, [False] + [True] * 19)
    np.testing.assert_array_equal(predictors.channels[1].days, day_numbers(TIME + np.timedelta64(1, "D")))


def test_a_field_without_a_value_that_day_makes_the_day_incomplete() -> None:
    one = msl(0)
    one.values[4] = np.nan
    one.values[5, 0, 0] = np.nan  # one missing cell is no missing day
    assert np.flatnonzero(~assemble([one], TIME, one.grid, season=True).complete).tolist() == [4]


def test_the_season_comes_last_and_is_no_channel_of_a_field() -> None:
    one = msl(0)
    predictors = assemble([one], TIME, one.grid, season=True)
    assert list(predictors.values["channel"].values) == ["msl_day0", "season_sin", "season_cos"]
    assert len(predictors.channels) == 1
    waves = predictors.values[:, 1:, 0, 0].values
    np.testing.assert_allclose((waves**2).sum(axis=1), 1.0, rtol=1e-6)
    assert waves[0].tolist() == [0.0, 1.0]  # 1 January


def test_block_means_of_the_target_are_the_coarse_rain_before_rain_of_files() -> None:
    exact, files = blocks(-1, 0), msl(0, rain=True)
    predictors = assemble([files, exact], TIME[1:], exact.grid, season=False)
    assert predictors.coarse_rain is not None
    assert (predictors.coarse_rain.name, predictors.coarse_rain.coarsen) == ("rain_3_lag0", 3)
    assert predictors.rain_channels == ("msl_day0", "rain_3_lag-1", "rain_3_lag0")
    np.testing.assert_array_equal(predictors.rain_days[1], day_numbers(TIME[:-1]))
    assert predictors.block_side == 3
    alone = assemble([files], TIME, files.grid, season=False)
    assert alone.coarse_rain is not None and (alone.coarse_rain.name, alone.coarse_rain.coarsen) == ("msl_day0", 0)
    assert alone.block_side == 0
    assert assemble([msl(0)], TIME, files.grid, season=False).coarse_rain is None


def test_block_means_on_another_grid_are_not_the_blocks_of_the_store() -> None:
    finer = block_grid(Grid.of(fine_map()), 2)
    predictors = assemble(
        [blocks(0)],
        TIME,
        finer.__class__(finer.y[:3], finer.x[:3], finer.crs, attrs=finer.attrs).locate(),
        season=False,
    )
    assert predictors.coarse_rain is not None
    assert (predictors.coarse_rain.coarsen, predictors.block_side) == (0, 0)


def test_two_channels_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="channel 'rain_3_lag0' twice"):
        assemble([blocks(0), blocks(0)], TIME, blocks(0).grid, season=False)
