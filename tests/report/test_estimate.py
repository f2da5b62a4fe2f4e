"""What a report will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.config import Config
from rainsmith.report import estimate
from rainsmith.report.stage import report
from rainsmith.run_folder import Run
from tests.foretold import foretold_and_done
from tests.report.reading import forget_curves


def test_an_estimate_is_near_what_the_page_takes_and_leaves_nothing(
    config: Config, copied: Run, painted: None, monkeypatch: pytest.MonkeyPatch, one_day_of_maps: None
) -> None:
    monkeypatch.setattr(estimate, "DAYS", 1)
    forget_curves(copied)
    needed, path = foretold_and_done(estimate.needs, report, config, copied)
    size = Path(path).stat().st_size
    assert needed.of == "maps of 1 days" and size / 10 < needed.disk < 10 * size
