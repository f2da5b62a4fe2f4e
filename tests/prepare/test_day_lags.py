"""The fit of predictors a day earlier and later: silent on what fits, loud on what is shifted."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rainsmith.config import Data, load_config
from rainsmith.data.checks import CheckLog
from rainsmith.data.grids.grid import attach_lat_lon
from rainsmith.data.sources.axes import read_days
from rainsmith.data.sources.predictors import DailyField, field_of_array
from rainsmith.prepare.arrays import make_store
from rainsmith.prepare.day_lags import LagFit, compare_days, say
from rainsmith.prepare.days import SplitDays
from rainsmith.prepare.gridded import read_gridded
from rainsmith.prepare.stage import prepare
from rainsmith.run_folder import Run
from tests.data.made import SPLITS, config, mapped, pressure, rain

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def wet_spells(days: int = 200) -> xr.DataArray:
    """Rain whose domain mean is correlated by about 0.5 from one day to the next."""
    made = rain(days=days, ny=3, nx=3, sea=False)
    rng = np.random.default_rng(5)
    level = np.convolve(rng.gamma(0.5, 8.0, days + 1), [1.0, 1.0], mode="valid")
    made.values[:] = (level[:, None, None] * rng.uniform(0.8, 1.2, made.shape)).astype(np.float32)
    return mapped(made).set_coords("utm")["pr"]


def product(target: xr.DataArray, shift: int = 0, noise: float = 0.3) -> xr.DataArray:
    """Coarse rain from another source, whose value of a day stands ``shift`` days later."""
    rng = np.random.default_rng(6)
    means = target.mean(("y", "x")).values * rng.uniform(1 - noise, 1 + noise, target.sizes["time"])
    field = pressure(days=target.sizes["time"], hour=0).rename("tp").assign_attrs(units="mm", standard_name="")
    field.values[:] = means[:, None, None]
    return field.assign_coords(time=field["time"] + np.timedelta64(shift, "D"))


def field_of(da: xr.DataArray, offsets: tuple[int, ...] = (0,)) -> DailyField:
    return field_of_array(read_days(da.to_dataset(), str(da.name), "made"), str(da.name), offsets, False, Data(), None)


def fit(target: xr.DataArray, field: DailyField, training: int | None = None) -> LagFit:
    split = np.where(np.arange(target.sizes["time"]) < (training or target.sizes["time"]), 0, 2)
    days = SplitDays(np.arange(target.sizes["time"]), target["time"], split, {})
    return compare_days(attach_lat_lon(target), days, [field])[0]


def test_it_is_the_correlation_of_the_series_shifted_by_hand() -> None:
    target = wet_spells()
    made = fit(target, field_of(product(target)))
    rain_of, other = target.mean(("y", "x")).values, product(target).values.mean((1, 2))
    expected = [np.corrcoef(rain_of[1:], other[:-1]), np.corrcoef(rain_of, other), np.corrcoef(rain_of[:-1], other[1:])]
    np.testing.assert_allclose(made.correlations, [matrix[0, 1] for matrix in expected], rtol=1e-5)


@pytest.mark.parametrize("calendar", ["standard", "noleap"])
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_a_product_shifted_by_a_day_is_found(shift: int, calendar: str) -> None:
    target = wet_spells()
    shifted = product(target, shift)
    if calendar != "standard":
        target, shifted = (da.convert_calendar(calendar, use_cftime=True) for da in (target, shifted))
    made = fit(target, field_of(shifted))
    assert made.better_lag == (shift or None)
    assert ("WARNING: the day" in made.line) == bool(shift)
    assert fit(target, field_of(shifted, (0, shift))).better_lag is None  # the day is used


def test_noise_and_a_constant_are_no_shift() -> None:
    target = wet_spells()
    for seed in range(20):
        assert fit(target, field_of(pressure(days=200, seed=seed))).better_lag is None
    constant = field_of(product(target) * 0)
    made = fit(target, replace(constant, values=np.zeros_like(constant.values)))
    assert np.isnan(made.correlations).all() and made.better_lag is None and "none, none, none" in made.line


def test_only_training_days_are_compared() -> None:
    target = wet_spells()
    later = product(target)
    later.values[100:] = 0.0
    assert fit(target, field_of(later), 100).correlations[1] == pytest.approx(
        np.corrcoef(target.values[:100].mean((1, 2)), product(target).values[:100].mean((1, 2)))[0, 1], rel=1e-5
    )


def test_the_mean_is_over_the_cells_of_the_region() -> None:
    target = wet_spells()
    around = product(target)
    outside = (around["lat"] < 41.0) | (around["lon"] > 3.0)
    noise = np.random.default_rng(3).normal(0, 100, around.sizes["time"])
    disturbed = around + xr.DataArray(noise, dims="time") * outside
    disturbed = disturbed.transpose(*around.dims).rename("tp").assign_attrs(around.attrs)
    assert fit(target, field_of(disturbed)).correlations == pytest.approx(
        fit(target, field_of(around)).correlations, rel=1e-5
    )


def test_a_line_for_each_predictor_but_not_for_types() -> None:
    target, log = wet_spells(), CheckLog()
    fits = [fit(target, field_of(product(target)))]
    say([*fits, replace(fits[0], label="type_3", is_type=True)], log)
    assert log.lines == [fits[0].line] and fits[0].line.startswith("tp: correlation with the rain ")
    assert list(log.attributes) == ["correlations_at_lags"] and "type_3 " in log.attributes["correlations_at_lags"]


def test_make_store_warns() -> None:
    target = wet_spells(60)
    with pytest.warns(UserWarning, match="tp: .*the day after fits clearly better.*day_offsets: \\[1\\]"):
        make_store(target, product(target, 1), splits=SPLITS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = make_store(target, product(target), splits=SPLITS)
    assert store.attrs["correlations_at_lags"].startswith("tp ")


def test_prepare_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = wet_spells(60)
    target.to_netcdf(tmp_path / "rain.nc")
    product(target, -1).to_netcdf(tmp_path / "tp.nc")
    prepare(config(tmp_path, predictors=[{"files": "tp.nc", "variable": "tp"}]), Run(tmp_path / "run"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith("prepare: tp: correlation with the rain") and "the day before fits clearly" in lines[1]


@pytest.mark.real_data
def test_silent_on_the_balearic_islands(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads real files of eight years, about 2 s."""
    monkeypatch.setenv("RAINSMITH_DATA", str(real_data))
    log = CheckLog()
    read_gridded(load_config(CONFIGS / "balearic.yaml").data, log)
    assert sum("correlation with the rain" in line for line in log.lines) == 3
    assert not any("WARNING" in line for line in log.lines)


def test_no_day_in_common_is_no_better_fit() -> None:
    """There used to be a division by zero where the target lacks all training days."""
    assert LagFit("tp", (float("nan"), float("nan"), 0.9), (0,), 0, False).better_lag is None


def test_only_the_best_and_the_warned_are_printed() -> None:
    log = CheckLog()
    plain = [LagFit(f"p{n}", (0.9, n / 10, float("nan")), (0,), 40, False) for n in range(6)]
    warned = [LagFit("late", (0.0, 0.1, 0.9), (0,), 400, False), LagFit("type", (0.0, 0.1, 0.9), (0,), 400, True)]
    say([*[replace(fit, correlations=(0.0, *fit.correlations[1:])) for fit in plain], *warned], log)
    assert [line.partition(":")[0] for line in log.lines[:-1]] == ["p3", "p4", "p5", "late", "type"]
    assert log.lines[-1] == (
        "3 more predictors fit the rain less; their correlations stand in the store as 'correlations_at_lags'"
    )
    assert all(f"p{n} 0.000" in log.attributes["correlations_at_lags"] for n in range(6))
