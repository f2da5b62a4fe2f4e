"""The entry of the target: unit and further dimensions."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from rainsmith.init.look import look_into
from rainsmith.init.questions import Settled, nobody
from rainsmith.init.sources import Source, group
from rainsmith.init.target import target_entry
from tests.init.made import days, rain

TIME = days(last="2001-12-31")


def target(folder: Path, da: xr.DataArray) -> Source:
    da.to_netcdf(folder / "pr.nc")
    return group(look_into(folder / "pr.nc"))[0]


@pytest.mark.parametrize(
    ("units", "factor", "expected"),
    [
        ("mm", 1.0, None),
        ("kg m-2 s-1", 1 / 86400, None),
        ("m", 1e-3, None),
        (None, 1.0, "mm/day"),
        (None, 1e-3, "m"),
        ("", 1 / 86400, "kg m-2 s-1"),
        ("kg m-2 s-1", 1.0, "mm/day"),
        ("banana", 10.0, "0.1 mm"),
    ],
)
def test_a_unit_that_cannot_be_is_replaced_by_the_most_likely_and_left_open(
    tmp_path: Path, units: str | None, factor: float, expected: str | None
) -> None:
    entry = target_entry(target(tmp_path, rain(TIME, units=units, factor=factor)), Settled(0), nobody)
    assert entry.values.get("units") == expected
    assert len(entry.todos) == (expected is not None)


def test_a_member_is_asked_for(tmp_path: Path) -> None:
    members = xr.concat([rain(TIME), rain(TIME)], dim=xr.DataArray([3, 7], dims="member", name="member"))
    source = target(tmp_path, members.transpose("time", "member", "lat", "lon"))
    assert target_entry(source, Settled(0), lambda question: 1).values["select"] == {"member": 7}
    assert "Which member" in target_entry(source, Settled(0), nobody).todos[0]
