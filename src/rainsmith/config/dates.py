"""Lists of single days."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from rainsmith.base.errors import UserError
from rainsmith.config.spans import day_of
from rainsmith.config.values import Date, Unique


def _real(date: str) -> str:
    try:
        day_of(date, "the list")
    except UserError as error:
        raise ValueError(str(error)) from None
    return date


Days = Annotated[list[Annotated[Date, AfterValidator(_real)]], Field(min_length=1), Unique]
"""Dates YYYY-MM-DD, at least one, each once."""
