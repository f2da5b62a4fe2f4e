"""Which days of each predictor become channels, and which fields are coarse rain: told by their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rainsmith.base.units import mm_per_day_factor
from rainsmith.data.sources.rain_names import may_be_rain
from rainsmith.init.evidence import Evidence, Offsets, best_offsets, explained, lag_fits
from rainsmith.init.roles import may_be_total
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
    amounts = [number for number, use in enumerate(uses) if not _is_sum(use)]
    fields = [field for number in amounts for field in evidence.fields[number]]
    best = best_offsets(evidence, fields) if fields else Offsets((0,), "")
    aligned = []
    for number, (use, fit) in enumerate(zip(uses, fits, strict=True)):
        if _is_sum(use):
            aligned.append(_at_best_lag(replace(use, fits=tuple(fit)), fit))
            continue
        use = replace(use, offsets=best.days, fits=tuple(fit)).because(best.reason if number == amounts[0] else "")
        lags = [(one, replace(one, offsets=best.days).better_lag) for one in fit]
        doubts = [best.doubt if number == amounts[0] else "", *(_warning(one, lag) for one, lag in lags if lag)]
        aligned.append(use.leaving_open(*doubts[:2]))
    every = [field for number in range(len(uses)) for field in evidence.fields[number]]
    return aligned, best.share if len(every) == len(fields) else explained(evidence, every, best.days)


def _is_sum(use: Use) -> bool:
    """Whether the values are amounts of rain, which fell on one day."""
    return use.rain or (may_be_rain(use.source.first.about) and use.source.first.units not in ("m", "m s-1", "m/s"))


def _as_rain(use: Use, fits: list[LagFit], evidence: Evidence, number: int) -> Use:
    """A field whose unit is one of rain, as coarse rain where it goes with the target's rain and is about as much."""
    if use.rain or not may_be_total(use.source.first) or use.source.grid is None or len(fits) != 1 or use.select:
        return use
    factor = mm_per_day_factor(use.source.first.units)
    mean = float(np.nanmean(evidence.fields[number][0].values)) * factor
    correlation = fits[0].correlations[LAGS.index(0)]
    ratio = mean / evidence.mean if evidence.mean else np.inf
    if not (correlation >= LEAST_CORRELATION and 1 / MOST_RATIO <= ratio <= MOST_RATIO):
        return use
    return replace(use, rain=True).because(
        f"coarse rain by its unit and values: its mean is {ratio:.2f} of the target's, and both go together"
    )


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
    return replace(use, offsets=(better,)).leaving_open(_warning(fits[0], better))


def _warning(fit: LagFit, lag: int | None) -> str:
    when = "before" if lag == -1 else "after"
    return (
        f"'{fit.label}' fits the rain clearly better on the day {when}, so that its days or those of the target may be "
        "shifted by one; look at the time stamps of both files"
    )
