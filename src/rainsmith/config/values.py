"""The types that values of the configuration have. Each refuses what another type would swallow in silence."""

from __future__ import annotations

import datetime
import re
from numbers import Number
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from rainsmith.base import urls
from rainsmith.base.errors import UserError

CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
NO_NUMBER = "expected a number, without quotes"
LARGEST_SEED = 2**32 - 1
"""The largest that numpy, torch and Fabric all take."""


def _number(value: Any) -> Any:
    """A number as it is; ``true`` is no 1, and text is no number, also where it looks like one."""
    if isinstance(value, bool | str) or not isinstance(value, Number):
        raise ValueError(NO_NUMBER)
    return value


def _plain_text(value: str) -> str:
    if not value.strip():
        raise ValueError("the text is empty; expected some, or null where the key allows it")
    if control := CONTROL.search(value):
        raise ValueError(f"it holds the character U+{ord(control[0]):04X}; expected plain text; remove the character")
    return value


def _plain_path(value: Path) -> Path:
    _plain_text(str(value))
    return value


def _file_or_url(value: Path) -> Path:
    """A path that may stand for a URL; one of the two slashes of a URL is left."""
    try:
        urls.url_of(_plain_path(value))
    except UserError as error:
        raise ValueError(str(error)) from None
    return value


def _bucket(value: str) -> str:
    """The URL of a folder in a bucket."""
    try:
        url = urls.url_of(_plain_text(value))
    except UserError as error:
        raise ValueError(str(error)) from None
    if url is None or not url.in_bucket or not url.key:
        raise ValueError("expected a folder in a bucket that can be written, such as s3://bucket/folder")
    return str(url)


def shown(value: Any) -> str:
    """A value in one line of at most 60 characters, as messages show it."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python refuses to write out an integer of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _date(value: Any) -> str:
    """A date as YYYY-MM-DD, of YAML's text, or of Python's date."""
    text = value.isoformat()[:10] if isinstance(value, datetime.date) else value
    if not isinstance(text, str):
        raise ValueError("expected a date such as 2010-01-31")
    return text.strip()


Item = TypeVar("Item")


def _unique(values: list[Item]) -> list[Item]:
    seen: set[Item] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{shown(value)} stands twice; expected each once")
        seen.add(value)
    return values


NUMBER = BeforeValidator(_number)
Int = Annotated[int, NUMBER]
Float = Annotated[float, NUMBER]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, AfterValidator(_plain_text), Field(max_length=4096)]
FilePath = Annotated[Path, AfterValidator(_plain_path)]
Root = Annotated[Path, AfterValidator(_file_or_url), PlainSerializer(urls.shown, return_type=str, when_used="json")]
"""A folder, or a URL that files are named below; ``rainsmith.base.urls.url_of`` tells."""
BucketFolder = Annotated[
    str,
    AfterValidator(_bucket),
    Field(max_length=4096, json_schema_extra={"expected": "a folder in a bucket, such as s3://bucket/folder"}),
]
Seed = Annotated[Int, Field(ge=0, le=LARGEST_SEED)]
Month = Annotated[Int, Field(ge=1, le=12)]
Unique = AfterValidator(_unique)
"""Of a list: no entry stands twice."""
Date = Annotated[str, BeforeValidator(_date), Field(json_schema_extra={"expected": "a date such as 2010-01-31"})]
"""YYYY-MM-DD; what uses a date checks it, because the calendar is not known here (``rainsmith.config.spans``)."""
DateSpan = Annotated[
    tuple[Date, Date], Field(json_schema_extra={"expected": "[first, last] dates such as [2010-01-01, 2010-12-31]"})
]
Year = Annotated[Int, Field(ge=1, le=9999)]
YearSpan = Annotated[
    tuple[Year, Year], Field(json_schema_extra={"expected": "[first, last] years such as [2010, 2016]"})
]
