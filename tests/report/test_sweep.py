"""The section on the sweep: the ranking of the file, and what the checkpoint in use costs."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from rainsmith.report.gather import Material
from rainsmith.report.parts import Gallery, Table
from rainsmith.report.sweep import sweep_section
from rainsmith.sweep.text import PICTURED


def sweep_table() -> pd.DataFrame:
    """Three checkpoints, of which the one in use, ``best_prior``, is the second."""
    names = ["epoch_009", "best_prior epoch_012", "best_tail epoch_003"]
    table = pd.DataFrame({"rank": [1, 2, 3], "front": 1, "checkpoint": names, "epoch": [9, 12, 3]})
    scores = {f"prior_{name}": [1.0, 1.1, 1.4] for name in (*PICTURED, "mean", "spread_skill")}
    return table.assign(**scores)


def test_without_a_sweep_there_is_no_section(material: Material) -> None:
    assert sweep_section(material) is None


def test_the_ranking_is_that_of_the_file(material: Material) -> None:
    section = sweep_section(replace(material, sweep=sweep_table()))
    assert section is not None
    assert "Best of 3 saved epochs: 9 (epoch_009)." in section.answer
    assert "In use: best_prior, whose tail score is +10.0 % against it." in section.answer
    gallery, table = section.parts
    assert isinstance(gallery, Gallery) and isinstance(table, Table)
    assert [row.cells[0].text for row in table.rows] == ["9", "12", "3"]
    assert [row.cells[-1].small for row in table.rows] == ["", "in use", ""]
    best = sweep_section(replace(material, sweep=sweep_table().iloc[1:].assign(rank=[1, 2])))
    assert best is not None and best.answer.endswith("It is in use.")
