"""Counts of large amounts by week, and the tail of any series of weeks: quantiles, cells above thresholds, maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from rainsmith.base.seasons import first_month, season_year
from rainsmith.metrics.bootstrap import calendar_blocks

_LARGEST_MM = 2000.0  # [mm/day] more than fell anywhere in a day
_WIDTH = 1.02  # upper edge of a class over its lower edge


def edges_from(base_mm: float) -> np.ndarray:
    """(class,) lower edges [mm/day] of the classes of large amounts, in steps of 2 % from ``base_mm`` on."""
    count = max(1, int(np.ceil(np.log(_LARGEST_MM / base_mm) / np.log(_WIDTH))))
    return np.asarray(base_mm * _WIDTH ** np.arange(count))


@dataclass(frozen=True)
class WeekCounts:
    """Sums over the days of each week.

    Attributes:
        edges: (class,) [mm/day] lower edges.
        week: (week,) number of each week of the calendar, rising.
        day_of_year: (week,) of the middle of the week.
        cells: (week,) valid cell-days.
        year: (week,) of its first day; a winter has one year.
        above: (week, series, class) cell-days at or above each edge.
        peak: (week, series) [mm/day] largest amount.
    """

    edges: np.ndarray
    week: np.ndarray
    day_of_year: np.ndarray
    cells: np.ndarray
    year: np.ndarray
    above: np.ndarray
    peak: np.ndarray

    def tail(self, weeks: np.ndarray, series: np.ndarray) -> Tail:
        """The tail of some composed series.

        Args:
            weeks: (sample, place) which week stands at each place.
            series: (sample, place) whose values it holds.
        """
        samples = len(weeks)
        above, peak = np.zeros((samples, len(self.edges))), np.zeros(samples)
        for place in range(weeks.shape[1]):
            week, who = weeks[:, place], series[:, place]
            above += self.above[week, who]
            np.maximum(peak, self.peak[week, who], out=peak)
        return Tail(self.edges, self.cells[weeks].sum(axis=1).astype(np.float64), above, peak)


@dataclass(frozen=True)
class Tail:
    """The tail of some series: ``cells`` (sample,), ``above`` (sample, class) and ``peak`` (sample,) [mm/day]."""

    edges: np.ndarray
    cells: np.ndarray
    above: np.ndarray
    peak: np.ndarray

    def quantile(self, q: float) -> np.ndarray:
        """(sample,) [mm/day] amount that a share of 1 - q of the cell-days reaches; at least the lowest edge."""
        wanted = (1 - q) * self.cells
        reached = (self.above >= wanted[:, None]).sum(axis=1)  # edges that enough cell-days reach
        low = np.clip(reached - 1, 0, len(self.edges) - 2)
        row = np.arange(len(low))
        more, fewer = self.above[row, low], self.above[row, low + 1]
        share = np.clip((more - wanted) / np.maximum(more - fewer, 1e-12), 0, 1)
        return np.minimum(self.edges[low] * (self.edges[low + 1] / self.edges[low]) ** share, np.fmax(self.peak, 0))

    def cells_above(self, edge: int) -> np.ndarray:
        """(sample,) cell-days at or above an edge."""
        return self.above[:, edge]


class TailCounter:
    """Adds up large amounts by week.

    Args:
        time: (time,) all days that will come.
        series: number of series.
        edges: (class,) [mm/day].
    """

    def __init__(self, time: xr.DataArray, series: int, edges: np.ndarray) -> None:
        week, self._place = np.unique(calendar_blocks(time, 7), return_inverse=True)
        day_of_year = np.asarray(time.dt.dayofyear.values)
        first = np.unique(self._place, return_index=True)[1]
        self.edges, self._week, self._day_of_year = edges, week, day_of_year[first]
        self._year = season_year(time, first_month(time))[first]
        self._cells = np.zeros(len(week), dtype=np.int64)
        self._counts = np.zeros((len(week), series, len(edges)), dtype=np.int32)
        self._peak = np.zeros((len(week), series))

    def add(self, days: np.ndarray, fields: np.ndarray, valid: np.ndarray) -> None:
        """Add some days.

        Args:
            days: (day,) their positions in ``time``.
            fields: (day, series, cell) [mm/day], 0 where invalid.
            valid: (day, cell) bool.
        """
        place = self._place[days]
        np.add.at(self._cells, place, valid.sum(axis=1))
        np.maximum.at(self._peak, place, fields.max(axis=2))
        day, series, cell = np.nonzero(fields >= np.float32(self.edges[0]))
        kind = np.searchsorted(self.edges, fields[day, series, cell], side="right") - 1
        np.add.at(self._counts, (place[day], series, np.maximum(kind, 0)), 1)

    def counts(self) -> WeekCounts:
        """The sums of all days that were added."""
        above = self._counts[..., ::-1].cumsum(axis=-1, dtype=np.int32)[..., ::-1]
        about = (self._week, self._day_of_year, self._cells, self._year)
        return WeekCounts(self.edges, *about, above, self._peak)
