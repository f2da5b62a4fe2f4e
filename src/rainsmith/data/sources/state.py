"""What the files of a configuration are like now, so that a later look tells whether one of them has changed."""

from __future__ import annotations

from rainsmith.config import Data
from rainsmith.data.sources.files import resolve_files
from rainsmith.data.sources.objects import url_below, versions_of


def state_of_files(data: Data) -> list[tuple[str, int, int | str]]:
    """Name, size and time of change of every file on grids that the section ``data`` names.

    A Zarr store is a folder, whose own time does not change with its chunks: all files in it count. Of what lies in a
    bucket or on a web server the version counts, such as its etag; nothing is fetched for that.

    Raises:
        UserError: a file does not exist, or a bucket refuses.
    """
    predictors, statics = [s.files for s in data.predictors], [s.files for s in data.statics]
    named = [data.target.files, data.coarse_grid, data.mask.files, *predictors, *statics]
    files, remote = [], []
    for given in named:
        patterns = [given] if isinstance(given, str) else given or []
        urls = {pattern: url_below(data.root, pattern) for pattern in patterns}
        files += resolve_files([pattern for pattern, url in urls.items() if url is None], data.root)
        remote += [one for url in urls.values() if url is not None for one in versions_of(url)]
    parts = [part for file in sorted(files) for part in (sorted(file.rglob("*")) if file.is_dir() else [file])]
    state: list[tuple[str, int, int | str]] = [
        (part.name, part.stat().st_size, part.stat().st_mtime_ns) for part in parts
    ]
    return [*state, *((name, 0, version) for name, version in remote)]
