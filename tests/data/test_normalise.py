"""The two transforms: exact inverses, floors, and the bug of thresholding normalised values."""

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rainsmith.base.errors import UserError
from rainsmith.data.normalise import PredictandTransform, Standardiser, standardised_statics
from rainsmith.data.statistics import STD_FLOOR

FIELD = hnp.arrays(np.float32, (3, 4), elements=st.floats(0, 1500, width=32))


def domain(log_mean: np.ndarray, log_std: np.ndarray, legacy: int = 0) -> xr.Dataset:
    return xr.Dataset(
        {
            "log_mean": (("y", "x"), log_mean.astype(np.float32)),
            "log_std": (("y", "x"), log_std.astype(np.float32)),
            "log_std_global": 0.97,
        },
        attrs={"legacy_statistics": legacy},
    )


@settings(max_examples=100, deadline=None)
@given(
    y=FIELD,
    mean=hnp.arrays(np.float32, (3, 4), elements=st.floats(0, 3, width=32)),
    std=hnp.arrays(np.float32, (3, 4), elements=st.floats(0, 3, width=32)),
    kind=st.sampled_from(["log1p-cell", "log1p-global"]),
)
def test_inverse_of_forward_is_the_identity(y: np.ndarray, mean: np.ndarray, std: np.ndarray, kind: str) -> None:
    transform = PredictandTransform.from_store(domain(mean, std), kind)  # type: ignore[arg-type]
    back = transform.inverse(transform(torch.from_numpy(y))).numpy()
    np.testing.assert_allclose(back, y, rtol=2e-5, atol=2e-5)


def test_inverse_clips_at_zero_but_the_unclipped_one_keeps_a_gradient() -> None:
    transform = PredictandTransform.from_store(domain(np.ones((1, 1)), np.ones((1, 1))), "log1p-cell")
    z = torch.tensor([[-3.0]], requires_grad=True)
    assert transform.inverse(z).item() == 0.0
    transform.inverse(z, clip=False).sum().backward()
    assert z.grad is not None and z.grad.item() > 0


def test_a_cell_that_is_almost_never_wet_stays_finite() -> None:
    transform = PredictandTransform.from_store(domain(np.zeros((1, 2)), np.array([[0.0, 0.5]])), "log1p-cell")
    z = transform(torch.tensor([[30.0, 30.0]]))
    assert torch.isfinite(z).all()
    assert z[0, 0].item() == pytest.approx(np.log1p(30.0) / STD_FLOOR, rel=1e-5)


def test_legacy_statistics_have_no_floor() -> None:
    transform = PredictandTransform.from_store(domain(np.zeros((1, 1)), np.full((1, 1), 0.01), legacy=1), "log1p-cell")
    assert transform(torch.tensor([[1.0]])).item() == pytest.approx(np.log(2) / 0.01, rel=1e-5)


def test_zero_rain_is_zero_in_the_global_transform() -> None:
    transform = PredictandTransform.from_store(domain(np.ones((2, 2)), np.ones((2, 2))), "log1p-global")
    assert (transform(torch.zeros(2, 2)) == 0).all()


def test_invalid_cells_of_the_statistics_do_not_spread() -> None:
    transform = PredictandTransform.from_store(
        domain(np.array([[np.nan, 1.0]]), np.array([[np.nan, 1.0]])), "log1p-cell"
    )
    assert torch.isfinite(transform(torch.tensor([[0.0, 5.0]]))).all()


def test_standardiser_puts_the_mean_where_a_value_is_missing_and_survives_constant_channels() -> None:
    standardise = Standardiser(np.array([10.0, 5.0]), np.array([2.0, 0.0]))
    x = torch.tensor([[[[12.0, np.nan]], [[5.0, 5.0]]]])
    assert standardise(x).tolist() == [[[[1.0, 0.0]], [[0.0, 0.0]]]]


def test_statics_are_standardised_over_valid_cells_only() -> None:
    maps = xr.Dataset(
        {
            "statics": (("static", "y", "x"), np.array([[[0.0, 10.0, 9999.0]]])),
            "mask": (("y", "x"), [[True, True, False]]),
        }
    )
    assert standardised_statics(maps).tolist() == [[[-1.0, 1.0, 0.0]]]


def test_a_valid_cell_that_a_map_does_not_know_gets_its_mean() -> None:
    """A cell without an observation on any training day has no climate."""
    maps = xr.Dataset(
        {
            "statics": (("static", "y", "x"), np.array([[[0.0, 10.0, np.nan]], [[3.0, 3.0, 3.0]]])),
            "mask": (("y", "x"), [[True, True, True]]),
        }
    )
    assert standardised_statics(maps).tolist() == [[[-1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]]
    assert standardised_statics(maps.isel(static=slice(0))).shape == (0, 1, 3)


def test_rain_among_the_predictors_enters_as_log1p() -> None:
    found = xr.Dataset(
        {
            "predictor_mean": ("channel", [3.0, 280.0]),
            "predictor_std": ("channel", [6.0, 5.0]),
            "predictor_log_mean": ("channel", [0.7, np.nan]),
            "predictor_log_std": ("channel", [0.9, np.nan]),
        }
    )
    x = torch.tensor([[[[0.0, 4.0, -0.01, torch.nan]], [[285.0, 280.0, 275.0, torch.nan]]]])
    logged = Standardiser.from_store(found, log_rain=True)(x)[0, :, 0].numpy()
    rain = (np.log1p([0.0, 4.0, 0.0]) - 0.7) / 0.9
    np.testing.assert_allclose(logged[0], [*rain, 0.0], rtol=1e-5)
    np.testing.assert_allclose(logged[1], [1.0, 0.0, -1.0, 0.0], rtol=1e-5)
    plain = Standardiser.from_store(found)(x)[0, :, 0].numpy()
    np.testing.assert_allclose(plain[0, :2], [-0.5, 1 / 6], rtol=1e-5)


def test_a_store_without_statistics_of_log_rain_is_refused() -> None:
    found = xr.Dataset({"predictor_mean": ("channel", [3.0]), "predictor_std": ("channel", [6.0])})
    with pytest.raises(UserError, match="run 'rainsmith prepare' again"):
        Standardiser.from_store(found, log_rain=True)
