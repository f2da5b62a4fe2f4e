"""Which source is the target, and which are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from rainsmith.init.found_files import find_files
from rainsmith.init.look import look_into
from rainsmith.init.questions import nobody
from rainsmith.init.roles import tell_apart
from rainsmith.init.sources import Source, group
from tests.init.made import days, pressure, rain, wide

TIME = days(last="2001-03-31")


def sources_of(folder: Path, *arrays: xr.DataArray) -> list[Source]:
    for number, da in enumerate(arrays):
        da.to_netcdf(folder / f"{number}.nc")
    return group([one for path in find_files([folder]).paths for one in look_into(path)])


def test_the_finest_total_precipitation_is_the_target_and_the_coarser_one_its_input(tmp_path: Path) -> None:
    fine, coarse = rain(TIME, name="RR"), rain(TIME, name="tp", step=0.3, units="m")
    part, other = rain(TIME, name="prc", step=0.3), rain(TIME, name="evspsbl", step=0.3, units="mm")
    roles = tell_apart(sources_of(tmp_path, coarse, part, fine, other), nobody)
    assert roles.target.name == "RR" and [source.name for source in roles.coarse_rain] == ["tp"]
    assert [source.name for source in roles.predictors] == ["tp", "prc", "evspsbl"] and not roles.told.todo


def test_a_unit_that_nobody_knows_is_none_of_rain(tmp_path: Path) -> None:
    odd = pressure(TIME, *wide(), name="x", units="banana")
    roles = tell_apart(sources_of(tmp_path, rain(TIME), odd), nobody)
    assert [source.name for source in roles.fields] == ["x"] and not roles.maybe_rain


def test_rain_that_only_its_unit_tells_is_left_open(tmp_path: Path) -> None:
    roles = tell_apart(sources_of(tmp_path, rain(TIME, name="nieder"), rain(TIME, name="swe", units="mm")), nobody)
    assert roles.target.name == "nieder" and "because of its unit 'mm' alone" in roles.told.todo


def test_a_fine_grid_whose_names_speak_of_rain_outranks_coarse_rain_of_an_exact_name(tmp_path: Path) -> None:
    fine, coarse = rain(TIME, name="pr_obs", units="mm d-1"), rain(TIME, name="tp", step=0.3, units="m")
    deviation = rain(TIME, name="pr_std", units="mm d-1")
    roles = tell_apart(sources_of(tmp_path, coarse, deviation, fine), nobody)
    assert roles.target.name == "pr_obs" and [source.name for source in roles.coarse_rain] == ["tp"]
    assert "'pr obs'" in roles.told.reason and not roles.told.todo


def test_rain_without_a_unit_is_the_target_where_its_long_name_says_so(tmp_path: Path) -> None:
    fine = rain(TIME, name="P", units=None).assign_attrs(long_name="gridded gauge precipitation")
    coarse = rain(TIME, name="prate", step=0.3, units="kg m-2 s-1").assign_attrs(long_name="precipitation rate")
    assert tell_apart(sources_of(tmp_path, fine, coarse), nobody).target.name == "P"


def test_a_finer_field_that_only_its_unit_tells_is_asked_for(tmp_path: Path) -> None:
    sources = sources_of(tmp_path, rain(TIME, name="nieder"), rain(TIME, name="tp", step=0.3, units="m"))
    roles = tell_apart(sources, nobody)
    assert roles.target.name == "nieder" and "'tp' of 1.nc" in roles.told.todo
    assert tell_apart(sources, lambda question: 1).target.name == "tp"


def test_a_calendar_without_leap_days_goes_with_the_usual_one_and_one_of_360_days_does_not(tmp_path: Path) -> None:
    noleap = pressure(days(last="2001-03-31", calendar="noleap"), *wide(), name="z")
    even = pressure(days(last="2001-03-30", calendar="360_day"), *wide(), name="t")
    roles = tell_apart(sources_of(tmp_path, rain(TIME), noleap, even), nobody)
    assert [source.name for source in roles.fields] == ["z"]
    assert [source.name for source, why in roles.left_out if "its calendar is '360_day'" in why] == ["t"]


def test_what_is_no_weather_is_left_out_with_the_reason(tmp_path: Path) -> None:
    stations = rain(TIME, name="n_stations", units="1")
    direction = pressure(TIME, *wide(), name="wind_dir", units="degrees")
    flags = pressure(TIME, *wide(), name="kind").assign_attrs(flag_values=np.array([1.0, 2.0, 3.0]))
    roles = tell_apart(sources_of(tmp_path, rain(TIME), stations, direction, flags), nobody)
    reasons = {source.name: why for source, why in roles.left_out}
    assert "counts" in reasons["n_stations"] and "neighbours" in reasons["wind_dir"] and "flags" in reasons["kind"]
