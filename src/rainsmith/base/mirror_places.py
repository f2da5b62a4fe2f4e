"""Where the mirror of an object is, and which object a mirrored file is of."""

from __future__ import annotations

import os
from pathlib import Path

from rainsmith.base.urls import SCHEMES, Url

CACHE_VARIABLE = "RAINSMITH_CACHE"
"""Environment variable that names the folder of the mirror."""


def place_of(url: Url) -> Path:
    """Where the mirror of a URL is."""
    named = os.environ.get(CACHE_VARIABLE)
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rainsmith"
    return (Path(named).absolute() if named else usual) / url.scheme / url.place / url.key


def url_of_mirrored(path: Path) -> Url | None:
    """The URL of a mirrored file, store or folder; None for other paths."""
    for scheme in SCHEMES:
        top = place_of(Url(scheme, "", ""))
        if path != top and path.is_relative_to(top):
            place, *key = path.relative_to(top).parts
            return Url(scheme, place, "/".join(key))
    return None


def with_urls(text: str) -> str:
    """A message in which the places of mirrored files are the URLs that its reader knows."""
    for scheme in SCHEMES:
        text = text.replace(f"{place_of(Url(scheme, '', ''))}{os.sep}", f"{scheme}://")
    return text
