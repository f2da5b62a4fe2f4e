"""How well the predictors explain the rain: much, little, and what the data do not allow."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.inspection import explained as module
from rainsmith.inspection.explained import chosen_days, explained
from rainsmith.inspection.result import Inspection
from tests.fake_run import rain, store_of
from tests.inspection.made import config_of_years


def test_block_means_explain_more_than_the_climate_and_noise_explains_nothing(found: Inspection) -> None:
    good = {one.name: one for one in found.explained}
    assert list(good) == ["linear", "climatology", "bilinear", "analogs", "scaled-analogs"]
    assert good["scaled-analogs"].crps < good["analogs"].crps < good["climatology"].crps
    assert good["climatology"].gain == 0 and good["scaled-analogs"].gain > 0.3
    assert good["scaled-analogs"].share > good["analogs"].share > 0.3 > good["climatology"].share
    store = store_of(rain(730), config_of_years(), coarse_rain=False)
    poor = {one.name: one for one in explained(store)}
    assert list(poor) == ["linear", "climatology", "analogs"]  # the others need coarse rain
    assert poor["linear"].share < 0.1 and abs(poor["analogs"].gain) < 0.15


def test_the_crps_is_that_of_the_metric_of_all_days(found: Inspection) -> None:
    from rainsmith.baselines.registry import forecast
    from rainsmith.metrics import crps

    members = forecast("analogs", found.store, "validation", module.MEMBERS)
    members = members.sel(time=found.store["time"][chosen_days(found.store)])
    expected = float(crps(members, found.store["precip"].sel(time=members["time"])))
    (analogs,) = (one for one in found.explained if one.name == "analogs")
    assert analogs.crps == pytest.approx(expected, rel=1e-5)


def test_few_days_of_a_large_grid_are_forecast(found: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    every = np.flatnonzero(found.store["split"].values == 1)
    assert len(every) == 181 and len(chosen_days(found.store)) == module.MOST_DAYS
    cells = int(found.store["mask"].values.sum())
    monkeypatch.setattr(module, "MOST_VALUES", 20 * cells * module.MEMBERS)
    few = chosen_days(found.store)
    assert len(few) == 20 and set(few) <= set(every) and few[0] == every[0] and few[-1] == every[-1]
