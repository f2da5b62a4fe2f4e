"""What deserves a look before a training: one sentence each, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rainsmith.base.dims import TIME
from rainsmith.inspection.days import SplitFigures
from rainsmith.inspection.result import Inspection
from rainsmith.inspection.words import date, percent

FEW_DAYS, FEW_HEAVY = 1500, 20
"""[days] Fewer training days, or fewer heavy days of a split, deserve a remark."""
OTHER_CLIMATE = 0.15
"""A split whose mean differs by more than this share from that of the training deserves a remark."""
LEAST_YEARS, STANDARD_ERRORS = 4, 3.0
"""Training years that tell how much years differ, and by how many standard errors a split differs by more."""
OFTEN_MISSING, MANY_CELLS = 0.9, 0.02
"""Cells valid on a smaller share of the days are remarked where they are more than this share of all cells."""
LEAST_MEAN, MOST_MEAN = 0.05, 30.0
"""[mm/day] A mean of the training days outside of these hints at a wrong unit."""
LITTLE, PART, MOST = 0.25, 0.5, 0.75
"""Shares of the variance that the predictors explain; ``meaning_of`` puts them into words."""
LEAST_GAIN = 0.02
"""By so much at least the CRPS of analogs should be below that of climatology."""


def remarks(found: Inspection) -> list[str]:
    """Sentences on what deserves a look; empty where nothing does."""
    return [*_of_units(found), *_of_prepare(found), *_of_predictors(found), *_of_splits(found), *_of_gaps(found)]


def meaning_of(share: float) -> str:
    """What it means for a model that the predictors explain this share of the variance."""
    if share >= MOST:
        return "the predictors settle most of the rain; what is left to the members is detail"
    if share >= PART:
        return "the predictors settle a good part of the rain; members of one day will differ clearly"
    if share >= LITTLE:
        return "the predictors settle some of the rain; members of one day will differ much"
    return "the predictors settle little of the rain; members will hardly be nearer to it than the climate is"


def _of_units(found: Inspection) -> Iterator[str]:
    training = next((one for one in found.splits if one.split == "train"), None)
    if training is not None and not LEAST_MEAN <= training.mean <= MOST_MEAN:
        yield (
            f"The mean rain of the training days is {training.mean:.3g} mm/day, {training.mean * 365.25:,.0f} mm a "
            "year: check the unit of the target."
        )


def _of_prepare(found: Inspection) -> Iterator[str]:
    for line in found.said:
        if "WARNING" in line:
            yield line.replace("WARNING: ", "").rstrip(".") + "."
    if found.suspects:
        count, action = len(found.suspects), found.store.attrs.get("suspect_action", "keep")
        done = {"mask": "left out", "keep": "kept"}.get(str(action), str(action))
        yield (
            f"{count} value{'s' if count > 1 else ''} stand{'' if count > 1 else 's'} alone among the neighbours and "
            f"{'are' if count > 1 else 'is'} {done} (data.suspect): {'; '.join(found.suspects[:3])}."
        )


def _of_predictors(found: Inspection) -> Iterator[str]:
    linear, analogs = found.method("linear"), found.method("analogs")
    if linear is not None and linear.share < LITTLE:
        share = percent(linear.share)
        yield f"A linear fit explains {share} of the variance of log1p(rain): {meaning_of(linear.share)}."
    if analogs is not None and analogs.gain < LEAST_GAIN:
        yield (
            f"Analogs are no better than climatology on the {_validation_days(found)} validation days (CRPS lower by "
            f"{percent(analogs.gain)}): check the days, the region and the choice of the predictors."
        )


def _of_splits(found: Inspection) -> Iterator[str]:
    if found.cut:
        yield found.cut[0].upper() + found.cut[1:] + "."
    training = next((one for one in found.splits if one.split == "train"), None)
    if training is not None and training.days < FEW_DAYS:
        yield f"{training.days} training days are few; every further year helps (data.splits)."
    for one in found.splits:
        if one.heavy < FEW_HEAVY:
            yield f"{one.heavy} heavy days in {one.split}: what is said on them rests on few storms (data.splits)."
        if training is not None and one is not training and abs(one.mean / training.mean - 1) > OTHER_CLIMATE:
            than = "more" if one.mean > training.mean else "less"
            yield (
                f"The {one.split} days have {percent(abs(one.mean / training.mean - 1))} {than} rain than the training "
                f"days, which {_by_chance(training, one)}."
            )


def _by_chance(training: SplitFigures, other: SplitFigures) -> str:
    """Whether a split may differ so much because single years do."""
    if len(training.yearly) < LEAST_YEARS:
        return "may be chance, for years differ: more years in each split would tell"
    deviation = float(np.std(training.yearly, ddof=1)) * np.sqrt(1 / len(training.yearly) + 1 / len(other.yearly))
    if abs(other.mean - training.mean) <= STANDARD_ERRORS * deviation:
        return "is what single years differ by; more years in the split would tell more"
    return "is more than single years differ by: another climate, or another kind of data"


def _of_gaps(found: Inspection) -> Iterator[str]:
    missing = sum(gap.days for gap in found.gaps)
    if missing:
        longest = found.gaps[0]
        held = found.store.sizes[TIME]
        yield (
            f"{missing} days are missing between the first and the last ({percent(missing / (missing + held))}); the "
            f"longest gap has {longest.days}, from {date(longest.first)} to {date(longest.last)}."
        )
    valid = found.rain.valid[np.isfinite(found.rain.valid)]
    seldom = float((valid < OFTEN_MISSING).mean()) if valid.size else 0.0
    if seldom > MANY_CELLS:
        yield f"{percent(seldom)} of the cells are valid on less than {percent(OFTEN_MISSING)} of the days."


def _validation_days(found: Inspection) -> str:
    return next((str(one.days) for one in found.splits if one.split == "validation"), "")
