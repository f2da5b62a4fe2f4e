"""Quality checks: impossible, tiny negative and suspect values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.check import SUSPECT_EXCESS_MM, check_precip, find_suspects
from rainsmith.data.sources.files import open_variable
from tests.data.made import rain


def planted(value: float, index: tuple[int, int, int] = (3, 4, 5)) -> xr.DataArray:
    made = rain(days=10).clip(max=30)
    made.values[index] = value
    return made


def test_tiny_negatives_become_zero_and_are_counted() -> None:
    made = planted(-0.05)
    made.values[0, 0, 1] = -1e-6
    checked = check_precip(made)
    assert checked.negatives == 2
    assert checked.precip.values[3, 4, 5] == 0
    assert np.nanmin(checked.precip) == 0
    assert made.values[3, 4, 5] < 0  # the input is not touched


@pytest.mark.parametrize(("value", "limit"), [(-0.2, "below -0.1"), (2500.0, "above 2000"), (np.inf, "above 2000")])
def test_impossible_values_are_refused(value: float, limit: str) -> None:
    with pytest.raises(UserError, match=f"1 values {limit} mm/day .*on 2001-01-04 at y=4.62e.06 x=425000.*points to"):
        check_precip(planted(value))


def test_no_valid_value_is_refused() -> None:
    with pytest.raises(UserError, match="no valid value"):
        check_precip(rain(days=3) * np.nan)


def test_a_value_that_stands_alone_is_kept_masked_or_refused() -> None:
    made = planted(400.0)
    kept, masked = check_precip(made, suspect="keep"), check_precip(made, suspect="mask")
    assert [s.index for s in kept.suspects] == [s.index for s in masked.suspects] == [(3, 4, 5)]
    assert kept.precip.values[3, 4, 5] == 400
    assert np.isnan(masked.precip.values[3, 4, 5])
    assert np.isnan(masked.precip.values).sum() == np.isnan(made.values).sum() + 1
    assert str(masked.suspects[0]).startswith("2001-01-04 y=4.62e+06 x=425000 400.0 mm (neighbours ")
    with pytest.raises(UserError, match=r"1 suspect values stand alone.*2001-01-04.*data.suspect"):
        check_precip(made, suspect="error")


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
    assert check_precip(made).suspects[0].day == "2001-01-04"


@pytest.mark.real_data
def test_the_two_known_suspects_of_the_balearic_data_and_no_other(real_data: Path) -> None:
    precip = open_variable("balearic/pcp_spread_*.nc", "tp", real_data)
    found = [(s.day, round(s.value, 1)) for s in find_suspects(precip)]
    assert found == [("2001-12-15", 315.1), ("2006-01-30", 444.2)]


@pytest.mark.real_data
def test_nothing_is_suspect_on_the_british_data(real_data: Path) -> None:
    precip = open_variable("haduk-grid-12km/rainfall_*.nc", None, real_data)
    checked = check_precip(precip, suspect="error")
    assert (checked.negatives, checked.suspects) == (0, ())
    assert float(checked.precip.max()) == pytest.approx(191.8, abs=0.05)  # 2015-12-05, real
