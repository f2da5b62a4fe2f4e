"""Remarks come where something deserves a look, and only there."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from rainsmith.inspection.days import Gap
from rainsmith.inspection.explained import Explained
from rainsmith.inspection.remarks import meaning_of, remarks
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.sources import said_by_prepare
from tests.inspection.made import with_attrs


@pytest.fixture(scope="module")
def healthy(found: Inspection) -> Inspection:
    """The same with a longer record, many heavy days and splits of one climate."""
    splits = [replace(one, days=2000, heavy=100, mean=3.0, yearly=(3.0,) * 5) for one in found.splits]
    return replace(found, splits=splits)


def test_healthy_data_have_no_remark(healthy: Inspection) -> None:
    assert remarks(healthy) == []


def _first(found: Inspection, **values: object) -> list[object]:
    first, *others = found.splits
    return [replace(first, **values), *others]  # type: ignore[arg-type]


def _last(found: Inspection, **values: object) -> list[object]:
    *others, last = found.splits
    return [*others, replace(last, **values)]  # type: ignore[arg-type]


def test_each_fault_has_its_remark(healthy: Inspection) -> None:
    valid = np.where(np.isfinite(healthy.rain.valid), 0.5, np.nan)
    line = "msl: correlation 0.1, 0.2, 0.9; WARNING: the day after fits clearly better"
    said = said_by_prepare(with_attrs(healthy, prepare_said=json.dumps(["0 suspect values", line])).store)
    poor, lost = Explained("linear", "", 0.1), Explained("analogs", "", 0.0, 2.0, 0.01)
    faults = {
        "check the unit": replace(healthy, splits=[replace(one, mean=0.001) for one in healthy.splits]),
        "the day after fits clearly better": replace(healthy, said=said),
        "1 value stands alone among the neighbours and is left out": with_attrs(
            healthy, suspect_values="2001-01-02 y=1 x=2 500.0 mm (neighbours 3.0 mm)", suspect_action="mask"
        ),
        "members will hardly be nearer": replace(healthy, explained=[poor]),
        "Analogs are no better than climatology": replace(healthy, explained=[lost]),
        "a season that goes on over New Year": replace(
            healthy, cut="data.splits divide a season that goes on over New Year"
        ),
        "400 training days are few": replace(healthy, splits=_first(healthy, days=400)),
        "3 heavy days in train": replace(healthy, splits=_first(healthy, heavy=3)),
        "50 % more rain than the training days, which is more than single years differ by": replace(
            healthy, splits=_last(healthy, mean=4.5)
        ),
        "7 days are missing": replace(healthy, gaps=[Gap(20010105, 20010111, 7)]),
        "100 % of the cells are valid on less than 90 %": replace(healthy, rain=replace(healthy.rain, valid=valid)),
    }
    for words, faulty in faults.items():
        (sentence,) = remarks(faulty)
        assert words in sentence, sentence
        assert (sentence.endswith(".") and sentence[0].upper() == sentence[0]) or sentence.startswith("msl")


def test_a_dry_year_among_years_that_differ_is_called_chance(healthy: Inspection) -> None:
    first, second, third = healthy.splits
    varied = replace(first, yearly=(2.0, 4.0, 3.0, 2.5, 3.5))
    dry = replace(second, mean=2.4, yearly=(2.4,))
    (sentence,) = remarks(replace(healthy, splits=[varied, dry, third]))
    assert "20 % less rain" in sentence and "is what single years differ by" in sentence
    short = replace(first, yearly=(2.0, 4.0))
    (sentence,) = remarks(replace(healthy, splits=[short, dry, third]))
    assert "may be chance" in sentence


def test_more_that_is_explained_sounds_better() -> None:
    assert len({meaning_of(share) for share in (0.1, 0.3, 0.6, 0.9)}) == 4
    assert "most" in meaning_of(0.9) and "little" in meaning_of(0.1)
