"""Fixtures shared by all tests.

Nothing heavy is imported here: the process that hands out tests to others reads this file, too, before they begin.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rainsmith.config import DATA_ROOT_VARIABLE
from tests.object_stores import object_store
from tests.small import CURVE_DAYS, small_config

if TYPE_CHECKING:
    from rainsmith.run_folder import Run

_DEFAULT_ROOT = Path(__file__).resolve().parents[2] / "shared" / "data"
# Tests write their own data and name their own roots: the variable that overrides every root is set aside, under a name
# that the processes of xdist inherit.
_SET_ASIDE = "RAINSMITH_TEST_DATA"
if DATA_ROOT_VARIABLE in os.environ:
    os.environ[_SET_ASIDE] = os.environ.pop(DATA_ROOT_VARIABLE)


def _real_root() -> Path:
    return Path(os.environ.get(_SET_ASIDE, _DEFAULT_ROOT))


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the real observed data; a test that asks for it skips where it is missing."""
    root = _real_root()
    if not (root / "haduk-grid-12km").is_dir():
        pytest.skip(f"real data not found in {root}; set {DATA_ROOT_VARIABLE}")
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(root))
    return root


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that is the bucket ``s3://data`` of an object store on this machine."""
    with object_store(tmp_path, monkeypatch) as folder:
        yield folder


LONG = (
    *("end_to_end", "docs", "experiment", "api", "cli", "report", "train", "tests", "downscale", "diagnose"),
    *("augment", "quantiles", "sample", "prepare", "data"),
)
"""Folders of tests whose modules take longest. They come first, so that no worker is left with one in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules come first; the order is the same in every process."""

    def place(item: pytest.Item) -> int:
        inside = item.path.relative_to(Path(__file__).parent).parts[:-1]
        folder = inside[0] if inside else "tests"
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Nothing that is there by now ends before the tests do: the garbage collector need not look at it again."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran on real data."""
    ran = sum("real_data" in report.keywords for report in terminalreporter.stats.get("passed", []))
    skipped = sum("real_data" in report.keywords for report in terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(f"real-data tests: {ran} passed, {skipped} skipped ({_real_root()})")


@pytest.fixture(scope="session", autouse=True)
def brief_trainings() -> Iterator[None]:
    """Trainings draw as few members for their curves of amounts, and time as few steps beforehand, as they can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rainsmith.train.estimate.REPEATS", 1)
        patch.setattr("rainsmith.train.estimate.MORE", 4)
        patch.setattr("rainsmith.train.loop.MOST_DAYS", CURVE_DAYS)
        patch.setattr("rainsmith.train.loop.MOST_DAYS_EARLY", CURVE_DAYS)
        yield


@pytest.fixture
def one_day_of_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports show the maps of one day, since pictures take most of the time of a small run."""
    monkeypatch.setattr("rainsmith.report.stage.DAYS", 1)


@pytest.fixture
def unpainted_report(one_day_of_maps: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports of one day, whose figures are made but not painted."""
    monkeypatch.setattr("rainsmith.report.parts.picture", lambda figure, kind, dpi: b"<svg/>")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run folder with the store of the small embedded climate; read only.

    Its chunks are longer than those of a usual store, since hundreds of tests copy, open, hash and read it.
    """
    from rainsmith.prepare.stage import prepare
    from rainsmith.run_folder import Run

    run = Run(tmp_path_factory.mktemp("prepared"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rainsmith.data.store.CHUNK_DAYS", 128)
        prepare(small_config(), run)
    return run


@pytest.fixture(scope="session")
def trained(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run folder with a small trained network; read only."""
    from rainsmith.train.stage import train

    run = copy_of(prepared, tmp_path_factory.mktemp("trained"))
    train(small_config(), run)
    return run


def copy_of(run: Run, folder: Path) -> Run:
    """A copy of a run folder to write into."""
    shutil.copytree(run.folder, folder, dirs_exist_ok=True)
    return type(run)(folder)
