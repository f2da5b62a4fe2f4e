"""Statistics of the training days against numpy on all values at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.data.statistics import channel_statistics, domain_means, training_statistics
from tests.data.made import rain

TRAINING = np.arange(300) < 280  # more days than are summed at once


@pytest.fixture
def precip() -> np.ndarray:
    values = rain(days=300).values
    values[5, 2, 3] = np.nan
    return values


def predictors(values: np.ndarray) -> xr.DataArray:
    names = [f"c{number}" for number in range(values.shape[1])]
    return xr.DataArray(values, dims=("time", "channel", "y_lr", "x_lr"), coords={"channel": names})


def test_statistics_of_rain_are_those_of_numpy_over_valid_training_values(precip: np.ndarray) -> None:
    precip[280:] = 1e3  # other days have no say
    statistics = {name: variable[1] for name, variable in training_statistics(precip, TRAINING, 0.93).items()}
    train = precip[:280].astype(np.float64)
    valid = train[np.isfinite(train)]
    for name, share in (("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("heavy_threshold", 0.93)):
        assert float(statistics[name]) == pytest.approx(np.quantile(valid, share), rel=1e-6)
    assert float(statistics["train_max"]) == valid.max()
    assert float(statistics["log_std_global"]) == pytest.approx(np.log1p(valid).std(), rel=1e-9)
    with np.errstate(invalid="ignore"):
        for name, field, measure in (
            ("climatology", train, np.nanmean),
            ("log_mean", np.log1p(train), np.nanmean),
            ("log_std", np.log1p(train), np.nanstd),
        ):
            np.testing.assert_allclose(statistics[name][:, 1:], measure(field[:, :, 1:], axis=0), rtol=1e-5)
            assert np.isnan(statistics[name][:, 0]).all()  # sea


def test_sums_of_rows_in_blocks_are_the_same_to_the_last_bit_and_hold_little(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).gamma(0.4, 9.0, size=(300, 96, 64)).astype(np.float32)
    values[40:90, 20:30] = np.nan

    def measured() -> tuple[dict[str, bytes], int]:
        tracemalloc.start()
        try:
            made = training_statistics(values, TRAINING, 0.93)
            return {name: np.asarray(variable[1]).tobytes() for name, variable in made.items()}, peak()
        finally:
            tracemalloc.stop()

    def peak() -> int:
        return tracemalloc.get_traced_memory()[1]

    whole, of_whole = measured()
    monkeypatch.setattr("rainsmith.base.large_arrays.BLOCK_BYTES", 2**17)
    in_blocks, of_blocks = measured()
    assert in_blocks == whole
    assert of_whole > 4 * values.nbytes and of_blocks < values.nbytes  # in float64, and several times


def test_statistics_of_channels_leave_missing_values_out_and_log_only_rain() -> None:
    values = np.random.default_rng(0).gamma(1.0, 3.0, size=(300, 2, 3, 4)) - 0.5
    values[3, 0, 1] = np.nan
    statistics = {
        name: variable[1] for name, variable in channel_statistics(predictors(values), TRAINING, ["c1"]).items()
    }
    for number in (0, 1):
        train = values[:280, number]
        for name in ("mean", "std", "min", "max"):
            expected = getattr(np, f"nan{name}")(train)
            assert statistics[f"predictor_{name}"][number] == pytest.approx(expected, rel=1e-9)
    logs = np.log1p(np.maximum(values[:280, 1], 0))
    assert statistics["predictor_log_mean"][1] == pytest.approx(logs.mean())
    assert statistics["predictor_log_std"][1] == pytest.approx(logs.std())
    assert np.isnan(statistics["predictor_log_mean"][0])


def test_a_channel_without_a_training_value_is_refused() -> None:
    values = np.ones((300, 2, 1, 1))
    values[:280, 1] = np.nan
    with pytest.raises(UserError, match="predictor 'c1' has no value on any training day"):
        channel_statistics(predictors(values), TRAINING)


def test_means_of_days_are_over_valid_cells(precip: np.ndarray) -> None:
    precip[7] = np.nan
    means = domain_means(precip)
    assert np.isnan(means[7])
    known = np.arange(300) != 7
    np.testing.assert_allclose(means[known], np.nanmean(precip[known].astype(np.float64), axis=(1, 2)), rtol=1e-6)
