"""The page of the terminal: 80 columns, every part, also in plain characters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rainsmith.base.wrapping import WIDTH
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.sources import LagCorrelation, Source
from rainsmith.inspection.text import plain


def test_the_page_has_every_part_within_80_columns(found: Inspection) -> None:
    lags = [LagCorrelation("a predictor with a name that is far too long for a terminal " * 2, (0.1, -0.5, 0.2))]
    text = replace(found, lags=lags).text()
    assert max(len(line) for line in text.splitlines() if str(found.path) not in line) <= WIDTH  # a path stays whole
    for words in ("What to look at first", "Days, and heavy days", "Maps of the training days", "explain", "Largest"):
        assert words in text
    assert "365 training days are few" in text
    assert "2001-01-01 2001-12-31" in text
    assert f"the page with maps: {found.path}" in text
    assert "-0.50" in text and "a predictor with a name that is far too l" in text and "…" in text


def test_the_unit_of_a_flux_and_its_conversion_stand_in_full(found: Inspection) -> None:
    border = np.array([[0.0, 50.0], [4.0, 50.0], [4.0, 53.0], [0.0, 53.0], [0.0, 50.0]])
    days = (20010101, 20021231, 730)
    flux = Source("predictor", "prate", "kg m-2 s-1", "mm/day", 86400.0, (128, 128), (10.0, 10.0), border, *days)
    text = replace(found, sources=[flux]).text()
    assert "kg m-2 s-1 x 86400 = mm/day  128 x 128" in text


def test_a_share_below_zero_is_explained(found: Inspection) -> None:
    said = "Below 0 %: further from the rain"
    worse = [replace(one, share=-0.1) if one.name == "climatology" else one for one in found.explained]
    better = [replace(one, share=max(one.share, 0.0)) for one in found.explained]
    assert said in " ".join(replace(found, explained=worse).text().split())
    assert said not in " ".join(replace(found, explained=better).text().split())


def test_plain_characters_say_the_same(found: Inspection) -> None:
    text = found.text()
    assert "█" in text and "░" in text
    simple = plain(text)
    assert simple.isascii() and len(simple.splitlines()) == len(text.splitlines())
