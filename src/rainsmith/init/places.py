"""How files are named in the configuration: a root folder, and paths or globs below it."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rainsmith.base.buckets import Object
from rainsmith.base.mirror_places import place_of, url_of_mirrored
from rainsmith.config import DATA_ROOT_VARIABLE
from rainsmith.data.sources.objects import matches_of, url_below

MOST_LISTED = 1000


@dataclass(frozen=True)
class Root:
    """The folder below which files are named.

    Attributes:
        folder: it.
        text: how ``data.root`` names it.
        reason: why.
    """

    folder: Path
    text: str
    reason: str


def root_of(paths: Sequence[Path], config: Path) -> Root:
    """The folder that holds all files, or that of the environment variable where it holds them.

    Args:
        paths: all files that are used.
        config: the configuration, whose folder a relative root starts from.
    """
    common = Path(os.path.commonpath([path.parent for path in paths]))
    url = url_of_mirrored(common)
    variable = os.environ.get(DATA_ROOT_VARIABLE)
    if variable:
        folder = Path(os.path.abspath(variable))
        if common.is_relative_to(folder):
            return Root(folder, str(folder), f"the folder that {DATA_ROOT_VARIABLE} names; it overrides this key")
        # the variable would replace the root, so that files are named by whole paths
        reason = f"files are named by whole paths, since {DATA_ROOT_VARIABLE} ({variable}) overrides this key"
        return Root(Path("/"), "/", reason)
    if url is not None:
        reason = f"the URL of the folder of all files; the variable {DATA_ROOT_VARIABLE} overrides it"
        return Root(common, str(url), reason)
    if any(url_of_mirrored(path) is not None for path in paths):
        return Root(Path("/"), "/", "files are named by whole paths and URLs, since they lie in several places")
    here = Path(os.path.abspath(config)).parent
    below = common.is_relative_to(here)
    text = os.path.relpath(common, here) if below else str(common)
    where = "relative to this file" if below else "a whole path"
    return Root(common, text, f"the folder of all files, {where}; the variable {DATA_ROOT_VARIABLE} overrides it")


def pattern_of(paths: Sequence[Path], root: Root) -> str | list[str]:
    """A path, a glob that matches these files alone, or the list of them."""
    names = [_below(path, root) for path in paths]
    if len(names) == 1:
        return _escaped(names[0])
    folders = {os.path.dirname(name) for name in names}
    for pattern in _globs(names) if len(folders) == 1 else ():
        if _matches(pattern, root) == sorted(names):
            return pattern
    return [_escaped(name) for name in names]


def _below(path: Path, root: Root) -> str:
    url = url_of_mirrored(path)
    if url is not None and root.folder == Path("/"):
        return str(url)
    return str(path) if root.folder == Path("/") else os.path.relpath(path, root.folder)


def _globs(names: Sequence[str]) -> list[str]:
    """Globs that match all names, the most general first: what is common before and after, and the same with digits."""
    if any(set("*?[]") & set(name) for name in names):
        return []
    before = _shared_beginning(names)
    after = _shared_beginning([name[len(before) :][::-1] for name in names])[::-1]
    plain = before.rstrip("0123456789"), after.lstrip("0123456789")
    return [f"{plain[0]}*{plain[1]}", f"{before}*{after}", f"{plain[0]}[0-9]*{plain[1]}"]


def _shared_beginning(texts: Sequence[str]) -> str:
    """The letters with which all texts begin."""
    first, last = min(texts), max(texts)
    length = next((place for place, letter in enumerate(first) if letter != last[place]), len(first))
    return first[:length]


def _matches(pattern: str, root: Root) -> list[str]:
    url = url_below(Path(root.text), pattern)
    if url is not None:
        found = (
            [match.url if isinstance(match, Object) else match for match in matches_of(url)] if url.in_bucket else []
        )
        return sorted(_below(place_of(match), root) for match in found)
    there = glob.glob(os.path.join(glob.escape(str(root.folder)), pattern))
    return sorted(_below(Path(one), root) for one in there)


def _escaped(name: str) -> str:
    """Letters that a glob reads otherwise, made plain; brackets alone are found as they are."""
    return glob.escape(name) if set("*?") & set(name) else name
