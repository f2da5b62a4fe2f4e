"""What files say of themselves: their title, source and licence, and how they want to be credited."""

from __future__ import annotations

from rainsmith.config import Data
from rainsmith.data.sources.files import open_file, resolve_files
from rainsmith.data.sources.tables import SUFFIXES

_SAID = ("title", "source", "institution", "references", "comment", "license", "licence", "history")


def credit_of_target(settings: Data) -> dict[str, str]:
    """What the first file of the target says of its data."""
    return _said_by(settings, settings.target.files)


def credit_of_predictors(settings: Data) -> dict[str, str]:
    """What the first files of all predictors say of their data, each text once, and ``terms``; tables say nothing."""
    files = [settings.target.files if source.from_ else source.files for source in settings.predictors]
    said = [_said_by(settings, patterns) for patterns in files if patterns]
    joined = {
        key: "; ".join(dict.fromkeys(one[key] for one in said if key in one)) for key in _SAID if key != "history"
    }
    return {key: text for key, text in {**joined, "terms": settings.credit or ""}.items() if text}


def _said_by(settings: Data, patterns: str | list[str]) -> dict[str, str]:
    first = resolve_files(patterns, settings.root)[0]
    if first.suffix.lower() in SUFFIXES:
        return {}
    with open_file(first) as ds:
        return {key: str(ds.attrs[key]) for key in _SAID if key in ds.attrs}
