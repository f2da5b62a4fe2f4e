"""The rivals of benchmarks/rivals.py: each trains a few steps and draws members in mm/day where the mask says."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from rainsmith.base.errors import UserError

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NAMES = ("diffusion", "flow", "crps", "bernoulli-gamma", "engression")
SMALL_NETWORK = {
    "model.channels": [8, 8, 8],
    "model.x_blocks": 1,
    "train.validation_days": 20,
    "evaluate.baselines": ["climatology", "tuned-analogs"],
}


@pytest.fixture(scope="module")
def rivals_script() -> ModuleType:
    """The script, with few steps of the samplers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        script = importlib.import_module("rivals")
        patch.setattr("rival_models.diffusion.STEPS", 3)
        patch.setattr("rival_models.flow.STEPS", 2)
        patch.setattr("rival_models.training.MOST_DAYS", 24)
        patch.setattr("rival_models.training.FEWEST", {"validation": 80, "curve": 40})
        patch.setattr("rival_models.bernoulli_gamma.MEMBERS", 3)
        patch.setattr("rival_models.bernoulli_gamma.CHOSEN_ON", 12)
        yield script


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, rivals_script: ModuleType, tmp_path_factory: pytest.TempPathFactory):
    """A made climate of 16 x 16 cells with one year of everything, with and without conservation of mass."""
    cases, made = (importlib.import_module(name) for name in ("rival_models.cases", "made_climates"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "VALIDATION_YEARS", 1)
        patch.setattr(made, "TEST_YEARS", 1)
        region = replace(next(r for r in made.REGIONS if r.coarse == request.param), years=1, side=16)
        patch.setitem(cases.BY_NAME, region.name, region)
        made_case = cases.prepared(region.name, tmp_path_factory.mktemp(request.param))
        config = made_case.problem.config
        single = config.model_copy(update={"train": config.train.model_copy(update={"precision": "fp32"})})
        yield replace(made_case, problem=replace(made_case.problem, config=single))


def trained(rivals_script: ModuleType, case, name: str):
    """A rival after four steps; the test is skipped where its package is missing."""
    model_module, rival = importlib.import_module("rival_models.model"), rivals_script.RIVALS[name]
    torch.manual_seed(0)
    try:
        model = rival.build(case.problem)
    except UserError as error:
        pytest.skip(str(error))
    facts = rival.train(model, case.problem, model_module.Budget(1.0, rival.lr, steps=4))
    return model.eval(), facts


@pytest.mark.parametrize(
    ("case", "name"),
    [*[("biased", name) for name in NAMES], *[("perfect", name) for name in ("diffusion", "bernoulli-gamma")]],
    indirect=["case"],
    scope="module",
)
def test_a_rival_draws_rain_where_the_mask_says_and_the_same_again(rivals_script: ModuleType, case, name: str) -> None:
    model, facts = trained(rivals_script, case, name)
    days = case.scored("validation", every=60).days
    members = model.members(days, 3)
    assert members.dims == ("time", "member", "y", "x") and members.attrs["units"] == "mm/day"
    assert members.shape == (days.sizes["time"], 3, 16, 16)
    mask = days["mask"].values
    assert np.isnan(members.values[..., ~mask]).all()
    rain = members.values[..., mask]
    assert np.isfinite(rain).all() and (rain >= 0).all() and rain.max() < 2000
    assert (rain[:, 0] != rain[:, 1]).any()
    assert facts["minutes"] > 0 and all(stage["steps"] == 4 for stage in facts["stages"].values())

    if case.region.coarse == "perfect":
        assert model.curve is None
        wanted = days["predictors"].sel(channel=case.problem.domain.attrs["coarse_rain_channel"]).values
        rain = np.nan_to_num(members.values)
        means = importlib.import_module("made_climates").block_means(rain, mask, wanted.shape[1:])
        same = np.where(np.isfinite(means), wanted[:, None], np.nan)
        np.testing.assert_allclose(means, same, atol=1e-3, rtol=1e-3)
        return
    assert model.curve is not None
    again = trained(rivals_script, case, name)[0]
    np.testing.assert_array_equal(members.values, again.members(days, 3).values)
    alone = model.members(days, 3, at_once=1)
    np.testing.assert_allclose(alone.values, members.values, atol=0.01, rtol=0.01)
    assert not np.array_equal(members.values, model.members(days, 3, seed=1).values, equal_nan=True)


@pytest.mark.parametrize("case", ["perfect"], indirect=True, scope="module")
def test_the_table_has_all_rows_and_nothing_is_trained_twice(
    rivals_script: ModuleType, case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, rival in rivals_script.RIVALS.items():
        quick = replace(
            rival, train=lambda model, problem, budget, of=rival.train: of(model, problem, replace(budget, steps=5))
        )
        monkeypatch.setitem(rivals_script.RIVALS, name, quick)
    monkeypatch.setattr(rivals_script.ours, "_epochs_within", lambda problem, minutes: 1)
    config = importlib.import_module("rainsmith.config").load_config(
        overrides={**case.problem.config.model_dump(by_alias=True), **SMALL_NETWORK}
    )
    small = replace(case, problem=replace(case.problem, config=config))
    arguments = SimpleNamespace(
        split="validation", members=3, every=8, seed=0, minutes=1.0, tries=1, ours=None, rivals=["crps", "flow"]
    )
    rows = rivals_script.compared(small, arguments)
    names = [row["forecast"] for row in rows]
    assert names[0] == "true members" and "tuned-analogs" in names
    assert names[-3:] == [rivals_script.OURS_TITLE, "CRPS-only network", "flow matching"]
    assert all(len(rivals_script.line(row)) == len(rivals_script.HEADER) for row in rows)
    assert all(len(row["tries"]) == 1 for row in rows[-3:])
    assert rows[0]["crps"] < min(row["crps"] for row in rows[1:])

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(rivals_script.ours, "train", refuse)
    for name in arguments.rivals:
        monkeypatch.setitem(rivals_script.RIVALS, name, replace(rivals_script.RIVALS[name], train=refuse))
    assert rivals_script.compared(small, arguments) == rows
    arguments.minutes = 2.0
    with pytest.raises(SystemExit, match="give another --runs"):
        rivals_script.compared(small, arguments)


def test_the_try_with_the_lowest_crps_on_validation_days_is_taken(rivals_script: ModuleType) -> None:
    tries = [{"lr": lr, "minutes": 1.0, "validation_crps": crps, "stages": {}} for lr, crps in ((1, 0.5), (2, 0.4))]
    assert rivals_script.best_of(tries) == 1
    assert rivals_script.summary(tries, 1) == {"tries": tries, "best_try": 1}


def test_the_correlation_of_a_known_field_is_found(rivals_script: ModuleType) -> None:
    module = importlib.import_module("rival_models.bernoulli_gamma")
    distance = np.array(module.DISTANCES)
    length, power = module._fitted(0.7 * np.exp(-((distance / 6.0) ** 1.2)))
    assert length == pytest.approx(6.0, rel=0.1) and power == pytest.approx(1.2, abs=0.15)
