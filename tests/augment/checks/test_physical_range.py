"""Impossible amounts are rejected; cells that are not observed do not count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from rainsmith.augment.judge import Judge
from tests.augment.planted import all_fail, days_and_members, heavy_days


def test_impossible_amounts_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind)
    row, column = np.argwhere(np.isfinite(members).all(axis=0))[0]
    for amount in (3000.0, -1.0, np.nan, np.inf):
        planted = members.copy()
        planted[:, row, column] = amount
        table = judges[kind](planted, sources)
        assert all(of_day[0].check == "physical_range" for of_day in table["rejections"])
        assert all_fail(table, "physical_range")


def test_what_the_check_says_of_one_day(stores: dict[str, xr.Dataset], judges: dict[str, Judge]) -> None:
    sources = heavy_days(stores["forcing"]).isel(time=[0]).copy(deep=True)
    sources["precip"][:] = np.where(np.arange(sources["x"].size) == 3, np.nan, 1.0)  # a column without observations
    inside, missing, beyond, negative = (np.where(sources["precip"].isnull(), 9999.0, 5.0) for _ in range(4))
    missing[0, 0, 0], beyond[0, 0, 0], negative[0, 0, 0] = np.nan, 2000.1, -1e-3
    said = []
    for fields in (inside, missing, beyond, negative):
        table = replace(judges["forcing"], rejecting=("physical_range",))(fields, sources)
        said += [str(rejection) for rejection in table["rejections"][0]] or [""]
    outside = "physical_range: outside 0 to 2000 mm"
    assert said == ["", "physical_range: values missing at valid cells", outside, outside]
