"""The section on the experiment: there only where there was one, with tables of every arm."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from rainsmith.report.experiment import experiment_section
from rainsmith.report.gather import Material
from rainsmith.report.parts import Gallery, Table

LOSSES = {"real": 0.05, "oversampled": 0.06, "prior-25": 0.04}


@pytest.fixture
def trials() -> pd.DataFrame:
    row = {"network": "q-srdrn", "split": "test", "days": "all", "validation_loss": 0.5, "mapped_sedi_p99": 0.8123}
    return pd.DataFrame(
        [{**row, "arm": arm, "seed": seed, "pinball_p99": loss} for seed in range(3) for arm, loss in LOSSES.items()]
    )


@pytest.fixture
def gains() -> pd.DataFrame:
    row = {"network": "q-srdrn", "arm": "prior-25", "control": "real", "days": "all", "seeds": 3}
    row["controls"] = "real oversampled"
    better = {"score": "pinball_p99", "value": 0.04, "control_value": 0.05, "difference": -0.01, "gain": 0.2}
    even = {"score": "mapped_sedi_p99", "value": 0.8123, "control_value": 0.8123, "difference": 0.0, "gain": 0.0}
    return pd.DataFrame(
        [
            {**row, **better, "lower": -0.012, "upper": -0.008, "p": 0.001, "significant": True},
            {**row, **even, "lower": -0.01, "upper": 0.01, "p": 1.0, "significant": False},
        ]
    )


def test_a_run_without_an_experiment_has_no_section(material: Material) -> None:
    assert experiment_section(material) is None


def test_arms_are_compared_in_sentences_a_picture_and_a_table(
    material: Material, trials: pd.DataFrame, gains: pd.DataFrame
) -> None:
    section = experiment_section(replace(material, trials=trials, gains=gains))
    assert section is not None
    assert section.answer.startswith("1 of 1 arms are significantly better")
    assert any("significantly better in pinball_p99 (+20.0 %)" in text for text in section.listed)
    gallery, table = section.parts
    assert isinstance(gallery, Gallery) and isinstance(table, Table)
    assert table.title == "q-srdrn, all days, 3 seeds, test days"
    assert [column.title for column in table.columns] == list(LOSSES)
    cells = {row.title: row.cells for row in table.rows}
    assert [(cell.text, cell.mark) for cell in cells["Pinball loss of the 0.99 quantile [mm]"]] == [
        ("0.0500", ""),
        ("0.0600", ""),
        ("0.0400", "better"),
    ]
    assert {cell.mark for cell in cells["SEDI above P99, mapped"]} == {""}


def test_several_numbers_of_synthetic_days_have_a_picture_of_their_own(
    material: Material, trials: pd.DataFrame, gains: pd.DataFrame
) -> None:
    more = pd.concat([gains, gains.assign(arm="prior-50")])
    section = experiment_section(replace(material, trials=trials, gains=more))
    assert section is not None and [part.kind for part in section.parts] == ["gallery", "gallery", "table"]


def test_controls_alone_have_a_table_and_no_picture(
    material: Material, trials: pd.DataFrame, gains: pd.DataFrame
) -> None:
    section = experiment_section(replace(material, trials=trials, gains=gains.iloc[:0]))
    assert section is not None and [part.kind for part in section.parts] == ["table"]
    assert not section.listed


def test_one_table_without_the_other_is_incomplete(material: Material, trials: pd.DataFrame) -> None:
    section = experiment_section(replace(material, trials=trials))
    assert section is not None and not section.parts
    assert "The tables of the experiment are incomplete" in section.missing
