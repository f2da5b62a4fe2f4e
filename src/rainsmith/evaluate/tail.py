"""Whether the tail of a forecast is that of the observation: rows of ``metrics.csv`` that judge it with any ensemble.

On each day the observation and the members of a perfect forecast are exchangeable. So the observed series is compared
with series that hold, in each week, the values of one of them, drawn at random: a randomisation test, whose order
statistics are exact with any number of members. The whole record is the second reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import SPLITS, TIME, X, Y, in_day_set
from rainsmith.base.large_arrays import blocks
from rainsmith.evaluate.forecasts_to_score import Forecast
from rainsmith.evaluate.scoring import COLUMNS
from rainsmith.evaluate.tail_counts import Tail, TailCounter, WeekCounts, edges_from
from rainsmith.metrics.core import Pairs, Settings

OUTSIDE = 0.005
"""Share of the composed series beyond each end of the range."""
DAYS_ABOVE = 10
"""[days] Days of the record on which a cell reaches the highest threshold that is judged."""
_SERIES = 999  # composed series; with the observed one they are a thousand
_SEASON_DAYS = 30  # [days] a week of the record stands for weeks this near in the calendar

BY_CHANCE, OF_RECORD = "_by_chance", "_of_record"
"""Endings of the names of rows: the range of composed series of the same days, and of samples of the whole record."""
HEAVY_CELLS, EXTREME_CELLS, RARE_CELLS = "heavy_cells", "extreme_cells", "rare_cells"
"""Cell-days above the training P99, the training P99.9, and the highest threshold that the record supports."""
EVENT_CELLS = "event_cells"
"""Cell-days above a threshold of the configuration; the threshold in mm/day follows in the name of the row."""
BEYOND_RECORD = "beyond_record"
"""Weeks with more than the largest amount of the record that members would have in as long a record."""
LARGEST = "largest"
"""The largest amount of any member on any day, held against the largest of the record."""
HEAVIEST_SHAPE = 0.25
"""Shape of the heaviest tail that daily rain has (Papalexiou and Koutsoyiannis 2013, doi:10.1029/2012WR012557)."""


@dataclass(frozen=True)
class TailReference:
    """The observed tail of all days of the store.

    Attributes:
        record: of all days.
        edges: by name of the count, the class from which it counts.
    """

    record: WeekCounts
    edges: Mapping[str, int]


def tail_reference(store: xr.Dataset, settings: Settings) -> TailReference:
    """Read the whole record once.

    Args:
        store: all days, with ``precip`` [mm/day] and ``split``.
        settings: with the training P99.
    """
    edges = edges_from(max(settings.p99, settings.wet_mm))
    record, training = (TailCounter(store[TIME], 1, edges) for _ in range(2))
    is_training = store["split"].values == SPLITS.index("train")
    peaks = np.zeros(store.sizes[TIME])
    for part, block in blocks(store["precip"].transpose(TIME, Y, X)):
        days, rain = np.arange(part.start, part.stop), block.reshape(len(block), 1, -1)
        valid = np.isfinite(rain)
        fields = np.where(valid, rain, 0).astype(np.float32)
        record.add(days, fields, valid[:, 0])
        training.add(days[is_training[days]], fields[is_training[days]], valid[is_training[days], 0])
        peaks[days] = fields.max(axis=(1, 2))
    p999 = float(_whole(training.counts(), 0).quantile(0.999)[0])
    rare = float(np.sort(peaks)[-min(DAYS_ABOVE, len(peaks))])
    amounts = {HEAVY_CELLS: edges[0], EXTREME_CELLS: p999, RARE_CELLS: rare}
    amounts |= {f"{EVENT_CELLS}_{mm:g}": mm for mm in settings.thresholds_mm if edges[0] <= mm < edges[-1]}
    place = {name: max(int(np.searchsorted(edges, mm * 1.0001, side="right")) - 1, 0) for name, mm in amounts.items()}
    return TailReference(record.counts(), place)


class TailWatch:
    """Adds up the tail of one forecast while it is scored."""

    def __init__(self, reference: TailReference, forecast: Forecast, store: xr.Dataset) -> None:
        days = store[["heavy_x"]].isel({TIME: forecast.days})
        self.reference = reference
        self._sets = {name: in_day_set(days, name) for name in ("all", "heavy_x")}
        series, edges = forecast.members + 1, reference.record.edges
        self.counters = {name: TailCounter(days[TIME], series, edges) for name in self._sets}

    def days_in(self, day_set: str) -> int:
        """Number of days of the forecast that belong to a set."""
        return int(self._sets[day_set].sum())

    def add(self, days: np.ndarray, pairs: Pairs) -> None:
        """Take the next days."""
        for name, chosen in self._sets.items():
            some = chosen[days]
            self.counters[name].add(days[some], pairs.fields[some], pairs.valid[some])


def tail_rows(watch: TailWatch, forecast: Forecast, *, whole_split: bool, seed: int) -> pd.DataFrame:
    """Rows of ``metrics.csv`` on the tail: ``lower`` and ``upper`` hold 98 % of the series that stand for chance.

    Args:
        watch: the tail, after the forecast was scored.
        forecast: that it belongs to.
        whole_split: whether the forecast holds all days of its split, so that the record can be compared.
        seed: of the draws.
    """
    rows: list[dict[str, Any]] = []
    for days, counter in watch.counters.items():
        counts = counter.counts()
        if not counts.cells.sum():
            continue
        about = {**forecast.labels, "days": days, "members": forecast.members, "scale": np.nan}
        about["n_days"] = watch.days_in(days)
        own = _series(counts)
        chance = _swapped(counts, seed)
        figures = _figures(watch.reference, float(counts.cells.sum()))
        rows += [
            {**about, "metric": name + BY_CHANCE, **_judged(figure, own, chance)} for name, figure in figures.items()
        ]
        if days == "all" and whole_split:
            record = _like(watch.reference.record, counts, seed)
            rows += [
                {**about, "metric": name + OF_RECORD, **_judged(figures[name], own, record)}
                for name in ("p999", "p9999", "max", RARE_CELLS)
                if name in figures
            ]
            largest = float(watch.reference.record.peak.max())
            row = {**about, "metric": BEYOND_RECORD, "threshold": largest, "units": "weeks", "observed": 0.0}
            rows.append({**row, "value": _weeks_beyond(watch.reference, counts)})
            rows.append({**about, "metric": LARGEST + OF_RECORD, **_largest(watch.reference, counts)})
    return pd.DataFrame(rows, columns=COLUMNS)


@dataclass(frozen=True)
class _Figure:
    """How a figure is measured on some series, its threshold [mm/day] or NaN, and its units."""

    measure: Callable[[Tail], np.ndarray]
    threshold: float = np.nan
    units: str = "mm/day"


def _figures(reference: TailReference, cells: float) -> dict[str, _Figure]:
    """By name: the measure, its threshold [mm/day] or NaN, and its units; quantiles that the days support."""
    figures = {"max": _Figure(lambda tail: tail.peak)}
    for name, q in (("p999", 0.999), ("p9999", 0.9999)):
        if cells * (1 - q) >= 2:  # else it is the largest value
            figures[name] = _Figure(partial(Tail.quantile, q=q))
    for name, edge in reference.edges.items():
        threshold = float(reference.record.edges[edge])
        figures[name] = _Figure(partial(Tail.cells_above, edge=edge), threshold, "cell-days")
    return figures


def _judged(figure: _Figure, own: Tail, others: Tail) -> dict[str, Any]:
    """Median member and observation (the last of their series), and the range of other series."""
    each, spread = figure.measure(own), figure.measure(others)
    lower = np.quantile(spread, OUTSIDE, method="lower")
    upper = np.quantile(spread, 1 - OUTSIDE, method="higher")
    return {
        "threshold": figure.threshold,
        "units": figure.units,
        "value": float(np.median(each[:-1])),
        "observed": float(each[-1]),
        "lower": float(lower),
        "upper": float(upper),
    }


def _whole(counts: WeekCounts, series: int) -> Tail:
    """The tail of one series of all weeks."""
    weeks = np.arange(len(counts.week))[None]
    return counts.tail(weeks, np.full_like(weeks, series))


def _series(counts: WeekCounts) -> Tail:
    """The tail of each series by itself, the observation last."""
    series = np.arange(counts.peak.shape[1])[:, None]
    weeks = np.broadcast_to(np.arange(len(counts.week)), (len(series), len(counts.week)))
    return counts.tail(weeks, np.broadcast_to(series, weeks.shape))


def _swapped(counts: WeekCounts, seed: int) -> Tail:
    """The observed series, and series that hold in each week the values of the observation or of a member.

    References:
        Phipson and Smyth (2010), doi:10.2202/1544-6115.1585, on counting the observed series among the others.
    """
    series = counts.peak.shape[1]
    drawn = np.random.default_rng([seed, 11]).integers(series, size=(_SERIES + 1, len(counts.week)))
    drawn[0] = series - 1
    return counts.tail(np.broadcast_to(np.arange(len(counts.week)), drawn.shape), drawn)


def _like(record: WeekCounts, counts: WeekCounts, seed: int) -> Tail:
    """Series as long as the forecast, of weeks of the record in the same season.

    For each series the years of the record are drawn anew first, because the record is a sample, too.
    """
    generator = np.random.default_rng([seed, 12])
    years, year_of = np.unique(record.year, return_inverse=True)
    drawn_years = generator.integers(len(years), size=(_SERIES, len(years)))
    weeks = np.empty((_SERIES, len(counts.week)), dtype=np.int64)
    for place, day in enumerate(counts.day_of_year):
        apart = np.abs(record.day_of_year - day)
        near = np.flatnonzero(np.minimum(apart, 365 - apart) <= _SEASON_DAYS)
        near = near[np.argsort(year_of[near], kind="stable")]
        count = np.bincount(year_of[near], minlength=len(years))
        year = drawn_years[np.arange(_SERIES), generator.integers(len(years), size=_SERIES)]
        year = np.where(count[year] > 0, year, year_of[generator.choice(near, size=_SERIES)])
        weeks[:, place] = near[(count.cumsum() - count)[year] + generator.integers(count[year])]
    return record.tail(weeks, np.zeros_like(weeks))


def _largest(reference: TailReference, counts: WeekCounts) -> dict[str, Any]:
    """The largest amount of all members, and the one that even the heaviest tail passes in 1 of 100 cases.

    The largest of n times as many draws passes x times the largest of the record with a probability of n / (n + x^a),
    where the tail falls as the power -a, the inverse of its shape.
    """
    record = reference.record
    times = counts.peak[:, :-1].shape[1] * counts.cells.sum() / record.cells.sum()
    factor = max(1.0, times * (1 / OUTSIDE / 2 - 1)) ** HEAVIEST_SHAPE
    return {
        "threshold": np.nan,
        "units": "mm/day",
        "value": float(counts.peak[:, :-1].max()),
        "observed": float(counts.peak[:, -1].max()),
        "lower": 0.0,
        "upper": factor * float(record.peak.max()),
    }


def _weeks_beyond(reference: TailReference, counts: WeekCounts) -> float:
    """Weeks with a larger amount than the record's largest that members would have in as long a record.

    A week in which the observation itself came near that amount is counted once: it is one of the few such weeks.
    """
    record = reference.record
    share = (counts.peak[:, :-1] > float(record.peak.max())).mean(axis=1)
    was_rare = counts.peak[:, -1] >= record.edges[reference.edges[RARE_CELLS]]
    return float((share * np.where(was_rare, 1.0, record.cells.sum() / counts.cells.sum())).sum())
