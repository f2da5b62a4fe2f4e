"""What a preparation will take, before any of its files is read as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.files import size_of
from rainsmith.base.needs import Needs
from rainsmith.config import Config
from rainsmith.prepare.estimate import needs
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, rain
from tests.foretold import foretold_and_done
from tests.small import WHOLE_YEARS, small_config

SPLITS = {"train": [2001, 2003], "validation": [2004, 2004], "test": [["2005-01-01", "2005-06-30"]]}


def known(config: Config, run: Run) -> Needs:
    needed = needs(config, run)
    assert isinstance(needed, Needs)
    return needed


def test_an_estimate_is_near_what_the_winters_of_files_take_and_leaves_nothing(tmp_path: Path) -> None:
    rain("2001-01-01", days=5 * 365).to_netcdf(tmp_path / "rain.nc")
    run, made = Run(tmp_path / "run"), config(tmp_path, splits=SPLITS, months=[12, 1, 2])
    needed, path = foretold_and_done(known, prepare, made, run)
    assert needed.of == "14 months"
    assert needed.disk == pytest.approx(size_of(path), rel=0.5) and needed.memory > 2**26


def test_the_embedded_climate_is_made_by_the_year(tmp_path: Path) -> None:
    needed = known(small_config(data__splits=WHOLE_YEARS), Run(tmp_path / "run"))
    assert needed.of == "36 months" and needed.seconds > 0 and needed.disk == pytest.approx(2.0e6, rel=0.9)
    assert not (tmp_path / "run").exists()


def test_why_nothing_is_known_is_said(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    assert "told from 6 months of training, of which there are 1" in str(needs(config(tmp_path), run))
    assert "files of the reference" in str(needs(config(tmp_path, kind="legacy-days"), run))
    refused = str(needs(config(tmp_path, splits=SPLITS), run))
    assert "the last 6 months of training are refused: " in refused and "rain*.nc" in refused
