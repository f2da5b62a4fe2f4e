"""The day of a value: bounds, offsets, rounded stamps, and steps that are not days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.dims import day_numbers
from rainsmith.base.errors import UserError
from rainsmith.data.sources.axes import read_days
from rainsmith.data.sources.files import open_variable
from tests.data.made import rain

HOUR, DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


def bounded(
    stamp: int, begin: int, end: int, *, name: str = "time_bnds", named: bool = True, calendar: str = "standard"
) -> xr.Dataset:
    """Six days of rain from 2001-01-01, with stamp and bounds so many hours after the beginning of each day."""
    made = rain(days=6, ny=3, nx=3, calendar=calendar)
    start = made["time"].values
    hours = [h * (HOUR if start.dtype.kind == "M" else HOUR.astype(object)) for h in (stamp, begin, end)]
    ds = made.assign_coords(time=start + hours[0]).to_dataset()
    ds[name] = (("time", "nv"), np.stack([start + hours[1], start + hours[2]], axis=1))
    ds["time"].encoding["units"] = "hours since 2001-01-01"
    if named:
        ds["time"].attrs["bounds"] = name
    return ds


def dates(ds: xr.Dataset, **options: Any) -> list[int]:
    return [int(number) for number in day_numbers(read_days(ds, "pr", "made", **options)["time"])]


FROM_THE_FIRST = list(range(20010101, 20010107))


@pytest.mark.parametrize(
    ("stamp", "begin", "end"),
    [
        (24, 0, 24),
        (0, 0, 24),
        (12, 0, 24),
        (30, 6, 30),
        (33, 9, 33),
        (12, 9, 33),
        (23, 0, 23),
        (18, 0, 18),
        (24, 1, 24),
    ],
)
@pytest.mark.parametrize(("calendar", "named"), [("standard", False), ("standard", True), ("noleap", True)])
def test_the_middle_of_the_bounds_says_the_day(stamp: int, begin: int, end: int, calendar: str, named: bool) -> None:
    ds = bounded(stamp, begin, end, name="time_bounds", named=named, calendar=calendar)
    read = read_days(ds, "pr", "made")
    assert list(day_numbers(read["time"])) == FROM_THE_FIRST
    np.testing.assert_array_equal(read.values, ds["pr"].values)
    assert read["time"].attrs.get("day_rule", "") == (
        "days of the middle of the time bounds, -1 day from those of the stamps" if stamp >= 24 else ""
    )


def test_stamps_that_lie_in_their_day_are_not_changed() -> None:
    ds = bounded(12, 9, 33)
    np.testing.assert_array_equal(read_days(ds, "pr", "made")["time"].values, ds["time"].values)


def test_a_moved_stamp_keeps_its_time_of_day() -> None:
    np.testing.assert_array_equal(
        read_days(bounded(24, 0, 24), "pr", "made")["time"], rain(days=6, ny=3, nx=3)["time"].values
    )


@pytest.mark.parametrize("form", ["nc", "zarr"])
def test_bounds_of_files_are_read(tmp_path: Path, form: str) -> None:
    ds = bounded(24, 0, 24)
    if form == "nc":
        ds.to_netcdf(tmp_path / "rain.nc")
    else:
        ds.to_zarr(tmp_path / "rain.zarr", zarr_format=3, consolidated=False)
    read = open_variable(f"rain.{form}", "pr", tmp_path)
    assert list(day_numbers(read["time"])) == FROM_THE_FIRST
    np.testing.assert_array_equal(read.values, ds["pr"].values)


def test_bounds_as_plain_numbers_and_turned_are_understood() -> None:
    ds = bounded(24, 0, 24).drop_vars("time_bnds")
    turned = ds.assign(time_bnds=(("nv", "time"), 24.0 * np.array([range(6), range(1, 7)])))
    assert dates(turned) == FROM_THE_FIRST
    assert dates(turned.drop_attrs().transpose("time", ...)) == FROM_THE_FIRST


@pytest.mark.parametrize("named", [True, False])
def test_files_of_one_day_with_a_time_without_dimension(tmp_path: Path, named: bool) -> None:
    ds = bounded(24, 0, 24, named=named)
    for i in range(6):
        ds.isel(time=i).to_netcdf(tmp_path / f"rain_{i}.nc")
    read = open_variable("rain_*.nc", "pr", tmp_path)
    assert list(day_numbers(read["time"])) == FROM_THE_FIRST
    np.testing.assert_array_equal(read.values, ds["pr"].values)


def test_the_span_is_one_of_days_of_the_middle() -> None:
    assert dates(bounded(24, 0, 24), span=(20010102, 20010103)) == [20010102, 20010103]


@pytest.mark.parametrize(
    ("begin", "end", "length"), [(11, 12, "1 hour"), (6, 12, "6 hours"), (0, 12, "12 hours"), (0, 720, "30 days")]
)
def test_bounds_that_are_no_day_are_refused(begin: int, end: int, length: str) -> None:
    with pytest.raises(
        UserError, match=rf"made: the time axis 'time' of 'pr' has bounds that are not .* 6 of 6 .*first: {length} at"
    ):
        dates(bounded(12, begin, end))


def test_a_part_of_a_day_is_refused_where_it_is_wanted() -> None:
    ds = bounded(24, 0, 24)
    ds["time_bnds"][0, 0] += 13 * HOUR
    with pytest.raises(UserError, match=r"1 of 6 times \(first: 11 hours at 2001-01-02 00:00\)"):
        dates(ds)
    assert dates(ds, span=(20010102, 20010106)) == FROM_THE_FIRST[1:]
    ds["time_bnds"][0, 0] = np.datetime64("NaT", "ns")
    with pytest.raises(UserError, match=r"1 of 6 times \(first: missing"):
        dates(ds)


def test_bounds_that_belong_to_other_stamps_are_refused() -> None:
    ds = bounded(24, 0, 24)
    with pytest.raises(UserError, match="bounds that do not contain their stamp on 6 of 6"):
        dates(ds.assign_coords(time=ds["time"] + 2 * DAY))


def test_instants_keep_the_day_of_their_stamp() -> None:
    assert dates(bounded(12, 12, 12)) == FROM_THE_FIRST


def test_missing_bounds_are_said_where_they_would_matter() -> None:
    for stamp, rule in ((24, "days of the stamps, since the bounds 'time_bnds' are missing"), (12, "")):
        read = read_days(bounded(stamp, 0, 24).drop_vars("time_bnds"), "pr", "made")
        assert read["time"].attrs.get("day_rule", "") == rule


@pytest.mark.parametrize("early", ["1s", "29s", "1ms"])
def test_stamps_just_before_midnight_are_rounded(early: str) -> None:
    made = rain(days=6, ny=3, nx=3)
    step = xr.date_range("2001-01-01", periods=2, freq=early).diff()[1].to_timedelta64()
    times = made["time"].values.astype("datetime64[ns]").copy()
    times[1::2] -= step
    read = read_days(made.assign_coords(time=times).to_dataset(), "pr", "made")
    np.testing.assert_array_equal(read["time"].values, made["time"].values)
    assert read["time"].attrs["day_rule"] == "stamps just before midnight, rounded to it"


@pytest.mark.parametrize("units", ["seconds since 1900-01-01", "minutes since 1850-01-01", "days since 1601-01-01"])
def test_single_precision_does_not_move_a_day(tmp_path: Path, units: str) -> None:
    made = rain(days=300, ny=2, nx=2)
    made.to_netcdf(tmp_path / "rain.nc", encoding={"time": {"units": units, "dtype": "f4"}})
    read = open_variable("rain.nc", "pr", tmp_path)
    np.testing.assert_array_equal(read["time"].values, made["time"].values)


@pytest.mark.parametrize("zone", [" +09:00", "+09:00", " +9:00", " +0900", " +9", " -05:00", " -3:30"])
@pytest.mark.parametrize("calendar", ["standard", "noleap"])
def test_the_local_date_of_an_offset_is_kept(zone: str, calendar: str) -> None:
    raw = rain(days=6, ny=3, nx=3).drop_vars("time").to_dataset()
    raw["time_bnds"] = (("time", "nv"), 24 * np.stack([np.arange(6), np.arange(1, 7)], axis=1))
    for reference in ("2001-01-01 00:00:00", "2001-01-01 00:00", "2001-1-1T00:00:00", "2001-01-01 "):
        attrs = {"units": f"hours since {reference}{zone}", "calendar": calendar, "bounds": "time_bnds"}
        ds = xr.decode_cf(raw.assign_coords(time=("time", 24 * np.arange(6), attrs)))
        for given in (ds.drop_vars("time_bnds"), ds):
            read = read_days(given, "pr", "made")
            assert list(day_numbers(read["time"])) == FROM_THE_FIRST
            assert set(read["time"].dt.hour.values) == {0}


def test_a_zone_of_zero_changes_nothing() -> None:
    time = ("time", 24 * np.arange(6), {"units": "hours since 2001-01-01 00:00:00 +00:00"})
    ds = xr.decode_cf(rain(days=6, ny=3, nx=3).assign_coords(time=time).to_dataset())
    assert dates(ds) == FROM_THE_FIRST


def test_missing_times_are_refused() -> None:
    ds = rain(days=6).to_dataset()
    times = ds["time"].values.copy()
    times[2] = np.datetime64("NaT", "ns")
    with pytest.raises(UserError, match="time axis 'time' of 'pr' has 1 missing times of 6"):
        dates(ds.assign_coords(time=times))


@pytest.mark.parametrize(
    "attrs",
    [
        {"units": "months since 2001-01-01"},
        {"units": "days since 2001-13-01"},
        {"units": "days since 2001-01-01", "calendar": "martian"},
    ],
)
@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_times_without_dates_say_that_it_is_the_time_axis(tmp_path: Path, attrs: dict[str, str], suffix: str) -> None:
    raw = rain(days=4, ny=2, nx=2).assign_coords(time=("time", np.arange(4.0), attrs))
    if suffix == "nc":
        raw.to_netcdf(tmp_path / "rain.nc")
    else:
        raw.to_zarr(tmp_path / "rain.zarr", zarr_format=3, consolidated=False)
    with pytest.raises(UserError, match=f"time axis 'time' has units '{attrs['units']}'.*expected units such as 'days"):
        open_variable(f"rain.{suffix}", "pr", tmp_path)


def test_one_file_for_each_step_of_six_hours_is_refused(tmp_path: Path) -> None:
    made = rain(days=5, ny=2, nx=2)
    for i in range(5):
        one = made.isel(time=[i]).assign_coords(time=[np.datetime64("2001-01-01T00:00") + 6 * i * HOUR])
        one.to_netcdf(tmp_path / f"rain_{i}.nc")
    with pytest.raises(UserError, match="one value every 6 hours"):
        open_variable("rain_*.nc", "pr", tmp_path)


def test_midnights_of_summer_and_winter_time_in_utc_are_refused() -> None:
    made = rain(days=300, ny=2, nx=2)
    summer = made["time"].dt.month.values > 3
    times = made["time"].values - np.where(summer, 2, 1) * HOUR
    with pytest.raises(
        UserError, match=r"stamps at 22:00 and at 23:00, as midnights of a local time .*shifttime,2hour"
    ):
        dates(made.assign_coords(time=times).to_dataset())
    morning = made.assign_coords(time=made["time"].values + np.where(summer, 8, 9) * HOUR)  # 09 local time
    assert dates(morning.to_dataset()) == list(day_numbers(made["time"]))


@pytest.mark.parametrize("reference", ["03-04-2001", "3/4/2001", "03.04.2001"])
def test_a_reference_date_that_is_read_in_two_ways_is_refused(tmp_path: Path, reference: str) -> None:
    attrs = {"units": f"days since {reference}"}
    rain(days=4, ny=2, nx=2).assign_coords(time=("time", np.arange(4.0), attrs)).to_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UserError, match="whose date can be read in two ways"):
        open_variable("rain.nc", "pr", tmp_path)


def test_overlapping_days_are_all_counted(tmp_path: Path) -> None:
    made = rain(days=20, ny=2, nx=2)
    made[:12].to_netcdf(tmp_path / "rain_a.nc")
    made[8:].to_netcdf(tmp_path / "rain_b.nc")
    with pytest.raises(UserError, match=r"4 repeated or overlapping days \(first: 2001-01-09\)"):
        open_variable("rain_*.nc", "pr", tmp_path)


def test_one_hour_of_each_day_without_bounds_is_read_as_daily() -> None:
    made = rain(days=6, ny=3, nx=3, hour=12)
    read = read_days(made.to_dataset(), "pr", "made")
    assert list(day_numbers(read["time"])) == FROM_THE_FIRST and "day_rule" not in read["time"].attrs
    np.testing.assert_array_equal(read.values, made.values)


@pytest.mark.parametrize("first", [22, 18])
def test_the_hours_of_summer_time_are_those_of_the_page(first: int) -> None:
    made = rain(days=300, ny=2, nx=2)
    hours = np.where(made["time"].dt.month.values > 3, first, first + 1) * HOUR
    with pytest.raises(UserError, match=f"stamps at {first}:00 and at {first + 1}:00"):
        dates(made.assign_coords(time=made["time"].values + hours).to_dataset())
