"""Files in buckets and on web servers: which objects a URL or a glob stands for."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from rainsmith.base.buckets import Object, children, look_up
from rainsmith.base.errors import UserError
from rainsmith.base.object_mirror import MirroredStore, mirror_file, mirror_store
from rainsmith.base.urls import Url, url_of

_WILD = frozenset("*?[")


def url_below(root: Path, pattern: str) -> Url | None:
    """The URL of a pattern of the configuration, by itself or below a root that is one; None for local files.

    Raises:
        UserError: it is no URL of a file.
    """
    if (url := url_of(pattern)) is not None or Path(pattern).is_absolute() or url_of(root) is None:
        return url
    return url_of(root / pattern)


def fetch_matches(pattern: Url) -> list[Path]:
    """The mirrors of the files and Zarr stores that a URL names, or a glob in a bucket, in order of their names.

    Raises:
        UserError: it matches nothing, is a glob on a web server, or something cannot be fetched.
    """
    return [mirror_file(one) if isinstance(one, Object) else one.folder for one in _found(pattern)]


def versions_of(pattern: Url) -> list[tuple[str, str]]:
    """Names and versions of what ``fetch_matches`` would fetch; no file is fetched.

    Raises:
        UserError: as ``fetch_matches``.
    """
    return [(one.url.name, one.version) for one in _found(pattern)]


def _found(pattern: Url) -> list[Object | MirroredStore]:
    if (named := _named(pattern)) is not None:
        return [named]
    if not pattern.in_bucket:
        if _WILD & set(pattern.key):
            raise UserError(
                f"{pattern} is a pattern, and a web server does not list its files; expected the URL of each file; "
                "name them one by one"
            )
        raise UserError(f"{pattern} was not found (404); correct 'files:' or 'data.root'")
    found = [one if isinstance(one, Object) else mirror_store(one) for one in matches_of(pattern)]
    if held := [one for one in found if one is not None]:  # other folders than stores are passed over
        return held
    raise UserError(f"no object matches {pattern} ({_what_is_there(pattern)}); correct 'files:' or 'data.root'")


def matches_of(pattern: Url) -> list[Object | Url]:
    """The objects and folders in a bucket that match a glob, in order of their names; nothing is fetched.

    Raises:
        UserError: the bucket refuses, or cannot be reached.
    """
    found = list(_walk(Url(pattern.scheme, pattern.place, ""), pattern.key.split("/")))
    return sorted(dict.fromkeys(found), key=lambda one: str(one.url if isinstance(one, Object) else one))


def _named(pattern: Url) -> Object | MirroredStore | None:
    """What is there under just this name, which may hold the letters of globs."""
    if _WILD & set(pattern.key) and pattern.in_bucket and "[" not in pattern.key:
        return None
    found = look_up(pattern)
    return found if found is not None or not pattern.in_bucket else mirror_store(pattern)


def _walk(folder: Url, parts: list[str]) -> Iterator[Object | Url]:
    """What matches the parts of a pattern below a folder; ``**`` stands for any number of folders."""
    first, rest = parts[0], parts[1:]
    if first == "**":
        objects, folders = children(folder)
        yield from _walk(folder, rest) if rest else objects
        for below in folders:
            yield from _walk(below, parts)
    elif rest and not _WILD & set(first):
        yield from _walk(folder / first, rest)
    else:
        objects, folders = children(folder)
        matching = [below for below in folders if fnmatchcase(below.name, first)]
        if rest:
            for below in matching:
                yield from _walk(below, rest)
            return
        yield from (one for one in objects if fnmatchcase(one.url.name, first))
        yield from matching


def _what_is_there(pattern: Url) -> str:
    folder = pattern.parent
    while _WILD & set(folder.key):
        folder = folder.parent
    objects, folders = children(folder)
    names = [*(one.url.name for one in objects), *(f"{one.name}/" for one in folders)]
    return f"{folder} holds {', '.join(names[:5]) or 'nothing'}"
