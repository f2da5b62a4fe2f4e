"""The section on augmentation: counts of days and of reasons are those of the file."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from rainsmith.report.gather import Material
from rainsmith.report.parts import Table
from rainsmith.report.synthetic_days import synthetic_days_section


def judged_days() -> pd.DataFrame:
    """Four days of which two were rejected, one of them by two checks."""
    reasons = [None, "spectrum: too smooth; mass: 0.4 too much", "spectrum: grainy, unlike mass: of rain", None]
    table = pd.DataFrame({"accepted": [True, False, False, True], "reason": reasons, "mode": "prior"})
    return table.assign(max_mm=[10.0, 99.0, 99.0, 30.0], mean_mm=2.0, source_max_mm=20.0)


def test_without_synthetic_days_there_is_no_section(material: Material) -> None:
    assert synthetic_days_section(material) is None


def test_days_and_reasons_are_counted(material: Material) -> None:
    section = synthetic_days_section(replace(material, judged_days=judged_days()))
    assert section is not None
    assert section.answer == "2 synthetic days were accepted, 50.0 % of the 4 that were judged."
    rejected, accepted = section.parts
    assert isinstance(rejected, Table) and isinstance(accepted, Table)
    assert [(row.title, row.cells[0].text) for row in rejected.rows] == [("Spectrum", "2"), ("Mass", "1")]
    largest = next(row for row in accepted.rows if row.title.startswith("Largest amount"))
    assert largest.cells[1].text == "20.0", "the median of the accepted days alone"


def test_where_all_are_rejected_nothing_is_said_of_accepted_ones(material: Material) -> None:
    section = synthetic_days_section(replace(material, judged_days=judged_days().assign(accepted=False)))
    assert section is not None and len(section.parts) == 1
