"""What was assumed of the places of the cells is said once and leaves the field."""

from __future__ import annotations

from pathlib import Path

from rainsmith.data.checks import CheckLog, check_input
from rainsmith.data.checks.cell_places import NOTICE
from tests.data.made import config, rain


def test_a_notice_goes_from_the_field_to_the_log(tmp_path: Path) -> None:
    settings, log = config(tmp_path).data, CheckLog()
    told = rain(days=2).assign_attrs({NOTICE: "axes were computed"})
    checked = check_input(told, "predictor", "read", settings, log)
    assert NOTICE not in checked.attrs and NOTICE in told.attrs
    assert "axes were computed" in log.notices
    assert log.attributes["places_pr"] == "axes were computed"


def test_without_a_notice_nothing_is_said(tmp_path: Path) -> None:
    log = CheckLog()
    check_input(rain(days=2), "predictor", "read", config(tmp_path).data, log)
    assert not [key for key in log.attributes if key.startswith("places")]
