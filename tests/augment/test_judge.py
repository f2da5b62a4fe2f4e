"""Days of the true climate are accepted; only the chosen checks reject, and all of them measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.augment.judge import Judge, Rejection, count_rejections, with_reasons
from rainsmith.base.dims import in_split
from tests.augment.planted import days_and_members, failed, heavy_days


@pytest.mark.parametrize("days", ["heavy_x", "all"])
def test_members_of_the_true_climate_are_accepted(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str, days: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind, days)
    table = judges[kind](members, sources)
    assert len(table) >= 20
    assert table["accepted"].mean() >= 0.95
    assert (table["accepted"] == (with_reasons(table)["reason"] == "")).all()


def test_only_the_checks_that_are_asked_for_reject_but_all_are_measured(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    sources = heavy_days(stores["blocks"])
    lenient = replace(judges["blocks"], rejecting=("source", "physical_range"))
    table = lenient(2 * sources["precip"].values, sources)
    assert table["accepted"].all()
    assert (table["mass"] > 0.9).all() and (table["nearest_distance"] < 0.01).all()
    assert {"return_period", "stranger", "spectrum"} <= set(table.columns)
    assert set(lenient.bounds()) <= set(table.columns)


def test_dry_days_are_neither_rough_nor_strange_and_missing_cells_are_not_looked_at(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    sources = in_split(stores["blocks"], "train").isel(time=slice(0, 3)).copy(deep=True)
    dry = judges["blocks"](np.zeros_like(sources["precip"].values), sources)
    assert not any(checks & {"spectrum", "stranger", "copy"} for checks in failed(dry))
    gap = np.argwhere(np.isfinite(sources["precip"].values).all(axis=0))[0]
    sources["precip"][:, *gap] = np.nan
    planted = sources["precip"].values.copy()
    planted[:, *gap] = 3000
    assert not any("physical_range" in checks for checks in failed(judges["blocks"](planted, sources)))


def test_rejections_are_records_that_are_counted_and_rendered() -> None:
    def says(figures: Mapping[str, Any]) -> str:
        return f"{figures['size']:.0f} cm; that is large"

    hail, copy = Rejection("hail", {"size": 4.0}, says), Rejection("copy", {"size": 0.0}, says)
    table = pd.DataFrame({"max_mm": [1.0, 2.0, 3.0], "rejections": [(copy, hail), (), (hail,)], "member": 7})
    assert count_rejections(table) == {"hail": 2, "copy": 1}
    rendered = with_reasons(table)
    assert list(rendered) == ["max_mm", "reason", "member"]
    both = "copy: 0 cm; that is large; hail: 4 cm; that is large"
    assert rendered["reason"].tolist() == [both, "", "hail: 4 cm; that is large"]


def test_a_reason_lists_the_checks_in_the_order_of_the_settings(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge]
) -> None:
    sources = heavy_days(stores["blocks"]).isel(time=slice(0, 2))
    for order in (("mass", "copy"), ("copy", "mass")):
        table = replace(judges["blocks"], rejecting=order)(2 * sources["precip"].values, sources)
        assert [[rejection.check for rejection in of_day] for of_day in table["rejections"]] == [list(order)] * 2
