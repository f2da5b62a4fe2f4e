"""Structure, amplitude and location of boxes of rain, whose values are known."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.metrics import sal

needs_pysteps = pytest.mark.skipif(find_spec("pysteps") is None, reason="pysteps, an optional extra, is not installed")
needs_both = pytest.mark.skipif(
    find_spec("pysteps") is None or find_spec("skimage") is None,
    reason="pysteps or scikit-image, which its SAL needs, is not installed",
)


def boxes(*corners: tuple[int, int, int, int], amount: float = 10.0) -> xr.DataArray:
    """A field of 40 x 30 cells with rain [mm/day] in boxes of (row, column, rows, columns)."""
    field = np.zeros((40, 30))
    for row, column, rows, columns in corners:
        field[row : row + rows, column : column + columns] = amount
    return xr.DataArray(field, dims=("y", "x"))


OBSERVED = boxes((10, 10, 4, 5))


@needs_both
def test_perfect_is_zero_and_a_factor_is_amplitude_alone() -> None:
    assert sal(OBSERVED, OBSERVED) == pytest.approx((0, 0, 0), abs=1e-9)
    assert sal(3 * OBSERVED, OBSERVED) == pytest.approx((0, 2 / 2, 0), abs=1e-9)


@needs_both
def test_a_shift_is_location_alone() -> None:
    score = sal(boxes((16, 18, 4, 5)), OBSERVED)
    assert score == pytest.approx((0, 0, np.hypot(6, 8) / np.hypot(40, 30)), abs=1e-9)


@needs_both
def test_a_wider_object_is_structure() -> None:
    """A box of 80 cells with the same rain as one of 20: volumes over their peaks are 80 and 20."""
    wide = boxes((8, 7, 8, 10), amount=2.5)
    assert sal(wide, OBSERVED).structure == pytest.approx((80 - 20) / 50)
    assert sal(OBSERVED, wide).structure == pytest.approx((20 - 80) / 50)


@needs_both
def test_objects_apart_are_location_though_the_centre_is_right() -> None:
    """Two boxes of half the cells, each 10 columns from their common centre."""
    apart = boxes((10, 2, 2, 5), (10, 22, 2, 5))
    together = boxes((10, 12, 2, 5))
    score = sal(apart, together)
    assert score.location == pytest.approx(2 * 10 / np.hypot(40, 30), abs=1e-9)
    assert score.structure == pytest.approx(0, abs=1e-9)


@needs_both
def test_invalid_cells_are_left_out_of_both() -> None:
    dirty = OBSERVED.copy()
    dirty[30:, 20:] = 500.0
    score = sal(dirty, OBSERVED.where(OBSERVED["y"] < 30))
    assert score == pytest.approx((0, 0, 0), abs=1e-9)


@needs_both
def test_dry_fields_have_no_objects() -> None:
    dry = sal(0 * OBSERVED, OBSERVED)
    assert dry.amplitude == -2 and np.isnan(dry.structure) and np.isnan(dry.location)
    assert np.isnan(sal(0 * OBSERVED, 0 * OBSERVED)).all()


def test_what_is_missing_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysteps", None)
    monkeypatch.setitem(sys.modules, "pysteps.verification", None)
    with pytest.raises(UserError, match=r"found no pysteps; .*; pip install") as error:
        sal(OBSERVED, OBSERVED)
    assert "\n" not in str(error.value)


@needs_pysteps
def test_without_scikit_image_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysteps.verification.salscores.SKIMAGE_IMPORTED", False)
    with pytest.raises(UserError, match="no scikit-image"):
        sal(OBSERVED, OBSERVED)


def test_fields_of_two_grids_are_refused() -> None:
    with pytest.raises(ValueError, match="same y and x"):
        sal(OBSERVED.isel(y=slice(5)), OBSERVED)
    with pytest.raises(ValueError, match="one member and day"):
        sal(OBSERVED.expand_dims(member=2), OBSERVED)
