"""Indices of the climate of members and observation, added up day by day; ``INDICES`` lists and describes them.

Members are exchangeable within a day only: member 3 of one day and member 3 of the next share nothing but what their
predictors share. Indices of single days can be compared with the observation. Indices that link days (``of_series``)
say how far series that are made of members are from observed series; they say nothing about the fields themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.seasons import season_year
from rainsmith.metrics.bootstrap import calendar_blocks
from rainsmith.metrics.core import CELL, SERIES

WET_DAY_MM = 1.0
"""[mm/day] A day is wet for the indices of ETCCDI at or above it; for ``wet_fraction`` it is ``data.wet_mm``."""
_WINDOW_DAYS = 5  # [days] of Rx5day


@dataclass(frozen=True)
class Index:
    """One index.

    Attributes:
        name: as in the tables.
        units: of its values.
        long_name: what it is, in a few words.
        of_series: whether it links a day with the days before.
    """

    name: str
    units: str
    long_name: str
    of_series: bool = False


INDICES = (
    Index("mean", "mm/day", "mean amount"),
    Index("wet_fraction", "1", "share of wet days"),
    Index("R1mm", "days/year", "days with at least 1 mm"),
    Index("SDII", "mm/day", "mean amount of days with at least 1 mm"),
    Index("Rx1day", "mm", "largest amount of a day, mean of years"),
    Index("R95p", "mm/year", "rain of days above the training P95 of wet days"),
    Index("Rx5day", "mm", "largest amount of five days in a row, mean of years", of_series=True),
    Index("CDD", "days", "longest dry spell (below 1 mm), mean of years", of_series=True),
    Index("CWD", "days", "longest wet spell (at least 1 mm), mean of years", of_series=True),
    Index("wet_spell", "days", "mean length of wet spells", of_series=True),
    Index("lag1", "1", "correlation of a day's amount with that of the day before", of_series=True),
)
"""In the order of the tables. Names in capitals are those of ETCCDI.

References:
    Zhang et al. (2011), doi:10.1002/wcc.147.
