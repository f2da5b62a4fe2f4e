"""The loop over all checks, and that a new one is a record in one place."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.base.registry import Registry
from rainsmith.config import Data
from rainsmith.data.checks import INPUT_CHECKS, CheckLog, InputCheck, Outcome, check_input, registry
from tests.data.made import planted, pressure, rain


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry[InputCheck]]:
    """A registry that tests may add to: it holds the checks that there are."""
    copy: Registry[InputCheck] = Registry("check of input data", "rainsmith.data.checks")
    for check in INPUT_CHECKS:
        copy.add(check)
    copy._complete = True
    monkeypatch.setattr(registry, "INPUT_CHECKS", copy)
    yield copy


def fill_value(da: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    return Outcome(da.where(da != -999.0), {"fill_values": int((da == -999.0).sum())}, "fill values set to NaN")


def same_days(da: xr.DataArray, settings: Data, target: xr.DataArray | None = None) -> Outcome:
    if target is not None and da["time"].values[0] > target["time"].values[0]:
        raise UserError(f"'{da.name}' begins after the target")
    return Outcome(da)


def test_every_check_says_what_it_is() -> None:
    assert {"no-values", "impossible-values", "suspect-values", "tiny-negatives"} <= set(INPUT_CHECKS.names())
    assert len({check.order for check in INPUT_CHECKS}) == len(INPUT_CHECKS)
    for check in INPUT_CHECKS:
        assert check.looks_at and check.meaning.endswith(".")


def test_the_loop_refuses_mends_and_counts() -> None:
    made = planted(400.0)
    made.values[0, 0, 1] = -0.01
    log = CheckLog()
    checked = check_input(made, "target", "converted", Data(), log)
    assert np.isnan(checked.values[3, 4, 5]) and checked.values[0, 0, 1] == 0
    assert log.attributes["negatives_set_to_zero"] == 1 and log.attributes["suspect_action"] == "mask"
    assert log.notices == ["1 suspect values (mask)", "1 tiny negatives set to 0"]
    with pytest.raises(UserError, match="above 2000"):
        check_input(planted(3000.0), "target", "converted", Data())


def test_a_check_of_values_as_they_were_read_runs_before_those_in_mm(one_more: Registry[InputCheck]) -> None:
    one_more.add(InputCheck("fill", 5, "fill values", "Values of -999 become NaN.", ("target",), "read", fill_value))
    log = CheckLog()
    checked = check_input(planted(-999.0), "target", "read", Data(), log)
    assert np.isnan(checked.values[3, 4, 5])
    assert (log.attributes, log.notices) == ({"fill_values": 1}, ["fill values set to NaN"])
    check_input(checked, "target", "converted", Data())


def test_attributes_of_predictors_and_maps_end_in_their_name(one_more: Registry[InputCheck]) -> None:
    kinds = ("predictor", "static")
    one_more.add(InputCheck("fill", 5, "fill values", "Values of -999 become NaN.", kinds, "read", fill_value))
    log = CheckLog()
    check_input(pressure(), "predictor", "read", Data(), log)
    check_input(rain(days=1)[0].rename("height"), "static", "read", Data(), log)
    check_input(planted(9.0), "target", "read", Data(), log)
    assert log.attributes == {"fill_values_msl": 0, "fill_values_height": 0}


def test_a_check_may_compare_a_predictor_with_the_target(one_more: Registry[InputCheck]) -> None:
    one_more.add(InputCheck("days", 5, "days", "Days must begin together.", ("predictor",), "read", same_days))
    late = pressure("2001-02-01")
    check_input(late, "predictor", "read", Data())  # no observations, nothing to compare with
    with pytest.raises(UserError, match="'msl' begins after the target"):
        check_input(late, "predictor", "read", Data(), target=rain())
