"""The section ``quantiles``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from rainsmith.config.section import Section, Share
from rainsmith.config.values import Float, Int


def _rising(values: list[float]) -> list[float]:
    if values != sorted(set(values)):
        raise ValueError("expected rising values, each once")
    return values


class Quantiles(Section):
    """Quantiles and probabilities of each cell that `rainsmith sample --quantiles` writes in place of members."""

    levels: Annotated[list[Share], Field(min_length=1, max_length=1000), AfterValidator(_rising)] = [
        0.05,
        0.5,
        0.9,
        0.95,
        0.99,
        0.999,
    ]
    """Rising levels of the quantiles."""
    exceedance_mm: Annotated[
        list[Annotated[Float, Field(ge=0, le=2000)]], Field(max_length=1000), AfterValidator(_rising)
    ] = []
    """[mm/day] Rising amounts whose probability to be exceeded is written."""
    mean: bool = False
    """Whether the mean of the members is written."""
    members: Int = Field(default=100, ge=2, le=100_000)
    """Members a day that the quantiles are made of; they are not kept, and take no memory however many they are. The
    default gives 0.99 and, by the tail above the members, 0.999; with 10 levels above 0.9 are guesses."""
    calibrate: bool = True
    """Whether levels are mapped such that the quantiles of validation days are exceeded as often as they should be."""
    calibration_days: Int = Field(default=365, ge=1, le=100_000)
    """Most validation days, evenly spaced, that the calibration is made of."""
