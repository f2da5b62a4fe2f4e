"""Indices of the climate: against plain definitions, over gaps and missing cells, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.metrics.climate import INDICES, CellClimate

OF_SERIES = [index.name for index in INDICES if index.of_series]


def climate(
    fields: np.ndarray,
    dates: pd.DatetimeIndex,
    *,
    block: int = 50,
    heavy_mm: float = 12.0,
    peak_mm: float = 20.0,
    days_per_year: int = 365,
) -> CellClimate:
    """The climate of (day, series, cell) [mm/day], NaN where invalid, added in blocks."""
    cells = fields.shape[2]
    time = xr.DataArray(dates, dims="time", coords={"time": dates})
    sums = CellClimate(
        time,
        fields.shape[1:],
        wet_mm=0.1,
        heavy_mm=np.full(cells, heavy_mm),
        peak_mm=np.full(cells, peak_mm),
        days_per_year=days_per_year,
    )
    valid = np.isfinite(fields).all(axis=1)
    clean = np.where(valid[:, None], fields, 0).astype(np.float32)
    for start in range(0, len(fields), block):
        days = np.arange(start, min(start + block, len(fields)))
        sums.add(days, clean[days], valid[days])
    return sums


def persistent(days: int, series: int, cells: int, seed: int = 0) -> np.ndarray:
    """Rain (day, series, cell) with wet and dry spells and memory of the day before."""
    rng = np.random.default_rng(seed)
    state = rng.standard_normal((series, cells))
    fields = np.empty((days, series, cells))
    for day in range(days):
        state = 0.7 * state + np.sqrt(1 - 0.49) * rng.standard_normal((series, cells))
        fields[day] = 8 * np.maximum(state - 0.2, 0) ** 1.5
    return fields.astype(np.float32)


@pytest.fixture(scope="module")
def dates() -> pd.DatetimeIndex:
    """Two years and a half, without the second week of April 2002."""
    every = pd.date_range("2001-01-01", "2003-06-30", freq="D")
    return every[(every < "2002-04-08") | (every > "2002-04-14")]


@pytest.fixture(scope="module")
def rain(dates: pd.DatetimeIndex) -> np.ndarray:
    fields = persistent(len(dates), 3, 4)
    fields[::9, :, 1] = np.nan  # a cell with many missing days
    fields[:, :, 3] = np.nan  # and one without any day
    fields[40, 1, 2] = np.nan  # one member lacks one cell on one day
    return fields


def plain(series: pd.Series) -> dict[str, float]:
    """The definitions on one series whose missing days are NaN, all days of the calendar there."""
    wet, years = series >= 1, series.index.year
    known = series.notna()

    def longest(event: pd.Series) -> float:
        run = event.astype(int).groupby((~event).cumsum()).cumsum()
        return run.groupby(years).max()[known.groupby(years).any()].mean()

    before = series.shift(1)
    both = known & before.notna()
    return {
        "mean": series.mean(),
        "wet_fraction": (series[known] >= 0.1).mean(),
        "R1mm": 365 * wet[known].mean(),
        "SDII": series[wet].mean(),
        "Rx1day": series.groupby(years).max().mean(),
        "R95p": 365 * series.where(series > 12, 0.0)[known].mean(),
        "Rx5day": series.rolling(5).sum().groupby(years).max().mean(),
        "CDD": longest((series < 1) & known),
        "CWD": longest(wet),
        "wet_spell": wet.sum() / (wet & ~wet.shift(1, fill_value=False)).sum(),
        "lag1": np.corrcoef(before[both], series[both])[0, 1],
    }


def test_every_index_is_its_definition(rain: np.ndarray, dates: pd.DatetimeIndex) -> None:
    indices = climate(rain, dates).indices()
    assert list(indices.data_vars) == [index.name for index in INDICES]
    common = np.where(np.isfinite(rain).all(axis=1, keepdims=True), rain, np.nan).astype(np.float64)
    for member in range(3):
        for cell in range(3):
            series = pd.Series(common[:, member, cell], index=dates).asfreq("D")
            for name, expected in plain(series).items():
                value = float(indices[name][member, cell])
                assert value == pytest.approx(expected, rel=2e-5), (name, member, cell)
    assert all(np.isnan(field[:, 3]).all() for field in indices.data_vars.values())


def test_blocks_change_nothing(rain: np.ndarray, dates: pd.DatetimeIndex) -> None:
    whole = climate(rain, dates, block=10_000)
    for block in (1, 7):
        parts = climate(rain, dates, block=block)
        xr.testing.assert_allclose(parts.indices(), whole.indices(), rtol=1e-9)
        np.testing.assert_allclose(parts.seasonal_cycle(), whole.seasonal_cycle(), rtol=1e-9)
        for one, other in zip(vars(parts.peaks()).values(), vars(whole.peaks()).values(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_gap_in_the_calendar_breaks_spells_sums_and_pairs() -> None:
    dates = pd.to_datetime([*(f"2001-03-0{day}" for day in range(1, 7)), *(f"2001-04-0{day}" for day in range(1, 5))])
    rain = np.full((10, 2, 1), 5.0)
    indices = climate(rain, dates).indices().isel(series=0, cell=0)
    assert float(indices["CWD"]) == 6 and float(indices["Rx5day"]) == 25 and float(indices["wet_spell"]) == 5
    joined = climate(rain, pd.date_range("2001-03-01", periods=10)).indices().isel(series=0, cell=0)
    assert float(joined["CWD"]) == 10 and float(joined["wet_spell"]) == 10
    short = climate(rain[:4], dates[6:]).indices().isel(series=0, cell=0)
    assert np.isnan(short["Rx5day"]) and float(short["Rx1day"]) == 5
    assert np.isnan(indices["lag1"])  # nothing varies


def test_members_that_are_the_observation_have_its_climate(rain: np.ndarray, dates: pd.DatetimeIndex) -> None:
    same = climate(np.repeat(rain[:, :1], 3, axis=1), dates)
    for field in same.indices().data_vars.values():
        np.testing.assert_array_equal(field[0], field[-1])


def test_days_in_another_order_keep_indices_of_days_and_lose_those_of_series() -> None:
    """Exchangeable within a day: only what links days tells a shuffled year from the true one."""
    dates = pd.date_range("2001-01-01", "2001-12-31")
    observed = persistent(365, 1, 20)
    shuffled = observed[np.random.default_rng(1).permutation(365)]
    indices = climate(np.concatenate([shuffled, observed], axis=1), dates).indices().mean("cell")
    for index in INDICES:
        member, truth = (float(value) for value in indices[index.name])
        if index.of_series:
            assert member < 0.95 * truth, index.name
        else:
            assert member == pytest.approx(truth, rel=1e-6), index.name
    assert OF_SERIES == ["Rx5day", "CDD", "CWD", "wet_spell", "lag1"]


def test_too_wet_and_too_dry_members_lie_on_either_side(dates: pd.DatetimeIndex) -> None:
    truth = persistent(len(dates), 1, 20)
    indices = climate(np.concatenate([0.5 * truth, 1.5 * truth, truth], axis=1), dates).indices().mean("cell")
    for name in ("mean", "R1mm", "SDII", "Rx1day", "R95p", "Rx5day", "CWD"):
        low, high, middle = indices[name].values
        assert low < middle < high, name
    none = climate(np.concatenate([0 * truth, truth], axis=1), dates).indices().isel(series=0)
    assert (none["R1mm"] == 0).all() and (none["CWD"] == 0).all() and np.isnan(none["SDII"]).all()
    assert (none["CDD"] > 150).all()


def test_peaks_and_annual_maxima(rain: np.ndarray, dates: pd.DatetimeIndex) -> None:
    made = climate(rain, dates)
    peaks = made.peaks()
    common = np.where(np.isfinite(rain).all(axis=1, keepdims=True), rain, 0)
    day, series, cell = np.nonzero(common > 20)
    np.testing.assert_array_equal(np.stack([peaks.day, peaks.series, peaks.cell]), [day, series, cell])
    np.testing.assert_allclose(peaks.excess, common[day, series, cell] - 20, rtol=1e-6)
    only = peaks.of(0, 2)
    assert set(only.series) == {0, 2} and len(only.day) == (series != 1).sum()
    maxima = made.annual_maxima()
    whole = common[dates.year == 2001].max(axis=0)
    np.testing.assert_array_equal(maxima[0, :, :1], whole[:, :1])
    assert np.isnan(maxima[2]).all() and np.isnan(maxima[:, :, 3]).all()  # half a year; no day
    assert np.isnan(maxima[0, :, 1]).all()  # a ninth of the days is missing


def test_seasonal_cycle_is_the_mean_of_each_month(rain: np.ndarray, dates: pd.DatetimeIndex) -> None:
    short = (dates.month < 12) & (dates.year == 2001)
    cycle = climate(rain[short], dates[short]).seasonal_cycle()
    common = np.where(np.isfinite(rain).all(axis=1, keepdims=True), rain, np.nan)[short]
    june = common[dates[short].month == 6][:, 2]
    assert cycle[5, 2] == pytest.approx(np.nanmean(june), rel=1e-5) and np.isnan(cycle[11]).all()
