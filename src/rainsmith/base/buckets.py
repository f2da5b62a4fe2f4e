"""What is done with objects: they are looked up, listed, fetched, written and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rainsmith.base.bucket_clients import BucketError, client_of, explained
from rainsmith.base.urls import Url

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_AT_ONCE = 8
_PIECE = 32 * 2**20  # [bytes] of an object that are fetched by one request


@dataclass(frozen=True)
class Object:
    """An object as its store describes it.

    Attributes:
        url: where it is.
        size: [bytes].
        etag: the mark of its content; a web server may give none.
        changed: when it was changed.
    """

    url: Url
    size: int
    etag: str | None
    changed: str

    @property
    def version(self) -> str:
        """What changes with its content."""
        return self.etag or self.changed


def look_up(url: Url) -> Object | None:
    """An object, or None where there is none.

    Raises:
        UserError: the store refuses, or cannot be reached.
    """
    client = client_of(url)
    import obstore

    return _if_there(url, lambda: _object(url, obstore.head(client, url.key)))


def children(url: Url) -> tuple[list[Object], list[Url]]:
    """The objects and the folders right below a folder of a bucket, in order of their names.

    Raises:
        UserError: the bucket does not exist, refuses, or cannot be reached.
    """
    client = client_of(url)
    import obstore

    with explained(url):
        found = obstore.list_with_delimiter(client, url.key or None)
    objects = [_object(Url(url.scheme, url.place, one["path"]), one) for one in found["objects"]]
    folders = [Url(url.scheme, url.place, prefix.strip("/")) for prefix in found["common_prefixes"]]
    return sorted(objects, key=lambda one: one.url.key), sorted(folders, key=lambda one: one.key)


def objects_below(url: Url) -> Iterator[Object]:
    """All objects below a folder of a bucket, however deep.

    Raises:
        UserError: as ``children``.
    """
    client = client_of(url)
    import obstore

    with explained(url):
        for batch in obstore.list(client, url.key):
            for one in batch:
                yield _object(Url(url.scheme, url.place, one["path"]), one)


def read(url: Url) -> bytes | None:
    """The bytes of a small object, or None where there is none.

    Raises:
        UserError: the store refuses, or cannot be reached.
    """
    client = client_of(url)
    import obstore

    return _if_there(url, lambda: bytes(obstore.get(client, url.key).bytes()))


def fetch(found: Object, path: Path) -> None:
    """Fetch an object into a file: from buckets in pieces, several at once, all of one version.

    Raises:
        UserError: the store refuses or cannot be reached, or the object has just changed.
    """
    url, client = found.url, client_of(found.url)
    import obstore

    def fetch_piece(start: int) -> None:
        end = min(start + _PIECE, found.size)
        with explained(url):
            got = obstore.get(client, url.key, options={"range": (start, end)})
            piece = got.bytes()
        if got.meta["e_tag"] != found.etag:
            raise BucketError(f"{url} has just changed; run the same command again")
        with path.open("r+b") as file:
            file.seek(start)
            file.write(piece)

    path.touch()
    try:
        if url.in_bucket and found.size:
            _in_parallel(fetch_piece, range(0, found.size, _PIECE))
        else:
            with explained(url), path.open("wb") as file:
                for piece in obstore.get(client, url.key).stream():
                    file.write(piece)
    except FileNotFoundError:
        raise BucketError(f"{url} has just been deleted; correct 'files:', or run the same command again") from None
    if path.stat().st_size != found.size:
        raise BucketError(f"{url} has {found.size} bytes, and {path.stat().st_size} came; run the same command again")


def write_files(files: Iterable[Path], folder: Path, url: Url) -> None:
    """Write files below a folder to the same names below a URL.

    Raises:
        UserError: the store refuses, or cannot be reached.
    """
    client = client_of(url)
    import obstore

    def write(file: Path) -> None:
        to = url / file.relative_to(folder).as_posix()
        try:
            with explained(to):
                obstore.put(client, to.key, file)
        except FileNotFoundError:
            raise BucketError(f"{to} cannot be written; check that the bucket exists") from None

    _in_parallel(write, files)


def delete(url: Url, names: Sequence[str]) -> None:
    """Delete objects below a folder of a bucket.

    Raises:
        UserError: the store refuses, or cannot be reached.
    """
    if not names:
        return
    client = client_of(url)
    import obstore

    try:
        with explained(url):
            obstore.delete(client, [(url / name).key for name in names])
    except FileNotFoundError:
        raise BucketError(f"{url}: something else deletes there, too; run the same command again") from None


def _if_there(url: Url, ask: Callable[[], Answer]) -> Answer | None:
    """What is answered about an object, or None where there is none."""
    try:
        with explained(url):
            return ask()
    except FileNotFoundError:
        return None


def _in_parallel(work: Callable[[Item], None], items: Iterable[Item]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(work, items):
            pass


def _object(url: Url, described: Mapping[str, Any]) -> Object:
    return Object(url, described["size"], described["e_tag"], described["last_modified"].isoformat())
