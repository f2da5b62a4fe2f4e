"""URLs of files in buckets and on web servers, as texts and as paths."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from rainsmith.base.errors import UserError

BUCKETS = ("s3", "gs")
"""Schemes of object stores, which can be listed and written."""
SCHEMES = (*BUCKETS, "https", "http")
_URL = re.compile(rf"({'|'.join(SCHEMES)}):(?:/+(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Url:
    """Where an object lies.

    Attributes:
        scheme: s3, gs, https or http.
        place: the bucket, or the host and port of a web server.
        key: the name of the object, or of a folder of objects without a slash at its end.
    """

    scheme: str
    place: str
    key: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}/{self.key}".rstrip("/")

    def __truediv__(self, name: str) -> Url:
        return Url(self.scheme, self.place, f"{self.key}/{name}".strip("/"))

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    @property
    def parent(self) -> Url:
        return Url(self.scheme, self.place, self.key.rpartition("/")[0])

    @property
    def in_bucket(self) -> bool:
        """Whether it lies in an object store, which can be listed and written."""
        return self.scheme in BUCKETS


def url_of(text: str | Path) -> Url | None:
    """The URL that a text names, or a path, in which pathlib leaves one of the two slashes; None for a local path.

    Raises:
        UserError: it names no bucket or host, steps upwards, or asks a question (``?``) of a web server.
    """
    match = _URL.fullmatch(str(text))
    if match is None:
        return None
    scheme, rest = match.groups()
    place, _, key = (rest or "").partition("/")
    url = Url(scheme, place, (unquote(key) if scheme not in BUCKETS else key).strip("/"))
    if not place or {"", ".", ".."} & set(url.key.split("/")) - ({""} if not url.key else set()):
        example = f"{scheme}://{'bucket' if url.in_bucket else 'host'}/folder/file.nc"
        raise UserError(f"{url} names no object; expected a URL such as {example}")
    if not url.in_bucket and "?" in url.key:
        raise UserError(f"{url} asks a question of a server; expected the URL of a file; fetch it and name the file")
    return url


def shown(path: str | Path) -> str:
    """A path as its user wrote it: a URL with both slashes."""
    return str(url_of(path) or path)