"""


@dataclass(frozen=True)
class Peaks:
    """Amounts above the threshold of their cell.

    Attributes:
        day: (peak,) position of the day.
        series: (peak,) 0 ... K - 1 for members, K for the observation.
        cell: (peak,) position of the cell.
        excess: (peak,) [mm/day] above the threshold, > 0.
    """

    day: np.ndarray
    series: np.ndarray
    cell: np.ndarray
    excess: np.ndarray

    def of(self, *series: int) -> Peaks:
        """The peaks of some series."""
        chosen = np.isin(self.series, series)
        return Peaks(self.day[chosen], self.series[chosen], self.cell[chosen], self.excess[chosen])


class CellClimate:
    """Sums over days at each cell and in each series (the members in order, then the observation).

    Days come in the order of the calendar, a few at a time. A missing day, or an invalid cell, ends spells, five-day
    sums and pairs of days. The memory in use does not grow with the number of days, except for the peaks (about one
    cell-day in a hundred) and for one field a year.

    Args:
        time: (time,) all the days that will come.
        shape: number of series and of cells.
        wet_mm: [mm/day] of ``wet_fraction``.
        heavy_mm: (cell,) [mm/day] threshold above which rain counts for R95p; inf where there is none.
        peak_mm: (cell,) [mm/day] threshold above which an amount is a peak; inf where there is none.
        days_per_year: [days] of a full year in these data.
        first_month: in which a year begins; a year is named after the one in which it ends.
    """

    def __init__(
        self,
        time: xr.DataArray,
        shape: tuple[int, int],
        *,
        wet_mm: float,
        heavy_mm: np.ndarray,
        peak_mm: np.ndarray,
        days_per_year: int,
        first_month: int = 1,
    ) -> None:
        self.wet_mm, self.heavy_mm, self.peak_mm, self.days_per_year = wet_mm, heavy_mm, peak_mm, days_per_year
        self.years, self._year = np.unique(season_year(time, first_month), return_inverse=True)
        self._month = time.dt.month.values - 1
        self._ordinal = calendar_blocks(time, 1)
        cells, years = shape[1], len(self.years)
        self.days = np.zeros((years, cells), dtype=np.int32)
        self.rain, self.wet_rain, self.heavy_rain = (np.zeros(shape) for _ in range(3))
        self.wet, self.wet_days, self.spells = (np.zeros(shape, dtype=np.int32) for _ in range(3))
        self.largest, self._largest_five = (np.zeros((years, *shape), dtype=np.float32) for _ in range(2))
        self._longest_dry, self._longest_wet = (np.zeros((years, *shape), dtype=np.int16) for _ in range(2))
        self._dry_run, self._wet_run = (np.zeros(shape, dtype=np.int16) for _ in range(2))
        self._fives = np.zeros((years, cells), dtype=np.int32)
        self._pairs = np.zeros(cells, dtype=np.int32)
        self._lagged = np.zeros((5, *shape))  # sums of x, y, x^2, y^2, x y; x the day before y
        self._recent: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._month_rain, self._month_cells = np.zeros((12, shape[0])), np.zeros(12)
        self._peaks: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, days: np.ndarray, fields: np.ndarray, valid: np.ndarray) -> None:
        """Add the next days.

        Args:
            days: (day,) their positions in ``time``.
            fields: (day, series, cell) float32 [mm/day], 0 where invalid.
            valid: (day, cell) bool.
        """
        known = valid[:, None]
        wet = fields >= WET_DAY_MM
        self.rain += fields.sum(axis=0, dtype=np.float64)
        self.wet += ((fields >= self.wet_mm) & known).sum(axis=0, dtype=np.int32)
        self.wet_days += wet.sum(axis=0, dtype=np.int32)
        self.wet_rain += np.where(wet, fields, 0).sum(axis=0, dtype=np.float64)
        self.heavy_rain += np.where(fields > self.heavy_mm, fields, 0).sum(axis=0, dtype=np.float64)
        month = self._month[days]
        np.add.at(self._month_rain, month, fields.sum(axis=2, dtype=np.float64))
        np.add.at(self._month_cells, month, valid.sum(axis=1))
        row, series, cell = np.nonzero(fields > self.peak_mm)
        excess = fields[row, series, cell] - self.peak_mm[cell]
        kept = (days[row].astype(np.int32), series.astype(np.int16), cell.astype(np.int32), excess.astype(np.float32))
        self._peaks.append(kept)
        for i, day in enumerate(days):
            year = self._year[day]
            self.days[year] += valid[i]
            np.maximum(self.largest[year], fields[i], out=self.largest[year])
            self._add_to_series(int(day), fields[i], wet[i], valid[i])

    def _add_to_series(self, day: int, field: np.ndarray, wet: np.ndarray, valid: np.ndarray) -> None:
        """Add one day to spells, pairs of days and five-day sums: field and wet (series, cell), valid (cell,)."""
        year, ordinal = self._year[day], int(self._ordinal[day])
        if self._recent and self._recent[-1][0] != ordinal - 1:
            self._recent.clear()
            self._dry_run[:], self._wet_run[:] = 0, 0
        self.spells += wet & (self._wet_run == 0)
        for run, longest, goes_on in (
            (self._wet_run, self._longest_wet, wet),
            (self._dry_run, self._longest_dry, ~wet & valid),
        ):
            run += 1
            run *= goes_on
            np.maximum(longest[year], run, out=longest[year])
        if self._recent:
            _, before, known = self._recent[-1]
            both = valid & known
            x, y = before * both, field * both
            self._pairs += both
            for total, term in zip(self._lagged, (x, y, x * x, y * y, x * y), strict=True):
                total += term
        self._recent.append((ordinal, field.copy(), valid.copy()))
        if len(self._recent) == _WINDOW_DAYS:
            every = np.logical_and.reduce([known for _, _, known in self._recent])
            five = sum(amount for _, amount, _ in self._recent) * every
            np.maximum(self._largest_five[year], five, out=self._largest_five[year])
            self._fives[year] += every
            del self._recent[0]

    def indices(self) -> xr.Dataset:
        """Every index at every cell: variables (series, cell), NaN where it is undefined."""
        days = self.days.sum(axis=0)
        per_year = self.days_per_year / np.where(days > 0, days, np.nan)
        values = {
            "mean": self.rain / np.where(days > 0, days, np.nan),
            "wet_fraction": self.wet / np.where(days > 0, days, np.nan),
            "R1mm": self.wet_days * per_year,
            "SDII": self.wet_rain / np.where(self.wet_days > 0, self.wet_days, np.nan),
            "Rx1day": _mean_of_years(self.largest, self.days > 0),
            "R95p": self.heavy_rain * per_year,
            "Rx5day": _mean_of_years(self._largest_five, self._fives > 0),
            "CDD": _mean_of_years(self._longest_dry, self.days > 0),
            "CWD": _mean_of_years(self._longest_wet, self.days > 0),
            "wet_spell": self.wet_days / np.where(self.spells > 0, self.spells, np.nan),
            "lag1": self._correlation(),
        }
        about = {index.name: {"units": index.units, "long_name": index.long_name} for index in INDICES}
        return xr.Dataset({name: ((SERIES, CELL), values[name], about[name]) for name in about})

    def seasonal_cycle(self) -> np.ndarray:
        """(month, series) [mm/day] mean over cells and days, NaN in a month without days."""
        return self._month_rain / np.where(self._month_cells > 0, self._month_cells, np.nan)[:, None]

    def peaks(self) -> Peaks:
        """All amounts above the threshold of their cell, in the order of the days."""
        return Peaks(*(np.concatenate(part) for part in zip(*self._peaks, strict=True)))

    def annual_maxima(self) -> np.ndarray:
        """(year, series, cell) [mm/day], NaN in a year that lacks more than a tenth of its days at the cell."""
        whole = self.days >= 0.9 * self.days_per_year
        return np.where(whole[:, None], self.largest, np.float32(np.nan))

    def _correlation(self) -> np.ndarray:
        """(series, cell) correlation of a day's amount with that of the day before; NaN where either does not vary."""
        n = np.where(self._pairs > 1, self._pairs, np.nan)
        x, y, xx, yy, xy = self._lagged / n
        spread = np.maximum(xx - x * x, 0) * np.maximum(yy - y * y, 0)
        defined = spread > (1e-9 * xx * yy)
        return np.asarray(np.where(defined, (xy - x * y) / np.sqrt(np.where(defined, spread, 1.0)), np.nan))


def _mean_of_years(values: np.ndarray, has_data: np.ndarray) -> np.ndarray:
    """Mean of values (year, series, cell) over the years that have data (year, cell)."""
    count = has_data.sum(axis=0)
    total = np.where(has_data[:, None], values, 0).sum(axis=0, dtype=np.float64)
    return np.asarray(total / np.where(count > 0, count, np.nan))
