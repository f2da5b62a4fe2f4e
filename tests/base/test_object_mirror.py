"""What was read of buckets is kept: fetched once, and again where it has changed; of Zarr stores the metadata."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.base import object_mirror
from rainsmith.base.buckets import look_up
from rainsmith.base.errors import UserError
from rainsmith.base.mirror_places import place_of
from rainsmith.base.object_mirror import mirror_file, mirror_store, zarr_source
from rainsmith.base.urls import Url

DATA = Url("s3", "data", "")
RAIN = np.arange(12.0).reshape(4, 3)


def mirrored(url: Url) -> Path:
    found = look_up(url)
    assert found is not None
    return mirror_file(found)


def made(path: Path, version: int = 3, *, consolidated: bool = False) -> None:
    data = xr.Dataset({"pr": (("time", "x"), RAIN)}, attrs={"title": "rain"})
    encoding = {"pr": {"chunks": (2, 3)}}
    data.to_zarr(path, zarr_format=version, consolidated=consolidated, encoding=encoding)  # type: ignore[call-overload]


def test_a_file_is_fetched_once_and_again_where_it_has_changed(
    bucket: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bucket / "a").mkdir()
    (bucket / "a" / "x.nc").write_bytes(b"rain")
    url = DATA / "a/x.nc"
    for content in (b"rain", b"rain", b"snow"):
        (bucket / "a" / "x.nc").write_bytes(content)
        path = mirrored(url)
        assert path == tmp_path / "cache" / "s3" / "data" / "a" / "x.nc" and path.read_bytes() == content
    assert capsys.readouterr().err.count("fetch s3://data/a/x.nc") == 2
    (tmp_path / "cache" / "s3" / "data" / "a" / "x.nc").write_bytes(b"cut")
    assert mirrored(url).read_bytes() == b"snow"


def test_a_file_that_the_disk_cannot_hold_is_refused(bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bucket / "x.nc").write_bytes(b"rain")
    found = look_up(DATA / "x.nc")
    assert found is not None
    huge = object_mirror.Object(found.url, 10**18, found.etag, found.changed)
    with pytest.raises(UserError, match=r"x.nc has \d+ MiB, and \d+ MiB are free .*RAINSMITH_CACHE"):
        mirror_file(huge)


@pytest.mark.parametrize(("version", "consolidated"), [(3, False), (2, True), (2, False)])
def test_of_a_store_the_metadata_are_fetched_and_chunks_are_read(
    bucket: Path, version: int, consolidated: bool
) -> None:
    made(bucket / "x.zarr", version, consolidated=consolidated)
    store = mirror_store(DATA / "x.zarr")
    assert store is not None and store.folder == place_of(DATA / "x.zarr")
    held = {path.name for path in store.folder.rglob("*") if path.is_file()}
    assert held <= {"zarr.json", ".zarray", ".zattrs", ".zgroup", ".bucket.json"}
    with xr.open_zarr(zarr_source(store.folder), consolidated=False) as opened:
        assert opened.attrs["title"] == "rain"
        np.testing.assert_array_equal(opened["pr"], RAIN)
    chunk = next(path for path in (bucket / "x.zarr" / "pr").rglob("*") if path.name in ("0", "0.0"))
    chunk = chunk if chunk.is_file() else chunk / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
    again = mirror_store(DATA / "x.zarr")
    assert again is not None and again.version != store.version


def test_a_store_of_very_many_chunks_is_known_by_its_metadata(bucket: Path) -> None:
    made(bucket / "x.zarr")
    few, all_of_them = mirror_store(DATA / "x.zarr", most=1), mirror_store(DATA / "x.zarr", most=None)
    assert few is not None and few.names is None
    assert all_of_them is not None and all_of_them.names == {"zarr.json", "pr/zarr.json", "pr/c/0/0", "pr/c/1/0"}


def test_folders_without_metadata_are_no_store(bucket: Path) -> None:
    made(bucket / "deep" / "x.zarr")
    assert mirror_store(DATA / "deep") is None


def test_metadata_do_not_write_elsewhere(bucket: Path) -> None:
    (bucket / "x.zarr").mkdir()
    metadata = {"../../../evil/.zarray": {}}
    (bucket / "x.zarr" / ".zmetadata").write_text(json.dumps({"metadata": metadata}))
    with pytest.raises(UserError, match=r"consolidated metadata name '\.\./\.\./\.\./evil/\.zarray'"):
        mirror_store(DATA / "x.zarr")
    (bucket / "x.zarr" / ".zmetadata").write_text("{")
    with pytest.raises(UserError, match=r"x.zarr/.zmetadata is not JSON"):
        mirror_store(DATA / "x.zarr")
