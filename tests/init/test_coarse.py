"""The coarse grid of predictors that lie on several."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rainsmith.data.grids.grid import Grid
from rainsmith.data.sources.axes import read_any_map
from rainsmith.data.sources.files import open_file
from rainsmith.init.coarse import choose_grid
from rainsmith.init.look import look_into
from rainsmith.init.sources import Source, group
from rainsmith.init.stage import write_grid
from tests.init.made import LAT0, LON0, days, pressure, rain, wide

TIME = days(last="2003-12-31")


def source(folder: Path, name: str, lat: np.ndarray, lon: np.ndarray) -> Source:
    pressure(TIME[:3], lat, lon, name=name).to_netcdf(folder / f"{name}.nc")
    return group(look_into(folder / f"{name}.nc"))[0]


def grid_of_the_target(folder: Path) -> Grid:
    rain(TIME[:3]).to_netcdf(folder / "pr.nc")
    grid = look_into(folder / "pr.nc")[0].grid
    assert grid is not None
    return grid


def test_grids_that_no_other_covers_are_cut_to_what_all_cover(tmp_path: Path) -> None:
    target = grid_of_the_target(tmp_path)
    north = source(tmp_path, "a", np.arange(LAT0 - 1, LAT0 + 8, 0.5), np.arange(LON0 - 1, LON0 + 3, 0.5))
    east = source(tmp_path, "b", np.arange(LAT0 - 1.25, LAT0 + 3, 0.75), np.arange(LON0 - 1.25, LON0 + 9, 0.75))
    chosen = choose_grid([], [north, east], target)
    assert chosen.source is north and chosen.different == 2 and chosen.part is not None and chosen.grid is not None
    write_grid(chosen, tmp_path / "grid.nc")
    with open_file(tmp_path / "grid.nc") as ds:
        grid = Grid.of(read_any_map(ds, tmp_path / "grid.nc"))
    rows, columns = chosen.part
    np.testing.assert_array_equal(grid.y, chosen.grid.y[rows])
    np.testing.assert_array_equal(grid.x, chosen.grid.x[columns])
    assert grid.y.max() < LAT0 + 3.5 and grid.x.max() > LON0 + 1.3
    assert choose_grid([], [north], target).part is None
    both = choose_grid([], [north, source(tmp_path, "c", *wide(2.5, 12.0))], target)
    assert (both.source, both.part) == (north, None) and "the finest that the others cover" in both.reasons[0]


def test_grids_without_a_common_part_leave_the_choice_open(tmp_path: Path) -> None:
    target = grid_of_the_target(tmp_path)
    one = source(tmp_path, "a", np.arange(LAT0 - 1, LAT0 + 3, 0.5), np.arange(LON0 - 1, LON0 + 3, 0.5))
    other = source(tmp_path, "b", np.arange(LAT0 + 20, LAT0 + 25, 0.5), np.arange(LON0 - 1, LON0 + 3, 0.5))
    assert choose_grid([], [one, other], target).source is None
