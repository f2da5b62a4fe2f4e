"""Domain maxima are rejected beyond the longest return period."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from rainsmith.augment.judge import Judge
from tests.augment.planted import days_and_members, failed


def test_rain_that_is_too_rare_is_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    sources, members = days_and_members(stores[kind], truth, kind)
    place = np.argwhere(np.isfinite(members).all(axis=0))[0]
    for years, rejected in ((5000.0, True), (500.0, False)):
        planted = members.copy()
        planted[:, *place] = judges[kind].training.tail.level(years)
        table = judges[kind](planted, sources)
        assert table["return_period"].to_numpy() == pytest.approx(years, rel=0.01)
        assert [("return_level" in checks) for checks in failed(table)] == [rejected] * len(table)
        assert not any("physical_range" in checks for checks in failed(table))
