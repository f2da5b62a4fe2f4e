"""Scores of validation days in training: the choice of days, figures by hand, and models without a posterior."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
import xarray as xr

from rainsmith.base.dims import in_day_set, in_split
from rainsmith.models.generative import GenerativeModel, build_model
from rainsmith.run_folder import Run
from rainsmith.train.day_scores import BULK_WEIGHT
from rainsmith.train.validation import Validation, validation_days
from tests.models.bare import bare_model
from tests.small import small_config


@pytest.fixture(scope="module")
def days(prepared: Run) -> xr.Dataset:
    return in_split(prepared.open_store(), "validation").load()


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


@pytest.mark.parametrize("at_most", [2, 24, 300, 10_000])
def test_half_of_the_days_are_heavy_where_there_are_enough(days: xr.Dataset, at_most: int) -> None:
    chosen = validation_days(days, at_most, seed=0)
    heavy = in_day_set(days, "heavy_x")
    assert len(chosen) == len(np.unique(chosen)) == min(at_most, days.sizes["time"])
    assert (np.diff(chosen) > 0).all()
    expected = min(int(heavy.sum()), max(at_most // 2, at_most - int((~heavy).sum())))
    assert heavy[chosen].sum() == expected


def test_the_choice_follows_from_the_seed(days: xr.Dataset) -> None:
    first, again, other = (validation_days(days, 24, seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_without_heavy_days_all_are_drawn_from_the_others(days: xr.Dataset) -> None:
    none = days.assign(heavy_x=days["heavy_x"] & False)
    assert len(validation_days(none, 24, seed=0)) == 24


def validate(model: GenerativeModel, days: xr.Dataset, domain: xr.Dataset, batch_size: int = 64):  # type: ignore[no-untyped-def]
    scores = Validation(days, domain, members=3, at_most=20, wet_mm=0.1, seed=0, batch_size=batch_size)
    return scores(model, torch.device("cpu"), nullcontext())


def test_scores_do_not_depend_on_the_batch_size_or_the_generator(days: xr.Dataset, domain: xr.Dataset) -> None:
    torch.manual_seed(0)
    model = build_model(small_config(), domain)
    state = torch.get_rng_state()
    figures, weekly = validate(model, days, domain)
    assert torch.equal(torch.get_rng_state(), state)  # or a resumed training would end in other weights
    others, other_weeks = validate(model, days, domain, batch_size=3)
    for mode in ("prior", "posterior", "observed"):
        assert figures[mode] == pytest.approx(others[mode], rel=1e-3, nan_ok=True)
    assert weekly == pytest.approx(other_weeks, rel=1e-3)
    assert model.training  # as it was before


def test_a_perfect_model_scores_zero_and_its_figures_are_the_observed_ones(
    days: xr.Dataset, domain: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bare_model():
        model = build_model(small_config(model={"name": "bare"}), domain)
    perfect = iter(np.array_split(np.nan_to_num(days["precip"].values[validation_days(days, 20, 0)]), 1))
    monkeypatch.setattr(model, "draw", lambda x, *more: torch.from_numpy(next(perfect))[:, None].expand(-1, 3, -1, -1))
    figures, weekly = validate(model, days, domain)
    assert figures.keys() == {"prior", "observed"}  # there is no posterior to score
    prior, observed = figures["prior"], figures["observed"]
    for name in ("crps", "twcrps_p99", "tail_score", "mae_tail"):
        assert prior[name] == pytest.approx(0, abs=1e-5)
    for name in ("max", "mean", "p99", "wet_fraction"):
        assert prior[name] == pytest.approx(observed[name], rel=1e-4)
    assert prior["correlation"] == pytest.approx(1, abs=1e-3) and prior["diversity"] == pytest.approx(0, abs=1e-5)
    assert sum(weekly) == pytest.approx(0, abs=1e-5)


def test_the_tail_score_is_the_crps_with_more_weight_above_the_training_p99(
    days: xr.Dataset, domain: xr.Dataset
) -> None:
    torch.manual_seed(0)
    figures, weekly = validate(build_model(small_config(), domain), days, domain)
    prior = figures["prior"]
    assert prior["tail_score"] == pytest.approx(prior["twcrps_p99"] + BULK_WEIGHT * prior["crps"], rel=1e-5)
    assert sum(weekly) == pytest.approx(prior["tail_score"], rel=1e-5)
