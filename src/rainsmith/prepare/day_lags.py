"""Whether a predictor fits the rain better a day earlier or later: a sign that the days of a file are shifted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.dims import SPLITS
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.sphere import wrap_degrees
from rainsmith.data.sources.predictors import DailyField
from rainsmith.data.splits import shifted_days
from rainsmith.data.statistics import domain_means
from rainsmith.prepare.days import SplitDays

LAGS = (-1, 0, 1)
"""[days] From the target's day to the day of the predictor."""
LEAST_RATIO = 1.5
"""A lag fits clearly better where its signal-to-noise ratio r / sqrt(1 - r^2) is so many times that of the days used.

A fixed difference of correlations would not do: the rain of two days in a row is correlated by 0.4 to 0.7, and so is a
product that is shifted by a day. Pressure, whose days overlap with those of the rain, stays below 1.5.
"""
LEAST_GAIN, STANDARD_ERRORS = 0.08, 3.0
"""The correlation must also be better by the first of these, and by so many standard errors 1 / sqrt(days)."""
BEST = 3
"""So many predictors are printed, beside those that are warned of."""
_MARGIN = 0.5  # [degrees] Cells so far outside the target still count as those of its region.


@dataclass(frozen=True)
class LagFit:
    """How well one predictor fits the rain at each lag.

    Attributes:
        label: what the predictor is called.
        correlations: of the domain means of the target and of the predictor, at each of ``LAGS``; NaN where there are
            no days or no variation.
        offsets: [days] the days of it that are channels.
        days: the number of training days that were compared.
        is_type: True for a series of 0 and 1.
    """

    label: str
    correlations: tuple[float, ...]
    offsets: tuple[int, ...]
    days: int
    is_type: bool

    @property
    def better_lag(self) -> int | None:
        """The lag that fits clearly better than all days that are used, None where there is none."""
        size = np.nan_to_num(np.abs(self.correlations))
        best = int(np.argmax(size))
        used = max((size[LAGS.index(lag)] for lag in self.offsets if lag in LAGS), default=None)
        if used is None or not self.days or LAGS[best] in self.offsets:
            return None
        gain = size[best] - used
        if gain < max(LEAST_GAIN, STANDARD_ERRORS / np.sqrt(self.days)):
            return None
        return LAGS[best] if _signal_to_noise(size[best]) >= LEAST_RATIO * _signal_to_noise(used) else None

    @property
    def strength(self) -> float:
        """The largest absolute correlation on a day that is used, 0 where there is none."""
        known = dict(zip(LAGS, np.nan_to_num(np.abs(self.correlations)), strict=True))
        return float(max((known[lag] for lag in self.offsets if lag in known), default=0.0))

    @property
    def line(self) -> str:
        """One line for the user."""
        values = ", ".join("none" if np.isnan(r) else f"{r:.2f}" for r in self.correlations)
        text = f"{self.label}: correlation with the rain {values} on the day before, the same day and the day after"
        if self.better_lag is None:
            return text
        when = "before" if self.better_lag < 0 else "after"
        return (
            f"{text}; WARNING: the day {when} fits clearly better, so that its days or those of the target may be "
            f"shifted by one; look at their time stamps, or give 'day_offsets: [{self.better_lag}]'"
        )


def compare_days(precip: xr.DataArray, days: SplitDays, fields: Sequence[DailyField]) -> list[LagFit]:
    """Correlate the domain mean of the target with that of each predictor from files, a day before to a day after.

    Args:
        precip: (time, y, x) [mm/day].
        days: the wanted days of the target; those of training are compared.
        fields: the predictors; block means of the target are left out.

    Returns:
        The fit of each predictor, in their order.
    """
    training = days.split == SPLITS.index("train")
    time = days.time[training]
    rain = domain_means(precip.values, days.positions[training])
    grid = Grid.of(precip)
    fits = []
    for field in fields:
        if field.coarsen:
            continue
        series = _regional_means(field, grid)
        pairs = [_paired(rain, series, field.days, shifted_days(time, lag)) for lag in LAGS]
        is_type = not field.has_grid and bool(np.isin(series[np.isfinite(series)], (0.0, 1.0)).all())
        number = min(int(np.isfinite(x + y).sum()) for x, y in pairs)
        fits.append(LagFit(field.label, tuple(_correlation(x, y) for x, y in pairs), field.offsets, number, is_type))
    return fits


def say(fits: Iterable[LagFit], log: CheckLog) -> None:
    """Add the lines of the best predictors and of all that are warned of to the log, and all figures as an attribute.

    Types are said only where there is a warning. The best are those whose correlation on a day that is used is largest.
    """
    fits = list(fits)
    amounts = [fit for fit in fits if not fit.is_type and fit.better_lag is None]
    best = sorted(amounts, key=lambda fit: -fit.strength)[:BEST]
    log.lines += [fit.line for fit in fits if fit.better_lag is not None or any(fit is one for one in best)]
    if rest := len(amounts) - len(best):
        log.lines.append(
            f"{rest} more predictor{'s fit' if rest > 1 else ' fits'} the rain less; their correlations stand in the "
            "store as 'correlations_at_lags'"
        )
    if fits:
        figures = (f"{fit.label} {' '.join(f'{r:.3f}' for r in fit.correlations)}" for fit in fits)
        log.attributes["correlations_at_lags"] = "; ".join(figures)


def _regional_means(field: DailyField, target: Grid) -> np.ndarray:
    """Mean of each day over the cells within the extent of the target, else over all cells: (time,)."""
    here = np.ones(field.grid.shape, dtype=bool)
    latitude, longitude = field.grid.latitude, field.grid.longitude
    lat, lon = target.latitude, target.longitude
    if field.has_grid and latitude is not None and longitude is not None and lat is not None and lon is not None:
        middle = float(lon.flat[lon.size // 2])
        east, wanted = wrap_degrees(longitude - middle), wrap_degrees(lon - middle)
        inside = (latitude >= lat.min() - _MARGIN) & (latitude <= lat.max() + _MARGIN)
        inside &= (east >= wanted.min() - _MARGIN) & (east <= wanted.max() + _MARGIN)
        here = inside if inside.any() else here
    return domain_means(field.values, cells=here)


def _paired(
    rain: np.ndarray, series: np.ndarray, days: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rain, and the values of the wanted days, NaN where there are none."""
    position = np.minimum(np.searchsorted(days, wanted), len(days) - 1)
    return rain, np.where(days[position] == wanted, series[position], np.nan)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's correlation over the days that have both, NaN without variation."""
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if both.sum() < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def _signal_to_noise(correlation: float) -> float:
    return float(correlation / np.sqrt(max(1.0 - correlation**2, 1e-12)))
