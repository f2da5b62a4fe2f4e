"""The check of values that stand alone among their neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.config import Data
from rainsmith.data.checks import CheckLog, check_input
from rainsmith.data.checks.suspect_values import SUSPECT_EXCESS_MM, find_suspects, treat_suspect_values
from rainsmith.data.sources.files import open_variable
from tests.data.made import planted, rain


def test_a_value_that_stands_alone_is_kept_masked_or_refused() -> None:
    made = planted(400.0)
    assert [s.index for s in find_suspects(made)] == [(3, 4, 5)]
    kept, masked = (treat_suspect_values(made, Data(suspect=action)) for action in ("keep", "mask"))
    assert kept.field.values[3, 4, 5] == 400
    assert made.values[3, 4, 5] == 400  # the input is not touched
    assert np.isnan(masked.field.values[3, 4, 5])
    assert np.isnan(masked.field.values).sum() == np.isnan(made.values).sum() + 1
    assert masked.attributes["suspect_values"].startswith("2001-01-04 y=4.62e+06 x=425000 400.0 mm (neighbours ")
    assert (masked.attributes["suspect_action"], masked.notice) == ("mask", "1 suspect values (mask)")
    with pytest.raises(UserError, match=r"1 suspect values stand alone.*2001-01-04.*data.suspect"):
        treat_suspect_values(made, Data(suspect="error"))


def test_what_the_surroundings_support_is_not_suspect() -> None:
    storm = planted(400.0)
    storm.values[3, 3:6, 4] = storm.values[3, 3:6, 6] = 190.0  # 210 mm/day above the median, but not 2.5 times it
    assert find_suspects(storm) == []
    ridge = planted(350.0)
    ridge.values[3, 3:6, 4] = ridge.values[3, 3:5, 6] = 155.0  # five of eight neighbours on the ridge
    assert find_suspects(ridge) == []
    ridge.values[3, 3, 6] = 5.0  # four of eight: the median falls to 80 and less
    assert len(find_suspects(ridge)) == 1
    assert find_suspects(planted(SUSPECT_EXCESS_MM)) == []  # a wet cell of convection among dry ones
    lonely = planted(400.0)
    lonely.values[3, 3:6, 4:7] = np.nan
    lonely.values[3, 4, 5] = 400.0
    assert find_suspects(lonely) == []  # nobody to ask


def test_suspects_at_corners_and_edges_are_seen() -> None:
    made = rain(days=2, sea=False).clip(max=20)
    made.values[0, 0, 0] = made.values[1, -1, -1] = made.values[1, 3, 0] = 500.0
    assert {s.index for s in find_suspects(made)} == {(0, 0, 0), (1, 6, 8), (1, 3, 0)}


def test_calendars_without_numpy_dates_can_be_named() -> None:
    made = rain(days=10, calendar="360_day").clip(max=30)
    made.values[3, 4, 5] = 400.0
    assert find_suspects(made)[0].day == "2001-01-04"


@pytest.mark.real_data
def test_the_two_known_suspects_of_the_balearic_data_and_no_other(real_data: Path) -> None:
    precip = open_variable("balearic/pcp_spread_*.nc", "tp", real_data)
    suspects = [(s.day, round(s.value, 1)) for s in find_suspects(precip)]
    assert suspects == [("2001-12-15", 315.1), ("2006-01-30", 444.2)]


@pytest.mark.real_data
def test_nothing_is_suspect_on_the_british_data(real_data: Path) -> None:
    precip = open_variable("haduk-grid-12km/rainfall_*.nc", None, real_data)
    log = CheckLog()
    checked = check_input(precip, "target", "converted", Data(suspect="error"), log)
    assert (log.attributes["negatives_set_to_zero"], log.attributes["suspect_values"]) == (0, "")
    assert float(checked.max()) == pytest.approx(191.8, abs=0.05)  # 2015-12-05, real
