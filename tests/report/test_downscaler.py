"""The section on downscalers: the scores of the file, beside the climatology."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from rainsmith.report.downscaler import downscaler_section
from rainsmith.report.gather import Material
from rainsmith.report.parts import Table


def scores_of_downscaler() -> pd.DataFrame:
    """Rows of a table of ``evaluation/`` for a network and for the climatology, which has quantiles only."""
    rows = [
        ("q-srdrn-real", "all", "pinball_p99", np.nan, 0.05),
        ("climatology", "all", "pinball_p99", np.nan, 0.08),
        ("q-srdrn-real", "all", "csi", 20.0, 0.31),
        ("q-srdrn-real", "all", "csi", 50.0, 0.12),
        ("q-srdrn-real", "all", "csi", 8.17, 0.5),
        ("q-srdrn-real", "heavy_x", "csi", 20.0, 0.99),
        ("q-srdrn-real", "all", "wasserstein", np.nan, 0.7),
    ]
    table = pd.DataFrame(rows, columns=["model", "days", "metric", "threshold", "value"])
    return table.assign(scale=np.nan, units="1", lower=table["value"] - 0.01, upper=table["value"] + 0.01)


def test_without_a_downscaler_there_is_no_section(material: Material) -> None:
    assert downscaler_section(material) is None


def test_scores_stand_beside_the_climatology(material: Material) -> None:
    section = downscaler_section(replace(material, downscaled={"q-srdrn-real-s0-test": scores_of_downscaler()}))
    assert section is not None and "q-srdrn-real-s0-test" in section.answer
    (table,) = section.parts
    assert isinstance(table, Table)
    assert [column.title for column in table.columns] == ["q-srdrn-real", "climatology"]
    cells = {row.title: [cell.text for cell in row.cells] for row in table.rows}
    assert cells == {
        "Pinball loss of P99": ["0.0500", "0.0800"],
        "Critical success index, 20 mm/day": ["0.310", "–"],
        "Critical success index, 50 mm/day": ["0.120", "–"],
    }
