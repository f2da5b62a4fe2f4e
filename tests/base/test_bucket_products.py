"""Stores in buckets: finished when their zarr.json is there, read through a link, checked like local ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from zarr.storage import ObjectStore

from rainsmith.base.bucket_products import claim, finish, linked_store, refuse_foreign, store_below
from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url
from rainsmith.base.zarr_files import open_zarr, write_zarr

TO = Url("s3", "data", "out/made.zarr")
AGAIN = "run 'rainsmith sample' again"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A store that has not gone up."""
    rain = np.random.default_rng(0).gamma(0.5, 9, (4, 3, 3)).astype(np.float32)
    data = xr.Dataset({"precip": (("time", "y", "x"), rain)}, attrs={"title": "made"})
    write_zarr(tmp_path / "local.zarr", data, encoding={"precip": {"chunks": (2, 3, 3)}})
    return tmp_path / "local.zarr"


@pytest.fixture
def link(bucket: Path, made: Path, tmp_path: Path) -> Path:
    """The link to a finished store."""
    claim(TO, tmp_path / "made.zarr")
    finish(made, TO)
    return tmp_path / "made.zarr"


def test_a_link_is_followed(link: Path, made: Path) -> None:
    from obstore.store import S3Store

    assert linked_store(link) == TO and json.loads(link.read_text()) == {"rainsmith_store_at": str(TO)}
    assert open_zarr(link, AGAIN).load().identical(open_zarr(made, AGAIN).load())
    place = S3Store("data", prefix="out/made.zarr", client_options={"allow_http": True})
    with xr.open_zarr(ObjectStore(place, read_only=True)) as plain:  # whoever has it can read it
        assert plain.attrs["title"] == "made" and plain["precip"].notnull().all()
    with pytest.raises(Exception, match=r"made.zarr"):  # no program takes the link for a store of missing values
        xr.open_zarr(link, consolidated=False)


def test_only_a_link_is_one(tmp_path: Path, made: Path) -> None:
    assert linked_store(made) is None and linked_store(tmp_path / "none") is None
    for text in ("text", "[1]", '{"rainsmith_store_at": 1}', '{"rainsmith_store_at": "/data"}', "x" * 9000):
        (tmp_path / "file").write_text(text)
        assert linked_store(tmp_path / "file") is None
    assert store_below(None, made) is None and store_below("s3://data/out", Path("x/made.zarr")) == TO


def test_a_store_without_its_zarr_json_is_not_finished(link: Path, bucket: Path) -> None:
    (bucket / "out" / "made.zarr" / "zarr.json").unlink()
    with pytest.raises(UserError, match=rf"^{TO} holds no finished Zarr store; {AGAIN}$"):
        open_zarr(link, AGAIN)


def test_damage_and_loss_are_noticed(link: Path, bucket: Path) -> None:
    chunk = bucket / "out" / "made.zarr" / "precip" / "c" / "1" / "0" / "0"
    opened = open_zarr(link, AGAIN)
    content = bytearray(chunk.read_bytes())
    content[5] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(UserError, match=rf"^{TO}/precip/c/1/0/0 is damaged: .*; {AGAIN}$"):
        opened["precip"].load()
    chunk.unlink()
    with pytest.raises(UserError, match=rf"^{TO}/precip/c/1/0/0 is missing; {AGAIN}$"):
        opened["precip"].load()
    with pytest.raises(UserError, match=rf"^{TO}/precip/c/1/0/0 is missing \(1 of 2 chunks of precip\); {AGAIN}$"):
        open_zarr(link, AGAIN)


def test_metadata_that_were_changed_are_noticed(link: Path, bucket: Path) -> None:
    root = bucket / "out" / "made.zarr" / "zarr.json"
    root.write_text(root.read_text().replace("[\n          2", "[\n          4").replace('"made"', '"other"'))
    with pytest.raises(UserError, match=rf"{TO}/zarr.json was damaged or changed by hand"):
        open_zarr(link, AGAIN)
    shutil.rmtree(root.parent)
    xr.Dataset({"precip": ("x", [1.0])}).to_zarr(root.parent, consolidated=False)
    with pytest.raises(UserError, match="was written by something else"):
        open_zarr(link, AGAIN)


def test_what_others_wrote_stays(link: Path, bucket: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^{TO} holds \d+ objects that this run has not written.*'to:'$"):
        claim(TO, tmp_path / "of another run" / "made.zarr")
    assert "zarr.json" in refuse_foreign(TO, link)
    claim(TO, link)
    assert not (bucket / "out" / "made.zarr" / "zarr.json").exists() and refuse_foreign(TO, link) == []
