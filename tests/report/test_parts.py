"""Pictures inside the page."""

from __future__ import annotations

import base64

from matplotlib.figure import Figure

from rainsmith.report.parts import embed


def test_a_figure_becomes_an_address_that_holds_it(painted: None) -> None:
    figure = Figure(figsize=(1.0, 1.0))
    vector, raster = embed(figure, "alt", "caption"), embed(figure, "alt", kind="png", of_model=True)
    assert vector.source.startswith("data:image/svg+xml;base64,") and (vector.alt, vector.caption) == ("alt", "caption")
    assert b"<svg" in base64.b64decode(vector.source.partition(",")[2])
    assert raster.source.startswith("data:image/png;base64,") and raster.of_model
    assert base64.b64decode(raster.source.partition(",")[2]).startswith(b"\x89PNG")
