"""Texture, likeness and mass of fields: closed forms, invariances, masks, best and worst values."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.augment.field_statistics import block_error, pattern_distance, texture


def noise(n: int = 3, ny: int = 48, nx: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.5, 6.0, (n, ny, nx))


def wave(k: float) -> np.ndarray:
    """Rain whose square root is a wave of k cycles per cell along x."""
    return np.broadcast_to((2 + np.cos(2 * np.pi * k * np.arange(160))) ** 2, (1, 40, 160)).copy()


@pytest.mark.parametrize("k", [0.02, 0.1, 0.2])
def test_texture_of_a_wave_is_its_closed_form(k: float) -> None:
    power = [(1 - np.cos(2 * np.pi * k * s)) ** 2 for s in (1, 2, 4)]
    neighbours = (1 - np.cos(2 * np.pi * k)) / 2  # along x; none across
    expected = [np.log10(power[0] / power[1]), np.log10(power[1] / power[2]), np.log10(neighbours), np.log10(0.5)]
    np.testing.assert_allclose(texture(wave(k))[0], expected, atol=0.1)


def test_white_noise_has_the_same_power_in_every_band_and_smooth_fields_less_in_finer_ones() -> None:
    rough = texture(noise(ny=200, nx=200))
    np.testing.assert_allclose(rough[:, :3], 0, atol=0.05)
    assert (texture(wave(0.02))[:, :3] < texture(wave(0.1))[:, :3]).all()
    assert (texture(wave(0.1))[:, :3] < rough[:1, :3]).all()


def test_texture_is_that_of_the_field_whatever_its_amount_and_its_coast() -> None:
    fields = wave(0.05)
    np.testing.assert_allclose(texture(7 * fields)[:, :3], texture(fields)[:, :3], rtol=1e-6)
    coast = fields.copy()
    coast[:, :, :50] = np.nan
    coast[:, 30:] = np.nan
    np.testing.assert_allclose(texture(coast), texture(fields), atol=0.1)
    cliff = np.nan_to_num(coast)  # what a transform that fills the sea with 0 would see
    assert (texture(cliff)[:, 0] > texture(fields)[:, 0] + 0.5).all()


def test_texture_needs_rain() -> None:
    dry = texture(np.zeros((1, 30, 30)))
    assert np.isnan(dry[0, :3]).all() and dry[0, 3] < -10
    shower = np.zeros((1, 30, 30))
    shower[0, 3, 3] = 40
    assert np.isnan(texture(shower)[0, :3]).all()
    assert np.isfinite(texture(np.full((1, 30, 30), 5.0))).all()  # a constant field is smooth, not unknown


def test_pattern_distance_is_the_formula() -> None:
    a, b = noise(2), noise(3, seed=1)
    a[:, :5] = np.nan
    b[1, :, :9] = np.nan
    distance = pattern_distance(a, b)
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            both = np.isfinite(one) & np.isfinite(other)
            p, q = one[both] / one[both].sum(), other[both] / other[both].sum()
            assert distance[i, j] == pytest.approx(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2), abs=1e-3)


def test_pattern_distance_best_worst_and_undefined() -> None:
    field = noise(1)
    assert pattern_distance(field, 3 * field)[0, 0] < 2e-3
    left, right = field.copy(), field.copy()
    left[:, :, :20] = 0
    right[:, :, 20:] = 0
    assert pattern_distance(left, right)[0, 0] == pytest.approx(1)
    assert np.isnan(pattern_distance(field, 0 * field)).all()
    assert np.isnan(pattern_distance(np.full_like(field, np.nan), field)).all()


def test_pattern_distance_of_a_long_library_is_that_of_its_parts() -> None:
    library = noise(300, 8, 8)
    distance = pattern_distance(library[:4], library)
    # not to the bit: a float32 product of another shape may be added up in another order, as the processor goes
    np.testing.assert_allclose(distance[:, 250:260], pattern_distance(library[:4], library[250:260]), rtol=1e-5)
    assert (distance.argmin(axis=1) == np.arange(4)).all()


def test_block_error_best_worst_and_closed_form() -> None:
    block = np.repeat(np.repeat(np.arange(4).reshape(2, 2), 2, axis=0), 2, axis=1)
    field = np.arange(16.0).reshape(1, 4, 4)
    field[0, 3, 3] = np.nan
    means = np.array([np.nanmean(field[0][block == b]) for b in range(4)]).reshape(1, 2, 2)
    assert block_error(field, means, block, 0.1)[0] == pytest.approx(0, abs=1e-12)
    assert block_error(2 * field, means, block, 0.1)[0] == pytest.approx(1)
    assert block_error(0 * field, means, block, 0.1)[0] == pytest.approx(1)
    moved = means[:, ::-1]
    cells = np.array([4, 4, 4, 3])
    expected = (np.abs(means - moved).ravel() * cells).sum() / (moved.ravel() * cells).sum()
    assert block_error(field, moved, block, 0.1)[0] == pytest.approx(expected)
    unknown = means.copy()
    unknown[0, 0, 0] = np.nan
    field[0, 0, 0] = 500
    assert block_error(field, unknown, block, 0.1)[0] == pytest.approx(0, abs=1e-12)
    assert np.isfinite(block_error(0 * field, 0 * means, block, 0.1)).all()
