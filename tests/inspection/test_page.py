"""The page: nothing from outside, a text for each picture, and readable on a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest

from rainsmith.inspection.page import render
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.sources import LagCorrelation, Source

WIDTHS = (400, 800, 1300)


@pytest.fixture(scope="module")
def html(found: Inspection) -> str:
    border = np.array([[0.0, 50.0], [4.0, 50.0], [4.0, 53.0], [0.0, 53.0], [0.0, 50.0]])
    source = Source("target", "<pr>", "m", "mm/day", 1000.0, (20, 16), (10.0, 10.0), border, 20010101, 20021231, 730)
    lags = [LagCorrelation(f"predictor_{i}", (0.1, 0.5, float("nan"))) for i in range(3)]
    extents = {"<pr>": border, "coarse grid": border * [1.2, 1.0]}
    return render(replace(found, sources=[source], lags=lags, extents=extents, said=["one notice & <more>"]))


def test_everything_is_inside_the_page_and_every_picture_has_a_text(html: str) -> None:
    links = re.findall(r'(?:src|href)="([^"]*)"', html) + re.findall(r"url\(([^)]*)\)", html)
    assert [link[:30] for link in links if not link.startswith(("data:image/", "#"))] == []
    pictures = re.findall(r"<img [^>]*>", html)
    assert len(pictures) == 7  # extents, four maps, the record, lags
    assert all(len(re.findall(r'alt="([^"]{20,})"', picture)) == 1 for picture in pictures)
    assert "<script" not in html


def test_parts_and_figures_stand_on_the_page(html: str, found: Inspection) -> None:
    for title in ("Sources", "The target", "Days", "How well the predictors explain", "Largest values", "prepare said"):
        assert re.search(rf"<h2>[^<]*{title}", html), title
    assert "m times 1000 = mm/day" in html and "365 training days are few" in html
    assert "&lt;pr&gt;" in html and "<pr>" not in html and "one notice &amp; &lt;more&gt;" in html
    assert html.count(f"<td>{found.largest[0].value:.0f}</td>") >= 1


def test_a_store_without_notes_and_predictors_of_files_has_a_page(found: Inspection) -> None:
    html = render(found)
    assert "The store says nothing of its sources" in html and "neighbouring days" not in html


def test_a_row_of_a_season_over_new_year_is_explained(found: Inspection) -> None:
    said = "with the year in which it ends"
    assert said not in render(found)
    winters = replace(found.months, months=(10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9))
    assert said in render(replace(found, months=winters))


def test_no_width_needs_a_movement_to_the_side(html: str, tmp_path: Path) -> None:
    """The page in frames of several widths of one browser, which says how wide its content is."""
    browser = next((path for name in ("chromium", "google-chrome", "chrome") if (path := shutil.which(name))), None)
    if browser is None:
        pytest.skip("found no Chromium")
    frames = "".join(f'<iframe width="{w}" height="3000" srcdoc="{escape(html)}"></iframe>' for w in WIDTHS)
    script = """<script>onload = () => { document.body.innerHTML = [...document.querySelectorAll("iframe")].map(f => {
        const d = f.contentDocument; return [d.documentElement.clientWidth, d.documentElement.scrollWidth,
        [...d.images].filter(i => i.complete && i.naturalWidth > 0).length].join(" "); }).join(";"); }</script>"""
    page = tmp_path / "frames.html"
    page.write_text(f"<!DOCTYPE html><body>{frames}{script}</body>", encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120)
    measured = re.search(r"<body>([\d ;]+)</body>", shown.stdout)
    assert measured, shown.stderr[-500:]
    for width, text in zip(WIDTHS, measured[1].split(";"), strict=True):
        visible, content, pictures = map(int, text.split())
        assert content <= visible <= width and visible > width - 20
        assert pictures == 7
