"""Files as sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.init.found_files import find_files
from rainsmith.init.look import look_into
from rainsmith.init.sources import group
from tests.init.made import days, pressure, rain, wide


def test_levels_in_files_of_their_own_are_sources_of_their_own(tmp_path: Path) -> None:
    time = days(last="2001-12-31")
    for level in (500, 850):
        pressure(time, *wide(), name="t").assign_coords(plev=float(level)).to_netcdf(tmp_path / f"t_{level}_2001.nc")
    pressure(time, *wide(), name="t").to_netcdf(tmp_path / "t2m_2001.nc")
    pressure(time, *wide(), name="t").to_netcdf(tmp_path / "tsoil_2001.nc")  # nothing but the name tells them apart
    sources = group([one for path in find_files([tmp_path]).paths for one in look_into(path)])
    assert [source.paths[0].name for source in sources] == [
        "t2m_2001.nc",
        "t_500_2001.nc",
        "t_850_2001.nc",
        "tsoil_2001.nc",
    ]


def test_days_that_are_there_twice_are_refused(tmp_path: Path) -> None:
    rain(days("2001-01-01", "2002-12-31")).to_netcdf(tmp_path / "pr_2001-2002.nc")
    rain(days("2002-01-01", "2003-12-31")).to_netcdf(tmp_path / "pr_2002-2003.nc")
    with pytest.raises(UserError, match="both hold 'pr' on 2002-01-01; expected each day once"):
        group([one for path in find_files([tmp_path]).paths for one in look_into(path)])
