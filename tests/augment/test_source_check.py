"""Days of other splits are rejected, whatever they look like."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from rainsmith.augment.judge import Judge
from rainsmith.base.dims import in_split
from tests.augment.planted import all_fail, texts


def test_days_from_outside_the_training_split_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    """Whatever they look like, and whichever checks are asked for."""
    test = in_split(stores[kind], "test")
    members = truth.sel(time=test["time"].values).values
    for judge in (judges[kind], replace(judges[kind], rejecting=("source",))):
        table = judge(members, test)
        assert all_fail(table, "source") and texts(table, "source").str.contains("is not a training day").all()
        assert table["source_distance"].isna().all()
