"""Which days of each predictor become channels, and which fields are coarse rain: told by their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rainsmith.base.errors import UserError
from rainsmith.base.units import mm_per_day_factor
from rainsmith.data.sources.predictors import DailyField
from rainsmith.data.sources.rain_names import may_be_rain
from rainsmith.init.evidence import Evidence, Offsets, best_offsets, explained, lag_fits
from rainsmith.init.roles import may_be_total, speaks_of_rain
from rainsmith.init.uses import Use
from rainsmith.prepare.day_lags import LAGS, LagFit

LEAST_CORRELATION = 0.5
"""Of the regional means of the target and of a field that is taken as coarse rain by its values."""
PERFECT = 0.99
"""Correlation of the regional means from which on coarse rain may have been made of the target."""
MOST_RATIO = 4.0
"""How far its mean may be from that of the target."""


def align(uses: Sequence[Use], evidence: Evidence) -> tuple[list[Use], float]:
    """Set the days of each source by lag correlations and by what a regression on these days explains.

    Args:
        uses: the sources, as they were read for the evidence.
        evidence: rain and predictors of some training days.

    Returns:
        The uses with their days and reasons, and the share of the variance of log1p rain that they explain.
    """
    fits = lag_fits(evidence)
    uses = [_as_rain(use, fit, evidence, number) for number, (use, fit) in enumerate(zip(uses, fits, strict=True))]
    evidence = replace(evidence, fields=[_in_mm(use, of) for use, of in zip(uses, evidence.fields, strict=True)])
    amounts = [number for number, use in enumerate(uses) if not _is_sum(use)]
    fields = [field for number in amounts for field in evidence.fields[number]]
    best = best_offsets(evidence, fields) if fields else Offsets((0,), "")
    aligned = []
    for number, (use, fit) in enumerate(zip(uses, fits, strict=True)):
        if _is_sum(use):
            aligned.append(_at_best_lag(replace(use, fits=tuple(fit)), fit))
            continue
        use = replace(use, offsets=best.days, fits=tuple(fit)).because(best.reason if number == amounts[0] else "")
        used = (0,) if best.doubt else best.days
        doubts = [best.doubt if number == amounts[0] else "", *_warnings(fit, used, best.days)]
        aligned.append(use.leaving_open(*doubts))
    every = [field for number in range(len(uses)) for field in evidence.fields[number]]
    return aligned, best.share if len(every) == len(fields) else explained(evidence, every, best.days)


def _is_sum(use: Use) -> bool:
    """Whether the values are amounts of rain, which fell on one day."""
    return use.rain or (may_be_rain(use.source.first.about) and use.source.first.units not in ("m", "m s-1", "m/s"))


def _as_rain(use: Use, fits: list[LagFit], evidence: Evidence, number: int) -> Use:
    """A field whose unit is one of rain, as coarse rain where it goes with the target's rain and is about as much.

    A unit that heights have, too, such as m, counts where the names speak of rain.
    """
    variable = use.source.first
    named = use.rain or speaks_of_rain(variable)
    if use.source.grid is None or len(fits) != 1 or use.select or not (named or may_be_total(variable)):
        return use
    try:
        factor = 1.0 if use.rain else mm_per_day_factor(variable.units)
    except UserError:  # no unit, or none that can be read
        return use
    mean = float(np.nanmean(evidence.fields[number][0].values)) * factor
    correlation = fits[0].correlations[LAGS.index(0)]
    ratio = mean / evidence.mean if evidence.mean else np.inf
    found = f"its mean is {ratio:.2g} of the target's, and their correlation is {correlation:.2f}"
    about_as_much = 1 / MOST_RATIO <= ratio <= MOST_RATIO
    if use.rain or (correlation >= LEAST_CORRELATION and about_as_much):
        by = "its name, its unit" if named else "its unit"
        use = replace(use, rain=True).because(f"coarse rain by {by} '{variable.units}' and its values: {found}")
        doubt = (
            f"{found}; look at the unit '{variable.units}': the alternatives are 'units:' with another one, or no rain"
        )
        return use if about_as_much else use.leaving_open(f"'{use.source.name}' is taken as coarse rain, but {doubt}")
    if not named:
        return use
    return use.because(f"no coarse rain in spite of its name: {found}; where it is, correct its unit or its days")


def _in_mm(use: Use, fields: list[DailyField]) -> list[DailyField]:
    """The fields of a source; rain that was read as another quantity is brought to mm/day."""
    if not use.rain:
        return fields
    factor = mm_per_day_factor(use.source.first.units)
    return [one if one.rain else replace(one, values=one.values * np.float32(factor), rain=True) for one in fields]


def _at_best_lag(use: Use, fits: Sequence[LagFit]) -> Use:
    """A sum over a day: the one day that fits best, if it fits clearly better than the day itself."""
    if not fits:
        return use
    better = fits[0].better_lag
    if use.rain and max(np.nan_to_num(fit.correlations[LAGS.index(0)]) for fit in fits) > PERFECT:
        use = use.because(
            "it goes with the target so closely that it may have been made of it; results are then super-resolution "
            "with a perfect coarse input, and no downscaling of a model"
        )
    if better is None:
        return use.because(
            "" if use.rain else "a sum over the rain day belongs to the day itself, so day_offsets stay [0]"
        )
    return replace(use, offsets=(better,)).leaving_open(*_warnings(fits, fits[0].offsets, (better,)))


def _warnings(fits: Sequence[LagFit], used: tuple[int, ...], set_days: tuple[int, ...]) -> list[str]:
    """What is open about the days of one variable, with the alternatives; fields that look alike are said together.

    Args:
        fits: of its fields.
        used: [days] the days that another day is held against.
        set_days: [days] the days that are set.
    """
    alike: dict[int, list[LagFit]] = {}
    for fit in fits:
        lag = replace(fit, offsets=used).better_lag
        if lag is not None:
            alike.setdefault(lag, []).append(fit)
    return [_warning(those, lag, used, set_days) for lag, those in alike.items()]


def _warning(fits: Sequence[LagFit], lag: int, used: tuple[int, ...], set_days: tuple[int, ...]) -> str:
    when = "before" if lag == -1 else "after"
    names, known = ", ".join(f"'{fit.label}'" for fit in fits), fits[0].correlations
    own = max((known[LAGS.index(day)] for day in used if day in LAGS), key=abs)
    fits_, its = ("fits", "its") if len(fits) == 1 else ("fit", "their")
    others = [days for days in ((0,), (lag,)) if days != set_days]
    choices = " or ".join(f"day_offsets: {list(days)}" for days in others)
    found = f"correlation {known[LAGS.index(lag)]:.2f}, otherwise {own:.2f}"
    return (
        f"{names} {fits_} the rain clearly better on the day {when} ({found}), so that {its} days or those of the "
        f"target may be shifted by one; look at the time stamps of both files. Set is {list(set_days)}; the "
        f"alternatives are {choices}, in an entry of its own where other variables keep their days"
    )
