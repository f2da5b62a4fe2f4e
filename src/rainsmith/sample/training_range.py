"""Whether the predictors of new days lie within the range of the training."""

from __future__ import annotations

import xarray as xr

from rainsmith.base.errors import UserError

MANY_OUTSIDE = 0.05
"""Share of the values of a channel outside the training range that is warned of."""
MOST_OUTSIDE = 0.5
"""Share that is refused: a wrong unit, level or variable, or a climate of which the model knows nothing."""
LEAST_SPREAD = 0.02
"""A channel that varies less than this share of its spread in the training is warned of: its unit may be wrong."""
FEWEST_DAYS = 30
"""Fewer days say nothing of how much a channel varies."""


def outside_training_range(predictors: xr.Dataset, domain: xr.Dataset) -> dict[str, float]:
    """Share of the values of each channel that lie outside the range of the training days."""
    values = predictors["predictors"]
    outside = (values < domain["predictor_min"]) | (values > domain["predictor_max"])
    known = values.notnull()
    share = (outside & known).sum(("time", "y_lr", "x_lr")) / known.sum(("time", "y_lr", "x_lr")).clip(1)
    return {str(name): float(value) for name, value in zip(values["channel"].values, share.values, strict=True)}


def judge_range(
    shares: dict[str, float], predictors: xr.Dataset, domain: xr.Dataset, *, refuse: bool = True
) -> list[str]:
    """Warnings of channels whose values are not those of the training.

    Args:
        shares: of each channel, from ``outside_training_range``.
        predictors: of the new period, ``predictors`` (time, channel, y_lr, x_lr).
        domain: the store of the trained model without its time.
        refuse: whether a channel most of whose values lie outside is refused; False warns of it too.

    Raises:
        UserError: ``refuse`` is set, and most values of a channel lie outside the range of the training.
    """
    warnings = []
    for channel, share in shares.items():
        values, trained = predictors["predictors"].sel(channel=channel), domain.sel(channel=channel)
        low, high = float(trained["predictor_min"]), float(trained["predictor_max"])
        ranges = f"({float(values.min()):.5g} to {float(values.max()):.5g}, in the training {low:.5g} to {high:.5g})"
        if share > MOST_OUTSIDE:
            problem = (
                f"{share:.0%} of the values of predictor '{channel}' lie outside the range of the training {ranges}; "
                f"expected at most {MOST_OUTSIDE:.0%}; correct its variable, its level or its 'units:'"
            )
            if refuse:
                raise UserError(problem)
            warnings.append(problem)
        elif share > MANY_OUTSIDE:
            warnings.append(
                f"{share:.1%} of the values of predictor '{channel}' lie outside the range of the training {ranges}; "
                "the model has seen nothing like them, so do not trust these members without a check"
            )
        spread = float(values.std())
        if values.sizes["time"] >= FEWEST_DAYS and spread < LEAST_SPREAD * float(trained["predictor_std"]):
            warnings.append(
                f"the values of predictor '{channel}' hardly vary {ranges}; expected as much as in the training; its "
                "unit or variable may be wrong"
            )
    return warnings
