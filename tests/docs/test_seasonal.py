"""What docs/how-to/seasonal.md says of months, splits and the days at the edge of a season is what `prepare` does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
import yaml

from rainsmith import api

DOCS = Path(__file__).resolve().parents[2] / "docs"
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "how-to" / "seasonal.md").read_text("utf-8"), re.DOTALL)
BY_SEASON = {
    "train": [["2001-12-01", "2003-02-28"]],
    "validation": [["2003-12-01", "2004-02-29"]],
    "test": [["2004-12-01", "2005-02-28"]],
}
BY_YEAR = {"train": [2001, 2003], "validation": [2004, 2004], "test": [2005, 2005]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with whole years in ``years`` and the same files cut to winters in ``winters``."""
    folder = tmp_path_factory.mktemp("seasonal")
    write_region = runpy.run_path(str(DOCS / "tutorials" / "made_region.py"))["write_region"]
    (folder / "winters").mkdir()
    for path in write_region(folder / "years", range(2001, 2006)):
        with xr.open_dataset(path) as data:
            if "time" in data.dims:
                data.sel(time=data["time"].dt.month.isin([12, 1, 2])).to_netcdf(folder / "winters" / path.name)
    return folder


def prepared(root: Path, run: Path, splits: dict[str, Any], *, day_offsets: list[int], **changed: Any) -> xr.Dataset:
    """The store of the page's example, with the files of the made region in the place of its own."""
    data = yaml.safe_load(EXAMPLE)["data"] | {"root": str(root), "splits": splits} | changed
    data["target"] = {"files": "observed-rain-*.nc", "variable": "rr"}
    data["predictors"] = [{"files": "weather-*.nc", "variable": "pressure", "day_offsets": day_offsets}]
    api.prepare(api.load_config(overrides={"data": data}), run)
    return api.Run(run).open_store()


def test_splits_by_season_keep_their_winters_and_say_nothing(
    files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = prepared(files / "years", tmp_path / "run", BY_SEASON, day_offsets=[0])
    assert set(store["time"].dt.month.values) == {1, 2, 12}
    train = store["time"].values[store["split"].values == 0]
    assert (str(train[0])[:10], str(train[-1])[:10]) == ("2001-12-01", "2003-02-28")
    assert "WARNING" not in capfd.readouterr().err


def test_splits_by_year_are_warned_of(files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    prepared(files / "years", tmp_path / "run", BY_YEAR, day_offsets=[0])
    said = " ".join(capfd.readouterr().err.split())
    assert "divide a season" in said and "2003/04 between train and validation" in said


def test_files_of_one_season_need_no_months_and_lose_the_days_at_its_edges(
    files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = prepared(files / "winters", tmp_path / "whole", BY_SEASON, day_offsets=[0], months=None)
    fewer = prepared(files / "winters", tmp_path / "fewer", BY_SEASON, day_offsets=[-1, 0], months=None)
    seasons = 1 + 5  # a file begins in January 2001; five Decembers follow
    assert whole.sizes["time"] - fewer.sizes["time"] == seasons
    assert f"({seasons} dropped for lack of a lag or predictor" in capfd.readouterr().err
