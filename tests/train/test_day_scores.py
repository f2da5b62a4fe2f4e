"""Figures of days that come one by one are those of all days together, and little of a day is kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from rainsmith.models.training_scores import fair_crps, threshold_weighted_crps
from rainsmith.train.day_scores import BULK_WEIGHT, Amounts, DayScores

DAYS, MEMBERS, CELLS = 12, 3, 400
LIMITS = {"wet_mm": 0.1, "p95": 8.0, "p99": 15.0}


def some_days() -> tuple[Tensor, Tensor, Tensor]:
    rng = np.random.default_rng(0)
    rain = np.where(rng.random((DAYS, MEMBERS + 1, CELLS)) < 0.6, rng.gamma(0.5, 9.0, (DAYS, MEMBERS + 1, CELLS)), 0.0)
    members, y = torch.from_numpy(rain[:, 1:].astype(np.float32)), torch.from_numpy(rain[:, 0].astype(np.float32))
    return members, y, torch.from_numpy(rng.random((DAYS, CELLS)) < 0.7)


def scored(members: Tensor, y: Tensor | None = None, valid: Tensor | None = None) -> DayScores:
    y = torch.zeros_like(members[:, 0]) if y is None else y
    valid = torch.ones_like(y, dtype=torch.bool) if valid is None else valid
    scores = DayScores(members.shape[1], valid.numel(), **LIMITS)
    for day in zip(members, y, valid, strict=True):
        scores.add(*day)
    return scores


def test_figures_are_those_of_all_days_together() -> None:
    members, y, valid = some_days()
    scores = scored(members, y, valid)
    figures, flat = scores.figures(), members.transpose(0, 1)[:, valid].double().numpy()
    assert figures["max"] == np.median(flat.max(axis=1)) and figures["mean"] == pytest.approx(flat.mean(), rel=1e-6)
    assert figures["p99"] == np.median(np.quantile(flat, [0.99], axis=1)) > 10
    assert figures["wet_fraction"] == pytest.approx((flat >= 0.1).mean())
    crps, twcrps = fair_crps(members, y)[valid], threshold_weighted_crps(members, y, LIMITS["p99"])[valid]
    assert figures["crps"] == pytest.approx(crps.mean().item(), rel=1e-5)
    assert figures["twcrps_p99"] == pytest.approx(twcrps.mean().item(), rel=1e-5)
    assert figures["tail_score"] == pytest.approx(figures["twcrps_p99"] + BULK_WEIGHT * figures["crps"], rel=1e-12)
    tail = (y >= LIMITS["p95"]) & valid
    assert figures["mae_tail"] == pytest.approx((members.mean(dim=1) - y)[tail].abs().mean().item(), rel=1e-5)
    assert len(scores.daily()) == DAYS and scores.daily().sum() == pytest.approx(figures["tail_score"], rel=1e-12)
    first = (twcrps + BULK_WEIGHT * crps)[: int(valid[0].sum())].sum().item() / int(valid.sum())
    assert scores.daily()[0] == pytest.approx(first, rel=1e-5)


def test_diversity_is_one_less_the_cosine_between_members() -> None:
    members = torch.tensor([[[1.0, 0.0], [0.0, 2.0]], [[3.0, 4.0], [3.0, 4.0]]])
    assert scored(members).figures()["diversity"] == pytest.approx(0.5)  # 1 on the first day, 0 on the second
    dry = torch.tensor([[[0.0, 0.0], [0.0, 2.0]], [[3.0, 4.0], [4.0, 3.0]]])
    assert scored(dry).figures()["diversity"] == pytest.approx(1 - 24 / 25)  # a dry member has no direction
    assert math.isnan(scored(members[:, :1]).figures()["diversity"])
    assert math.isnan(scored(torch.zeros(2, 3, 4)).figures()["diversity"])


def test_correlation_is_pearsons_over_valid_cells() -> None:
    members, y, valid = some_days()
    members[1, 2] = 4.0  # without variance it is left out
    expected = [
        np.corrcoef(members[d, k][valid[d]], y[d][valid[d]])[0, 1]
        for d in range(DAYS)
        for k in range(MEMBERS)
        if (d, k) != (1, 2)
    ]
    given = members * valid[:, None], y * valid, valid
    assert scored(*given).figures()["correlation"] == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("number", [1, 2, 99, 100, 101, 5000])
def test_the_quantile_is_exact_and_few_values_are_kept(number: int) -> None:
    values = np.random.default_rng(number).gamma(0.5, 9.0, size=(2, number)).astype(np.float32)
    amounts, most = Amounts(2, number, 0.1), 0
    for part in np.array_split(values, 50, axis=1):
        amounts.add(part)
        most = max(most, *(sum(map(len, largest._held)) for largest in amounts._largest))
    quantiles = [np.quantile(row.astype(np.float64), 0.99) for row in values]
    assert amounts.figures()["p99"] == pytest.approx(np.median(quantiles), rel=1e-14)
    assert number < 5000 or most < 0.05 * number


def test_what_is_no_number_shows() -> None:
    amounts = Amounts(1, 200, 0.1)
    amounts.add(np.full((1, 199), 2.0, dtype=np.float32))
    amounts.add(np.full((1, 1), np.nan, dtype=np.float32))
    assert math.isnan(amounts.figures()["max"]) and math.isnan(amounts.figures()["mean"])
