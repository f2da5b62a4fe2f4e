"""Days that look like no training day are rejected."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.augment.judge import Judge
from tests.augment.planted import all_fail, days_and_members


def test_strangers_are_rejected(
    stores: dict[str, xr.Dataset], judges: dict[str, Judge], truth: xr.DataArray, kind: str
) -> None:
    """All rain of a day that is wet everywhere, in one smooth cell of it."""
    sources, members = days_and_members(stores[kind], truth, kind)
    row, column = np.mgrid[: members.shape[1], : members.shape[2]]
    place = np.argwhere(np.isfinite(members).all(axis=0))[-1]
    shape = np.exp(-((row - place[0]) ** 2 + (column - place[1]) ** 2) / 4)
    storms = np.where(np.isfinite(members), shape, np.nan)
    storms *= np.nanmean(members, axis=(1, 2), keepdims=True) / np.nanmean(storms, axis=(1, 2), keepdims=True)
    assert all_fail(judges[kind](storms, sources), "stranger")
