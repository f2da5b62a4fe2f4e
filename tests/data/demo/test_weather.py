"""The terrain and the large-scale weather of the embedded climate."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.config import Demo
from rainsmith.data.demo.weather import CELL_KM, CHANNELS, GEOSTROPHIC, _storms, _waves, coarse_state, terrain

Y_KM, X_KM = np.arange(5) * 40.0, np.arange(6) * 50.0


def test_the_sea_is_flat_and_the_land_rises_from_the_coast() -> None:
    maps = terrain(60, 50)
    assert 0.4 < maps.land.mean() < 0.8
    assert (maps.elevation[~maps.land] == 0).all() and (maps.elevation[maps.land] > 0).all()
    assert (maps.coast_km[~maps.land] == 0).all() and maps.coast_km[maps.land].min() == CELL_KM
    assert maps.elevation.max() > 1000
    assert maps.land[-1, 0] and not maps.land[0, -1]  # north-west and south-east
    rise = maps.elevation[31, 20] - maps.elevation[29, 20]
    assert maps.slope_y[30, 20] == pytest.approx(rise / (2 * CELL_KM * 1000))


def test_waves_have_unit_variance_their_memory_and_their_gradients() -> None:
    values, along_x, along_y = (
        np.concatenate(parts)
        for parts in zip(
            *(_waves(np.random.default_rng(seed), 400, Y_KM, X_KM, (400.0, 1500.0), 0.7) for seed in range(12)),
            strict=True,
        )
    )
    assert values.var() == pytest.approx(1.0, abs=0.1)
    step = 1e-3
    shifted = _waves(np.random.default_rng(3), 40, Y_KM, X_KM + step, (400.0, 1500.0), 0.7)
    there = _waves(np.random.default_rng(3), 40, Y_KM, X_KM, (400.0, 1500.0), 0.7)
    np.testing.assert_allclose((shifted[0] - there[0]) / step, there[1], atol=1e-5)
    shifted = _waves(np.random.default_rng(3), 40, Y_KM + step, X_KM, (400.0, 1500.0), 0.7)
    np.testing.assert_allclose((shifted[0] - there[0]) / step, there[2], atol=1e-5)
    assert along_x.shape == along_y.shape == values.shape


def test_the_first_day_is_like_any_other() -> None:
    first = [_waves(np.random.default_rng(seed), 1, Y_KM, X_KM, (400.0, 1500.0), 0.9)[0] for seed in range(300)]
    assert np.var(first) == pytest.approx(1.0, abs=0.2)


def test_active_days_have_storms_and_quiet_ones_none() -> None:
    demo = Demo(ny=40, nx=36)
    y_km, x_km = np.linspace(0, 200, 7), np.linspace(0, 180, 6)
    active = _storms(demo, y_km, x_km, np.full(200, 20.0))
    assert active.shape == (200, 7, 6) and active.min() >= 0
    assert (active.max(axis=(1, 2)) > 1).mean() > 0.95
    assert _storms(demo, y_km, x_km, np.full(200, -50.0)).max() == 0


def test_the_state_has_its_channels_in_their_ranges_and_a_geostrophic_wind() -> None:
    demo = Demo()
    day_of_year = np.tile(np.arange(1, 366), 2)
    state = coarse_state(demo, day_of_year)
    assert state.shape == (730, len(CHANNELS), demo.ny_lr, demo.nx_lr) and state.dtype == np.float32
    moisture, u, v, temperature, pressure, rain = np.moveaxis(state, 1, 0)
    assert moisture.min() > 0 and rain.min() >= 0
    assert 250 < temperature.min() < temperature.max() < 320
    assert 960 < pressure.min() < pressure.max() < 1060
    # v follows the eastward gradient of the pressure, u the northward one with the other sign
    spacing = np.array([demo.ny / demo.ny_lr, demo.nx / demo.nx_lr]) * CELL_KM
    to_north, to_east = np.gradient(pressure, *spacing, axis=(1, 2))
    inner = (slice(None), slice(1, -1), slice(1, -1))
    assert np.corrcoef(v[inner].ravel(), GEOSTROPHIC * to_east[inner].ravel())[0, 1] > 0.9
    assert np.corrcoef(u[inner].ravel(), -GEOSTROPHIC * to_north[inner].ravel())[0, 1] > 0.9
