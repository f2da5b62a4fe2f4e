"""Running sums are told from daily rain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks.accumulated import refuse_accumulated
from tests.data.made import mapped, rain
from tests.prepare.made import made


@pytest.mark.parametrize("days", [1000, 30])
def test_sums_since_a_first_day_are_refused(days: int) -> None:
    """30 days are a month, after which the sum begins anew."""
    field = rain(days=days)
    field.values[:] = np.concatenate([np.cumsum(part, axis=0) for part in np.split(field.values, days // 10)][:days])
    sums = rain(days=days).copy(data=np.cumsum(rain(days=days).values, axis=0))
    for one in (field, sums):
        with pytest.raises(UserError, match=r"'pr' rises on .* summed up since a first day .*cdo deltat"):
            refuse_accumulated(one, Data())


def test_daily_rain_and_rain_that_never_changes_pass() -> None:
    for seed in range(5):
        refuse_accumulated(rain(days=300, seed=seed), Data())
    refuse_accumulated(rain(days=300) * 0 + 5, Data())


def test_prepare_refuses_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rises on 100% of its changes"):
        made(tmp_path, mapped(rain().copy(data=np.cumsum(rain().values, axis=0))))
