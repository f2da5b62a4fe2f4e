"""Input files in buckets and on web servers: what URLs and globs stand for, and the same stores as of local files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.sources.files import resolve_files
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import config, mapped, pressure, rain
from tests.object_stores import web_server

MSL = {"variable": "msl", "day_offsets": [0, 1]}


@pytest.fixture
def files(bucket: Path) -> Path:
    """The bucket, with rain in two files and pressure in a Zarr store."""
    (bucket / "era").mkdir()
    data = mapped(rain())
    for number, days in enumerate((slice(0, 30), slice(30, 60))):
        data.isel(time=days).to_netcdf(bucket / "era" / f"rain_{number}.nc")
    pressure().to_dataset().to_zarr(bucket / "msl.zarr", zarr_format=2, consolidated=True)
    return bucket


def stored(root: str | Path, tmp_path: Path, rain_files: str | list[str], msl: str) -> xr.Dataset:
    run = Run(tmp_path / "run")
    data = {"target": {"files": rain_files, "variable": "pr"}, "predictors": [{"files": msl, **MSL}]}
    prepare(config(Path(root), **data), run)
    return run.open_store().load()


def test_stores_are_those_of_local_files(files: Path, tmp_path: Path) -> None:
    pressure().to_netcdf(files / "msl.nc")
    local = stored(files, tmp_path, "era/rain_*.nc", "msl.nc")
    assert stored("s3://data", tmp_path, "era/rain_*.nc", "msl.zarr").equals(local)
    with web_server(files) as address:
        names = [f"{address}/era/rain_{number}.nc" for number in (1, 0)]
        assert stored(files, tmp_path, names, "s3://data/msl.nc").equals(local)


def test_the_bucket_may_be_one_of_google(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"gcs_base_url": os.environ["AWS_ENDPOINT_URL"], "disable_oauth": True}
    (tmp_path / "keys").write_text(json.dumps({**keys, "client_email": "", "private_key": "", "private_key_id": ""}))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "keys"))
    found = resolve_files(["gs://data/era/*.nc", "gs://data/msl.zarr"], tmp_path)
    assert [str(path.relative_to(tmp_path / "cache")) for path in found] == [
        "gs/data/era/rain_0.nc",
        "gs/data/era/rain_1.nc",
        "gs/data/msl.zarr",
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("era/rain_?.nc", ["rain_0.nc", "rain_1.nc"]),
        ("**/rain_1.nc", ["rain_1.nc"]),
        ("e*/*[1].nc", ["rain_1.nc"]),
        ("*.zarr", ["msl.zarr"]),
        ("a[1].nc", ["a[1].nc"]),  # a name with the letters of globs
    ],
)
def test_globs_stand_for_objects_and_stores(files: Path, pattern: str, names: list[str]) -> None:
    (files / "a[1].nc").touch()
    assert [path.name for path in resolve_files(pattern, Path("s3://data"))] == names


def test_what_is_not_there_is_one_line(files: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"no object matches s3://data/era/t\*.nc \(s3://data/era holds rain_0.nc, rain_1"
    ):
        resolve_files("era/t*.nc", Path("s3://data"))
    with pytest.raises(UserError, match=r"no object matches s3://data/era \(s3://data holds era/, msl.zarr/\)"):
        resolve_files("era", Path("s3://data"))
    with web_server(files) as address:
        with pytest.raises(UserError, match="is a pattern, and a web server does not list its files"):
            resolve_files("era/*.nc", Path(address))
        with pytest.raises(UserError, match=r"none.nc was not found \(404\)"):
            resolve_files("none.nc", Path(address))
    with pytest.raises(UserError, match=r"root is s3://data; expected a folder, since kind is legacy-days"):
        config(Path("s3://data"), kind="legacy-days")
