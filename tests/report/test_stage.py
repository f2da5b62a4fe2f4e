"""The stage: it writes one page, or pictures alone, and refuses what it cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.report import estimate
from rainsmith.report.gather import Material
from rainsmith.report.maps import heaviest
from rainsmith.report.stage import report
from rainsmith.run_folder import Run
from tests.foretold import foretold_and_done
from tests.report.reading import forget_curves


def test_the_page_is_written_and_its_path_returned(
    config: Config, copied: Run, painted: None, one_day_of_maps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "DAYS", 1)
    forget_curves(copied)
    needed, path = foretold_and_done(estimate.needs, report, config, copied)
    size = path.stat().st_size
    assert needed.of == "maps of 1 days" and size / 10 < needed.disk < 10 * size
    assert path == copied.folder / "report.html"
    html = path.read_text(encoding="utf-8")
    assert "data:image/png;base64,iVBOR" in html and "data:image/svg+xml;base64," in html
    assert [child.name for child in copied.folder.iterdir() if "report" in child.name] == ["report.html"]


def test_pictures_alone_are_one_a_day_in_order_and_no_page(
    config: Config, finished: Run, material: Material, tmp_path: Path
) -> None:
    folder = report(config, finished, days=2, png=tmp_path / "pictures")
    files = sorted(folder.iterdir())
    numbers = day_numbers(material.days[TIME])[heaviest(material, 2)]
    dates = [f"{n // 10000}-{n // 100 % 100:02d}-{n % 100:02d}" for n in numbers]
    assert [path.name for path in files] == [f"{rank:03d}_{date}.png" for rank, date in enumerate(dates, start=1)]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files)
    assert not (finished.folder / "report.html").exists()


def test_nothing_is_shown_for_fewer_than_one_day(config: Config, finished: Run) -> None:
    with pytest.raises(UserError, match="--days 0; expected at least 1"):
        report(config, finished, days=0)


def test_no_store_is_an_error_that_names_the_stage(config: Config, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rainsmith prepare"):
        report(config, Run(tmp_path))
