"""The stage writes one page."""

from __future__ import annotations

from pathlib import Path

from rainsmith.inspection.result import Inspection
from rainsmith.inspection.stage import inspect
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.small import small_config


def test_the_page_is_written_beside_the_store(prepared: Run, tmp_path: Path) -> None:
    run = copy_of(prepared, tmp_path)
    before = {path.name for path in run.folder.iterdir()}
    found = inspect(small_config(), run)
    assert isinstance(found, Inspection)
    assert {path.name for path in run.folder.iterdir()} - before == {"inspect.html"}
    html = found.path.read_text(encoding="utf-8")
    assert "data:image/png;base64,iVBOR" in html and "data:image/svg+xml;base64," in html
    assert found.lags[0].name == "coarse_rain"
