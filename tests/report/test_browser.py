"""The page as a reader sees it, in a headless Chromium: nothing is cut, faint, missing, or asked for outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rainsmith.report.gather import Material
from rainsmith.report.page import render
from tests.report.browser import Browser, browser, program
from tests.report.test_downscaler import scores_of_downscaler
from tests.report.test_sweep import sweep_table
from tests.report.test_synthetic_days import judged_days

SEEN = Path(__file__).with_name("seen_by_a_browser.js").read_text(encoding="utf-8")
WIDTHS = (400, 800, 1300)
TALLEST = 9_000
"""[px] of the page with its folds closed, at a width of 1300."""
UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def page(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every section that a run can have, its pictures painted."""
    whole = replace(
        material,
        sweep=sweep_table(),
        judged_days=judged_days(),
        downscaled={"q-srdrn-real-s0-test": scores_of_downscaler()},
        trials=pd.DataFrame(columns=["network"]),
    )
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(whole, 1), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module", params=WIDTHS)
def seen(request: pytest.FixtureRequest, chromium: Browser, page: Path) -> Iterator[tuple[int, Browser]]:
    chromium.open(page, request.param)
    yield request.param, chromium


def test_nothing_is_cut_faint_or_missing_at_any_width(seen: tuple[int, Browser]) -> None:
    width, chromium = seen
    for unfolded in (False, True):
        if unfolded:
            chromium.run(UNFOLD)
        found: dict[str, Any] = chromium.run(SEEN)
        assert found["page"][0] == width and found["wide"] == [], "no overflow"
        assert found["sideways"] == 0, "criteria and findings are read without moving them"
        assert found["faint"] == [], "contrast of WCAG AA"
        assert found["images"] > 30 and found["broken"] == found["unnamed"] == 0
        assert found["small"] == []
        if not unfolded and width == max(WIDTHS):
            assert found["page"][1] < TALLEST
    assert chromium.complaints() == [] and chromium.requests() == []


def test_the_contents_stay_in_view_on_a_wide_screen(chromium: Browser, page: Path) -> None:
    chromium.open(page, 1300)
    chromium.run("document.documentElement.style.scrollBehavior = 'auto'; scrollTo(0, 3000)")
    top, left = chromium.run("(b => [b.top, b.left])(document.querySelector('nav.side').getBoundingClientRect())")
    assert 0 <= top < 100 and left >= 0
    chromium.open(page, 400)
    shown = "(name => document.querySelector(name).getClientRects().length)"
    assert chromium.run(f"{shown}('nav.side')") == 0 and chromium.run(f"{shown}('nav.inline')") > 0


def test_a_click_enlarges_a_picture_and_another_one_closes_it(chromium: Browser, page: Path) -> None:
    chromium.open(page, 1300)
    chromium.run("document.querySelector('button.zoom').click()")
    large = "document.querySelector('#enlarged img')"
    assert chromium.run("document.querySelector('#enlarged').open")
    assert chromium.run(f"{large}.src === document.querySelector('button.zoom img').src")
    before, small = (
        chromium.run(f"{of}.getBoundingClientRect().width") for of in (large, "document.querySelector('button.zoom')")
    )
    assert before > 3 * small
    scale = "document.querySelector('#enlarged .scale').getClientRects().length"
    assert chromium.run(scale) == 1, "a map of rain has its colour bar"
    chromium.run(f"{large}.click()")
    assert chromium.run(f"{large}.getBoundingClientRect().width") > 1.5 * before
    chromium.run("document.querySelector('#enlarged button').click()")
    assert not chromium.run("document.querySelector('#enlarged').open")
    chromium.run("document.querySelector('#tail button.zoom').click()")
    assert chromium.run(scale) == 0 and chromium.run("document.querySelector('#enlarged').open")


def test_a_link_unfolds_what_it_leads_to_and_paper_has_no_folds(chromium: Browser, page: Path) -> None:
    chromium.open(page, 1300)
    assert not chromium.run("document.getElementById('scores').open")
    chromium.run("document.querySelector('nav.side a[href=\"#scores\"]').click()")
    chromium.run("new Promise(done => setTimeout(done, 50))")
    assert chromium.run("document.getElementById('scores').open")
    closed = "document.querySelectorAll('details:not([open])').length"
    folded = chromium.run(closed)
    chromium.run("dispatchEvent(new Event('beforeprint'))")
    assert chromium.run(closed) == 0
    chromium.run("dispatchEvent(new Event('afterprint'))")
    assert chromium.run(closed) == folded > 5


def test_every_table_is_downloaded_as_it_is_shown(chromium: Browser, page: Path) -> None:
    chromium.open(page, 800)
    lines = (
        "[...document.querySelectorAll('a[download]')].map(link => [link.download, "
        "atob(link.href.split(',')[1]).trim().split('\\n').length, "
        "link.parentElement.previousElementSibling.querySelectorAll('tr').length])"
    )
    tables = chromium.run(lines)
    assert len(tables) > 6
    assert all(name.endswith(".csv") and written == shown for name, written, shown in tables)
