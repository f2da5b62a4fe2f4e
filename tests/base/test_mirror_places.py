"""Where mirrored files are, and how messages name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rainsmith.base.mirror_places import place_of, url_of_mirrored, with_urls
from rainsmith.base.urls import Url

DATA = Url("s3", "data", "")


@pytest.mark.parametrize("variable", ["RAINSMITH_CACHE", "XDG_CACHE_HOME"])
def test_a_place_tells_its_url(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAINSMITH_CACHE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    url = DATA / "a/x.nc"
    assert place_of(url).is_relative_to(tmp_path) and place_of(url).name == "x.nc"
    assert url_of_mirrored(place_of(url)) == url
    assert url_of_mirrored(place_of(DATA)) == DATA
    assert url_of_mirrored(place_of(DATA).parent) is None and url_of_mirrored(Path("/data/x.nc")) is None
    assert with_urls(f"{place_of(url)}: 'time' is no time; {tmp_path}") == f"{url}: 'time' is no time; {tmp_path}"
