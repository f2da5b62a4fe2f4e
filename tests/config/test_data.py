"""The section ``data``: splits of the embedded climate, and sources that have exactly one origin."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from rainsmith.config import Data, PredictorSource, StaticSource


@pytest.mark.parametrize(
    ("demo", "train", "validation", "test"),
    [
        ({}, (2001, 2006), (2007, 2007), (2008, 2008)),
        ({"years": 3}, (2001, 2001), (2002, 2002), (2003, 2003)),
        ({"first_year": 1990, "years": 5}, (1990, 1992), (1993, 1993), (1994, 1994)),
    ],
)
def test_the_demo_keeps_its_last_two_years(demo: dict[str, int], train: Any, validation: Any, test: Any) -> None:
    splits = Data.model_validate({"demo": demo}).splits
    assert (splits.train, splits.validation, splits.test) == (train, validation, test)


def test_splits_of_its_own_and_other_data_stay_as_they_are() -> None:
    own = {"train": [2001, 2002], "validation": [2003, 2003], "test": [2004, 2004]}
    assert Data.model_validate({"splits": own}).splits.test == (2004, 2004)
    assert Data.model_validate({"kind": "gridded"}).splits == Data.model_fields["splits"].default


def test_a_refused_demo_says_what_is_wrong_with_it() -> None:
    with pytest.raises(ValidationError) as refused:
        Data.model_validate({"demo": {"years": 2}})
    assert [error["loc"] for error in refused.value.errors()] == [("demo", "years")]


def test_a_split_is_years_or_periods() -> None:
    values = {"kind": "gridded", "splits": {"train": [["2001-01-01", "2001-06-30"], ["2002-01-01", "2002-06-30"]]}}
    assert Data.model_validate(values).splits.train == [("2001-01-01", "2001-06-30"), ("2002-01-01", "2002-06-30")]


@pytest.mark.parametrize("values", [{}, {"from": "target", "files": "a.nc"}])
def test_predictors_have_one_origin(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exactly one of 'from: target' and 'files'"):
        PredictorSource.model_validate(values)
    assert PredictorSource.model_validate({"from": "target"}).from_ == "target"
    assert PredictorSource.model_validate({"files": "a.nc"}).from_ is None


@pytest.mark.parametrize("values", [{}, {"derive": "distance_to_coast", "files": "a.nc"}])
def test_static_maps_have_one_origin(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exactly one of 'files' and 'derive'"):
        StaticSource.model_validate(values)
    assert StaticSource.model_validate({"derive": "distance_to_coast"}).files is None


@pytest.mark.parametrize("month", [0, 13])
def test_months_are_those_of_a_year(month: int) -> None:
    with pytest.raises(ValidationError):
        Data.model_validate({"months": [6, month]})
    assert Data.model_validate({"months": [1, 12]}).months == [1, 12]
