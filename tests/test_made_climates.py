"""The made climates of benchmarks/climates.py: their true members are true given what the files hold."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import xarray as xr
from scipy.stats import chisquare

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMALL_NETWORK = {
    "model.channels": [8, 8, 8, 8, 8],
    "model.x_blocks": 1,
    "train.epochs": 1,
    "train.validation_days": 20,
    "evaluate.baselines": ["climatology", "tuned-analogs"],
    "seed": 0,
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the climates, whose records have one validation and one test year here."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("made_climates")
    monkeypatch.setattr(module, "VALIDATION_YEARS", 1)
    monkeypatch.setattr(module, "TEST_YEARS", 1)
    return module


def small(made: ModuleType, coarse: str):
    """A region of this kind of coarse rain with one training year on 16 x 16 cells."""
    return replace(next(region for region in made.REGIONS if region.coarse == coarse), years=1, side=16)


def test_the_regions_span_what_they_should(made: ModuleType) -> None:
    words = {word for region in made.REGIONS for word in region.name.split("-")}
    assert words == {"wet", "dry", "convective", "frontal", "orographic"}
    assert {region.coarse for region in made.REGIONS} == {"perfect", "biased", "absent"}
    assert {region.years for region in made.REGIONS} == {3, 10, 30}
    spans = made.REGIONS[0].spans
    assert spans == {"stop": (2001, 2001), "validation": (2002, 2002), "test": (2003, 2003), "train": (2004, 2006)}


@pytest.mark.parametrize("coarse", ["perfect", "biased", "absent"])
def test_observation_and_true_members_are_exchangeable(made: ModuleType, coarse: str) -> None:
    """Ranks of the wettest cell and of a random cell of the observation among nine true members are uniform."""
    climate = small(made, coarse).climate()
    land, days = climate.maps.land, np.arange(0, climate.time.size, 4)
    observed = np.stack([climate.observed(day) for day in days])[:, None, land]
    fields = np.concatenate([climate.truth_ensemble(days, 9).values[..., land], observed], axis=1)
    rng = np.random.default_rng(0)
    cell = rng.integers(0, land.sum(), size=len(days))
    for values in (fields.max(axis=2), fields[np.arange(len(days)), :, cell]):
        values = values + rng.uniform(0, 1e-9, size=values.shape)  # equal values, as of a dry day, at random
        ranks = (values[:, :-1] < values[:, -1:]).sum(axis=1)
        assert chisquare(np.bincount(ranks, minlength=10)).pvalue > 0.01


def test_perfect_coarse_rain_is_the_block_means_of_every_true_field(made: ModuleType) -> None:
    region = small(made, "perfect")
    climate, days = region.climate(), np.arange(0, 365, 15)
    land, given = climate.maps.land, climate.predictors[days, made.RAIN]
    fields = np.concatenate(
        [climate.truth_ensemble(days, 3).values, np.stack([climate.observed(day) for day in days])[:, None]], axis=1
    )
    means = made.block_means(np.nan_to_num(fields.astype(float)), land, given.shape[1:])
    wanted = np.where(np.isfinite(means), given[:, None], np.nan)
    np.testing.assert_allclose(means, wanted, rtol=1e-5, atol=1e-6)
    assert np.std(fields[:, :, land], axis=1).mean() > 0.1  # and the fields differ
    assert (fields[:, :, land] >= 0).all() and np.isnan(fields[:, :, ~land]).all()


def test_factors_interpolated_between_blocks_leave_smaller_steps_at_their_borders(made: ModuleType) -> None:
    climate = small(made, "perfect").climate()
    rng, land = np.random.default_rng(0), np.ones((16, 16), dtype=bool)
    even, wanted = np.full((50, 16, 16), 3.0), rng.gamma(2.0, 2.0, size=(50, 4, 4))
    assert climate.maps.land.shape == land.shape

    def step(smoothings: int) -> float:
        fields = made.scaled_to_blocks(even, wanted, land, smoothings)
        np.testing.assert_allclose(made.block_means(fields.astype(float), land, (4, 4)), wanted, rtol=1e-5)
        return float(np.abs(np.diff(fields))[..., 3::4].mean())

    assert step(8) < 0.6 * step(0)


def test_a_dry_block_gets_its_rain_evenly(made: ModuleType) -> None:
    land = np.ones((8, 8), dtype=bool)
    fields = np.zeros((8, 8))
    fields[:4, :4] = 1.0
    rain = made.scaled_to_blocks(fields, np.array([[0.0, 2.0], [0.0, 5.0]]), land)
    assert (rain[:4, :4] == 0).all() and (rain[:4, 4:] == 2).all()
    assert (rain[4:, :4] == 0).all() and (rain[4:, 4:] == 5).all()


def test_the_forcing_follows_from_what_the_files_hold(made: ModuleType, tmp_path: Path) -> None:
    """Biased coarse rain has an inverse, and without coarse rain the other channels give the forcing."""
    for coarse in ("biased", "absent"):
        region = small(made, coarse)
        made.write_files(region, tmp_path / coarse)
        with xr.open_dataset(tmp_path / coarse / "predictors.nc") as files:
            forcing = region.climate().predictors[:, made.RAIN]
            if coarse == "biased":
                found = (files["coarse_rain"].values / 1.8) ** (1 / 0.7)
            else:
                assert "coarse_rain" not in files
                state = np.stack([files[name].values for name in list(made.CHANNELS)[: made.RAIN]], axis=1)
                found = made.forcing_of_circulation(state, region.character)
        np.testing.assert_allclose(found, forcing, rtol=1e-4)


def test_a_climate_is_trained_once_and_scored_against_its_truth(
    made: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One epoch on one year: the table has the climate, true members are better, and other settings are refused."""
    benchmark = importlib.import_module("climates")
    for name, value in {"MANY": 12, "LONG": 12, "RECORDS": 2}.items():
        monkeypatch.setattr(benchmark, name, value)
    monkeypatch.setenv("RAINSMITH_DATA", str(tmp_path / "elsewhere"))
    region = small(made, "perfect")
    row = benchmark.measured(region, tmp_path, SMALL_NETWORK, "validation")
    assert 1 < row["baselines"]["tuned-analogs"]["crps"] / row["truth"]["crps"] < 3
    assert row["model"]["crps"] > row["truth"]["crps"]
    assert row["truth"]["spread_skill"] == pytest.approx(1, abs=0.1)
    assert row["truth"]["rank_deviation"] < 0.05
    assert len(row["envelope_top20"]["truth"]) == 2 and row["cpu_minutes"] > 0

    run = benchmark.Run(tmp_path / f"{region.name}-0")
    config = benchmark.load_config(run.folder / "config.yaml")
    weights = run.checkpoints / "best_prior.safetensors"
    saved = weights.stat().st_mtime_ns
    assert benchmark.train_once(region, config, run)[1] == row["cpu_minutes"]
    assert weights.stat().st_mtime_ns == saved
    with pytest.raises(SystemExit, match="other settings of 'train'"):
        benchmark.measured(region, tmp_path, {**SMALL_NETWORK, "train.lr": 0.001}, "validation")
    line = benchmark.line([row, row])
    assert len(line) == len(benchmark.HEADER) and line[:3] == [region.name, "perfect", "1"]
    assert line[3] == f"{row['model']['crps'] / row['truth']['crps']:.3f}"
