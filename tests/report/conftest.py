"""One small run with every part of it, made once, and what the report reads of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rainsmith.config import Config
from rainsmith.evaluate.stage import evaluate
from rainsmith.report import parts
from rainsmith.report.gather import Material, gather
from rainsmith.report.page import render
from rainsmith.run_folder import Run
from tests.fake_run import config_of, rain, store_of, write_run

SPLITS = {
    "train": [["2001-01-01", "2001-04-10"]],
    "validation": [["2001-04-11", "2001-04-30"]],
    "test": [["2001-05-01", "2001-12-31"]],
}


@pytest.fixture(scope="session")
def config() -> Config:
    return config_of(
        data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9},
        evaluate={"resamples": 50, "baselines": ["climatology", "bilinear", "scaled-analogs"]},
        sampling={"members": 4},
    )


@pytest.fixture(scope="session")
def finished(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A scored run of 170 days; no diagnosis and no experiment. Read only."""
    folder = tmp_path_factory.mktemp("finished")
    run = write_run(folder, config, store_of(rain(170, 12, 10), config))
    evaluate(config, run)
    return run


@pytest.fixture(scope="session")
def material(config: Config, finished: Run) -> Material:
    return gather(config, finished)


@pytest.fixture(scope="session")
def html(material: Material) -> str:
    """The page of that run with one day, its figures not painted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "picture", _unpainted)
        return render(material, 1)


def _unpainted(figure: object, kind: str, dpi: int) -> bytes:
    return b"<svg/>"


@pytest.fixture
def copied(finished: Run, tmp_path: Path) -> Run:
    """The same run, to be damaged."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.fixture(autouse=True)
def unpainted(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Figures are made but not painted, which takes most of the time of a page; ``painted`` marks the exceptions."""
    if "painted" not in request.fixturenames:
        monkeypatch.setattr(parts, "picture", _unpainted)


@pytest.fixture
def painted() -> None:
    """Ask for this to have figures painted."""
