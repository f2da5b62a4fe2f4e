"""Regridding: conservation, closed forms, missing cells, coverage."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.projection import WGS84
from rainsmith.data.grids.regrid import regrid
from tests.data.made import fine_map, lat_lon_grid, without_axes

_NAMES = {"y": {"standard_name": "latitude"}, "x": {"standard_name": "longitude"}}


def sphere(lat: np.ndarray, lon: np.ndarray) -> Grid:
    return Grid(lat, lon, WGS84, attrs=_NAMES).locate()


def plane(y: np.ndarray, x: np.ndarray) -> Grid:
    cells = Grid.of(fine_map())
    return Grid(y, x, cells.crs, attrs=cells.attrs).locate()


def test_the_same_grid_is_left_as_it_is() -> None:
    values = np.random.default_rng(0).random((2, 6, 8)).astype(np.float32)
    assert regrid(values, lat_lon_grid(), lat_lon_grid(), conservative=True) is values


@pytest.mark.parametrize("falling", [False, True])
def test_bilinear_is_exact_for_a_plane(falling: bool) -> None:
    source, target = lat_lon_grid(0.5), sphere(np.array([41.1, 41.7, 42.2]), np.array([0.3, 1.9, 3.3]))
    if falling:
        target = sphere(target.y[::-1], target.x)
    values = (2 * source.y[:, None] - 3 * source.x)[None]
    done = regrid(values, source, target, conservative=False)
    np.testing.assert_allclose(done[0], 2 * target.y[:, None] - 3 * target.x, rtol=1e-5)


def test_bilinear_from_latitudes_to_a_projection_and_from_a_curvilinear_grid() -> None:
    source, target = lat_lon_grid(), Grid.of(fine_map())
    values = (2 * source.y[:, None] - 3 * source.x)[None]
    assert target.latitude is not None and target.longitude is not None
    expected = 2 * target.latitude - 3 * target.longitude
    np.testing.assert_allclose(regrid(values, source, target, conservative=False)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(regrid(values, without_axes(source), target, conservative=False)[0], expected, rtol=1e-5)


@pytest.mark.parametrize("falling", [False, True])
def test_conservative_on_a_plane_is_the_mean_of_whole_cells(falling: bool) -> None:
    source, target = plane(np.arange(12.0), np.arange(9.0)), plane(np.arange(4.0) * 3 + 1, np.arange(3.0) * 3 + 1)
    values = np.random.default_rng(1).random((2, 12, 9))
    expected = values.reshape(2, 4, 3, 3, 3).mean(axis=(2, 4))
    if falling:
        target, expected = plane(target.y[::-1], target.x), expected[:, ::-1]
    np.testing.assert_allclose(regrid(values, source, target, conservative=True), expected, rtol=1e-5)


def test_conservative_on_the_sphere_keeps_the_total_that_bilinear_loses() -> None:
    source = sphere(np.arange(40.25, 46, 0.5), np.arange(0.25, 6, 0.5))
    target = sphere(np.arange(40.75, 46, 1.5), np.arange(0.75, 6, 1.5))
    values = np.zeros((1, 12, 12))
    values[0, 4, 3] = 100.0  # one wet cell

    def total(field: np.ndarray, grid: Grid, step: float) -> float:
        edges = np.sin(np.deg2rad(np.stack([grid.y - step / 2, grid.y + step / 2])))
        return float((field * (edges[1] - edges[0])[:, None] * step).sum())

    before = total(values[0], source, 0.5)
    assert total(regrid(values, source, target, conservative=True)[0], target, 1.5) == pytest.approx(before, rel=1e-3)
    assert total(regrid(values, source, target, conservative=False)[0], target, 1.5) != pytest.approx(before, rel=0.1)


def test_rain_on_another_projection_is_the_mean_of_the_cells_that_a_cell_holds() -> None:
    target = sphere(np.array([41.6, 41.7, 41.8]), np.array([1.85, 2.0, 2.15]))
    source = plane(4_600_000.0 + 1000.0 * np.arange(40), 400_000.0 + 1000.0 * np.arange(40))
    values = np.random.default_rng(2).random((1, 40, 40))
    done = regrid(values, source, target, conservative=True)
    assert source.latitude is not None and source.longitude is not None
    for i, j in np.ndindex(3, 3):
        inside = (abs(source.latitude - target.y[i]) <= 0.05) & (abs(source.longitude - target.x[j]) <= 0.075)
        np.testing.assert_allclose(done[0, i, j], values[0][inside].mean(), rtol=1e-4)


def test_a_cell_finer_than_the_source_is_interpolated() -> None:
    source, target = lat_lon_grid(0.5), Grid.of(fine_map())
    rain, other = (regrid(np.ones((1, 6, 8)) * 3, source, target, conservative=c) for c in (True, False))
    np.testing.assert_allclose(rain, 3.0, rtol=1e-6)
    np.testing.assert_allclose(other, 3.0, rtol=1e-6)


@pytest.mark.parametrize("conservative", [True, False])
def test_missing_cells_are_left_out(conservative: bool) -> None:
    source, target = plane(np.arange(12.0), np.arange(9.0)), plane(np.arange(4.0) * 3 + 1.2, np.arange(3.0) * 3 + 0.8)
    target = plane(target.y[1:3], target.x[1:2])
    values = np.full((1, 12, 9), 5.0)
    values[0, 4, 4] = np.nan
    np.testing.assert_allclose(regrid(values, source, target, conservative=conservative), 5.0, rtol=1e-6)
    assert np.isnan(regrid(values * np.nan, source, target, conservative=conservative)).all()


@pytest.mark.parametrize("kind", ["overlap", "centres", "bilinear"])
def test_days_in_blocks_are_the_same_days(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = plane(np.arange(12.0), np.arange(9.0)), plane(np.arange(4.0) * 3 + 1, np.arange(3.0) * 3 + 1)
    source = without_axes(source) if kind == "centres" else source
    values = np.random.default_rng(3).gamma(0.5, 9.0, size=(50, 12, 9)).astype(np.float32)
    values[7, 2:5] = np.nan
    whole = regrid(values, source, target, conservative=kind != "bilinear")
    monkeypatch.setattr("rainsmith.base.large_arrays.BLOCK_BYTES", 3 * 8 * 12 * 9)
    assert np.array_equal(regrid(values, source, target, conservative=kind != "bilinear"), whole, equal_nan=True)


def test_a_source_that_does_not_cover_the_target_is_refused() -> None:
    target = sphere(np.array([41.0, 44.0]), np.array([1.0, 2.0]))
    for source in (lat_lon_grid(), without_axes(lat_lon_grid())):
        with pytest.raises(UserError, match=r"'msl' covers 50% of the cells.*larger region"):
            regrid(np.ones((1, 6, 8)), source, target, conservative=False, name="msl")


@pytest.mark.parametrize("conservative", [False, True])
@pytest.mark.parametrize("first", [0.0, -180.0, 1.25])
def test_a_grid_round_the_earth_has_no_seam(conservative: bool, first: float) -> None:
    """Predictors of 0 to 360 degrees east, and a region that lies on both sides of Greenwich, or of the date line."""
    lat, lon = np.arange(35.0, 60.1, 2.5), first + np.arange(0.0, 360.0, 2.5)
    wave = np.broadcast_to(np.sin(np.deg2rad(lon)), (1, len(lat), len(lon))).astype(np.float32)
    for middle in (0.0, 180.0):
        there = middle + np.arange(-6.0, 6.1, 0.5)
        found = regrid(wave, sphere(lat, lon), sphere(np.arange(40.0, 50.0), there), conservative=conservative)
        expected = np.broadcast_to(np.sin(np.deg2rad(there)), found.shape)
        # a cell of 2.5 degrees that a finer one lies in is half of that off at most
        np.testing.assert_allclose(found, expected, atol=0.025 if conservative else 1e-3)
