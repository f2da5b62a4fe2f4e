"""The cells of every tutorial run one after another in an empty folder, as a reader would run them, without Sphinx.

What they print or draw is not compared: that is what the pages of the site show. Each page must end with what it
promises, and each page that trains says that its training is too short.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import pandas as pd
import pytest
import xarray as xr

from rainsmith.config import Demo
from rainsmith.data.raw import RawData

TUTORIALS = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
MOST_SECONDS = 30
"""[s] of the processor that a page may take, so that it can be built and tested often."""


def cells_of(page: Path) -> list[str]:
    """The code of a notebook in the form of a page, cell by cell."""
    return re.findall(r"^```\{code-cell\} python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def one_climate() -> Iterator[None]:
    """The climate whose files all pages read is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(TUTORIALS)
        made_region = importlib.import_module("made_region")
        climate, made = made_region.climate, list[RawData]()

        def once(demo: Demo) -> SimpleNamespace:
            if not made:
                made.append(climate(demo).raw())
            return SimpleNamespace(raw=lambda: made[0])

        patch.setattr(made_region, "climate", once)
        yield


@pytest.fixture
def executed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that a page leaves behind, after all its cells ran in an empty folder."""
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(TUTORIALS)
    monkeypatch.setenv("RAINSMITH_QUIET", "1")
    page = TUTORIALS / f"{request.param}.md"
    names: dict[str, Any] = {}
    started = time.process_time()
    for number, cell in enumerate(cells_of(page), start=1):
        exec(compile(cell, f"{page.name}, cell {number}", "exec"), names)
    matplotlib.pyplot.close("all")
    assert time.process_time() - started < MOST_SECONDS
    return names


@pytest.mark.parametrize("executed", ["new-region"], indirect=True)
@pytest.mark.usefixtures("unpainted_report")
def test_a_new_region_goes_from_files_to_a_verdict(executed: dict[str, Any], tmp_path: Path) -> None:
    table = executed["table"]
    assert {"hierarchical", "scaled-analogs", "climatology"} <= set(table["model"])
    crps = table.query("metric == 'crps'").set_index("model")["value"]
    assert 0 < crps["hierarchical"] < crps["climatology"]
    assert sum(executed["diagnosis"].count().values()) == len(executed["diagnosis"].findings) > 10
    assert (tmp_path / "runs/my-region/report.html").is_file()


@pytest.mark.parametrize("executed", ["augmentation"], indirect=True)
def test_augmentation_makes_accepted_days_and_scores_two_downscalers(executed: dict[str, Any]) -> None:
    assert executed["is_synthetic"].sum() == executed["judged"]["accepted"].sum() > 0
    chosen: pd.DataFrame = executed["chosen"]
    assert set(chosen["train_on"]) == {"real", "augmented"}
    assert (chosen.query("metric == 'quantile_crps'")["value"] > 0).all()


@pytest.mark.parametrize("executed", ["new-period"], indirect=True)
def test_a_new_period_gets_members_without_observations(executed: dict[str, Any]) -> None:
    members: xr.DataArray = executed["members"]
    assert members.sizes["time"] == 365 and members.sizes["member"] == 20
    assert set(members["time"].dt.year.values) == {2005}
    assert float(members.max()) > 0 and not list(Path("files-2005").glob("observed*"))
    spread = {name: float(executed[name].std("member").mean()) for name in ("variations", "more")}
    assert 0 < spread["variations"] and 0 < spread["more"]


def test_every_tutorial_is_tested_and_says_that_its_training_is_short() -> None:
    pages = {page.stem: page.read_text("utf-8") for page in TUTORIALS.glob("*.md")}
    assert set(pages) == {"new-region", "augmentation", "new-period"}
    for name, text in pages.items():
        assert "far too short" in text, name
        assert len(cells_of(TUTORIALS / f"{name}.md")) == text.count("{code-cell}") > 5, name
