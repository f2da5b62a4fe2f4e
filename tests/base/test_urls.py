"""URLs as texts and as paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.urls import Url, shown, url_of


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://bucket/era5/*.nc", Url("s3", "bucket", "era5/*.nc")),
        ("gs://bucket", Url("gs", "bucket", "")),
        ("https://host:8080/a%20b/c.nc", Url("https", "host:8080", "a b/c.nc")),
        ("s3://bucket/a%20b/", Url("s3", "bucket", "a%20b")),  # names of objects are not quoted
        ("data/s3:/x.nc", None),
        ("/data/x.nc", None),
        ("file:///x.nc", None),
    ],
)
def test_a_text_and_a_path_name_the_same(text: str, url: Url | None) -> None:
    assert url_of(text) == url
    assert url_of(Path(text)) == url


@pytest.mark.parametrize("text", ["s3://", "s3:", "s3://bucket/a/../b.nc", "s3://bucket/a//b.nc", "https:///"])
def test_a_url_of_no_object_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="names no object; expected a URL such as"):
        url_of(text)


def test_a_question_to_a_server_is_refused() -> None:
    with pytest.raises(UserError, match="asks a question of a server"):
        url_of("https://host/file.nc?day=1")


def test_paths_are_shown_as_they_were_written() -> None:
    assert shown(Path("s3://bucket/era5")) == "s3://bucket/era5"
    assert shown(Path("/data/era5")) == "/data/era5"
    assert str(Url("s3", "b", "x") / "y") == "s3://b/x/y" and str(Url("s3", "b", "x/y").parent) == "s3://b/x"
