"""Pictures inside the page."""

from __future__ import annotations

import base64
import csv

from matplotlib.figure import Figure

from rainsmith.report.parts import Cell, Column, Row, Table, embed


def test_a_figure_becomes_an_address_that_holds_it(painted: None) -> None:
    figure = Figure(figsize=(1.0, 1.0))
    vector, raster = embed(figure, "alt", "caption"), embed(figure, "alt", kind="png", of_model=True)
    assert vector.source.startswith("data:image/svg+xml;base64,") and (vector.alt, vector.caption) == ("alt", "caption")
    assert b"<svg" in base64.b64decode(vector.source.partition(",")[2])
    assert raster.source.startswith("data:image/png;base64,") and raster.of_model
    assert base64.b64decode(raster.source.partition(",")[2]).startswith(b"\x89PNG")


def test_a_table_is_a_file_that_spreadsheets_read() -> None:
    columns = [Column("Model"), Column("Asked for", kind="text")]
    cells = [Cell("\N{MINUS SIGN}1.50", "\N{MINUS SIGN}2.00 to 1.00"), Cell('within 10, or "less"')]
    rows = [Row("Mean", cells, unit="mm/day"), Row("KS", [Cell("–"), Cell(grade="good")])]
    table = Table("All days, 50 days", "Score", columns, rows)
    assert table.file_name == "all-days-50-days.csv"
    kind, _, text = table.as_csv.partition("base64,")
    assert kind == "data:text/csv;"
    assert list(csv.reader(base64.b64decode(text).decode("utf-8").splitlines())) == [
        ["Score", "unit", "Model", "Model, beside it", "Asked for"],
        ["Mean", "mm/day", "-1.50", "-2.00 to 1.00", 'within 10, or "less"'],
        ["KS", "", "", "", "good"],
    ]
