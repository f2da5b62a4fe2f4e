"""The controlled experiment: its arms, its fairness, its verdicts on planted differences, and the stage end to end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Config, load_config
from rainsmith.evaluate.stage import Resampling
from rainsmith.experiment.arms import Arm, Trial, resolved, training_days, trials
from rainsmith.experiment.comparison import Scored, compare
from rainsmith.experiment.scores import bias_mapping, flat, mapped, score_trial
from rainsmith.experiment.stage import experiment
from rainsmith.experiment.text import arm_tables, as_markdown, higher_is_better, sentences
from rainsmith.metrics.bootstrap import resampling_weights
from rainsmith.metrics.core import Settings
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.small import small_config

SMALL_NET = {"filters": 8, "blocks": 1, "fine_filters": 4, "steps": 6, "batch_size": 16, "validations": 2}


def config_of(**more: object) -> Config:
    values = {"augment__ratio": 0.5, "augment__checks": ["physical_range"], "downscale": SMALL_NET}
    arms = {"q-srdrn": ["real", "oversampled", "prior-10", "posterior-10"], "srdrn": ["real", "better-10"]}
    return small_config(**{**values, "experiment": {"arms": arms, "seeds": [0, 1]}, **more})


def test_trials_come_seed_by_seed_and_better_is_resolved() -> None:
    keys = [trial.key for trial in trials(config_of())]
    assert keys[:4] == ["q-srdrn-real-s0", "q-srdrn-oversampled-s0", "q-srdrn-prior-10-s0", "q-srdrn-posterior-10-s0"]
    assert keys[8:] == ["srdrn-real-s0", "srdrn-better-10-s0", "srdrn-real-s1", "srdrn-better-10-s1"]
    trial = Trial("srdrn", Arm.of("better-10"), 0)
    assert resolved(trial, "posterior").key == "srdrn-posterior-10-s0"
    assert resolved(trial, "posterior").arm == Arm("posterior-10", "posterior", 10)


def test_unknown_arms_are_refused() -> None:
    with pytest.raises(UserError, match="arms"):
        load_config(overrides={"experiment.arms": {"srdrn": ["real", "synthetic-5"]}})


@pytest.mark.parametrize(
    "what", [{"arms": {}}, {"arms": {"unet": []}}, {"seeds": []}, {"seeds": [1, 1]}, {"lr": {"cnn": 1e-3}}]
)
def test_an_experiment_without_trials_or_with_one_twice_or_an_unknown_network_is_refused(
    what: dict[str, object],
) -> None:
    with pytest.raises(UserError, match=next(iter(what))):
        config_of(experiment=what)


def _days(count: int) -> xr.Dataset:
    heavy = np.arange(count) % 10 == 0
    return xr.Dataset({"heavy_x": ("time", heavy), "number": ("time", np.arange(count))})


def test_arms_hold_the_days_that_their_names_say() -> None:
    config = config_of()
    real = _days(200)
    synthetic = _days(50).assign(synthetic=("time", np.ones(50, bool)), weight=("time", np.full(50, 0.5, "f4")))
    days, weights = training_days(Arm.of("real"), real, None, config)
    assert days.sizes["time"] == 200 and (weights == 1).all()
    days, weights = training_days(Arm.of("oversampled"), real, None, config)
    assert days.sizes["time"] == 200 and weights[0] == config.downscale.oversample.times and weights[1] == 1
    days, weights = training_days(Arm.of("prior-25"), real, synthetic, config)
    assert days["number"].values.tolist() == [*range(200), *range(50)]
    assert set(weights[:200]) == {1.0} and set(weights[200:]) == {0.5}
    assert days["synthetic"].values.tolist() == [False] * 200 + [True] * 50


def _rain(seed: int, days: int = 120) -> xr.DataArray:
    values = np.random.default_rng(seed).gamma(0.6, 9.0, (days, 8, 7)).astype("f4")
    values[:, 0, :3] = np.nan
    time = pd.date_range("2001-01-01", periods=days)
    return xr.DataArray(values, dims=("time", "y", "x"), coords={"time": time})


def test_mapping_makes_the_frequency_bias_one_and_keeps_the_order() -> None:
    obs = _rain(0)
    fcst = (0.4 * _rain(1) + 1.0).astype("f4")
    thresholds = [10.0, 20.0, 35.0, 1e4]
    knots = bias_mapping(fcst, obs, thresholds)
    assert len(knots[0]) == 4  # the origin, and the three thresholds that are reached
    after = mapped(fcst, knots)
    for threshold in thresholds[:3]:
        assert (fcst >= threshold).sum() < (obs >= threshold).sum()
        assert int((after >= threshold - 1e-4).sum()) == int((obs >= threshold).sum())
    order = np.argsort(fcst.values.ravel(), kind="stable")
    rising = after.values.ravel()[order]  # what is missing comes last
    assert (np.diff(rising[np.isfinite(rising)]) >= -1e-5).all()
    assert np.isnan(after.values[:, 0, :3]).all()


def _scored(fcst: xr.DataArray, obs: xr.DataArray, heavy: list[int] | None = None) -> xr.Dataset:
    days = xr.Dataset({"precip": obs, "category": ("time", np.zeros(obs.sizes["time"], int))})
    number = np.arange(obs.sizes["time"])
    days = days.assign(heavy_x=("time", number % 4 == 0 if heavy is None else np.isin(number, heavy)))
    limits = Settings(p90=15.0, p95=20.0, p99=35.0, thresholds_mm=(10.0,))
    knots = bias_mapping(fcst, obs, [10.0, 15.0, 20.0, 35.0])
    forecast = xr.Dataset({"precip": fcst})
    return score_trial(forecast, days, knots, settings=limits, resampling=Resampling(resamples=60))


def test_scores_of_a_perfect_forecast() -> None:
    obs = _rain(0)
    found = flat(_scored(obs, obs))
    assert found["mae"].shape == (61,) and found["mae"][0] == 0 and found["rmse"].max() == 0
    assert found["mapped_sedi_p95"][0] == pytest.approx(1.0) and found["frequency_bias_10"][0] == 1.0


@pytest.mark.parametrize("heavy", [[], [3, 4]])
def test_few_days_of_a_set_give_gaps_and_no_crash(heavy: list[int]) -> None:
    obs = _rain(0)
    found = _scored(obs * 0.9, obs, heavy)
    assert found.sizes["resample"] == 61 and np.isfinite(flat(found)["mae"]).all()
    mae = flat(found, "heavy_x")["mae"]
    assert np.isfinite(mae[0]) == bool(heavy) and np.isnan(mae[1:]).all()


def test_a_forecast_that_is_mostly_dry_is_not_mapped_to_rain_everywhere() -> None:
    obs = _rain(0)
    dry = xr.where(obs > 40.0, obs, 0.0 * obs)
    knots = bias_mapping(dry, obs, [1.0, 10.0, 45.0])
    assert len(knots[0]) == 2 and float((mapped(dry, knots) > 0).mean()) == float((dry > 0).mean())


WEEKS = 52


def _trial(arm: str, seed: int, shift: float) -> Scored:
    noise = np.random.default_rng(7).normal(0, 0.02, 201)  # the same weeks for all
    own = np.random.default_rng([seed, len(arm)]).normal(0, 0.002, 201)
    loss = 1.0 + shift + noise + own
    return Scored("q-srdrn", arm, seed, {"pinball_p99": loss, "mapped_sedi_20": 1.5 - loss, "mean": loss})


def test_a_planted_gain_is_found_and_chance_is_not() -> None:
    shifts = {"real": 0.05, "oversampled": 0.0, "prior-25": -0.1, "posterior-25": 0.0005, "prior-100": 0.2}
    table = compare([_trial(arm, seed, shift) for arm, shift in shifts.items() for seed in range(3)], "all", WEEKS)
    assert set(table["arm"]) == {"prior-25", "posterior-25", "prior-100"} and set(table["control"]) == {"oversampled"}
    assert set(table["score"]) == {"pinball_p99", "mapped_sedi_20"}
    by = table.set_index(["arm", "score"])
    for score in ("pinball_p99", "mapped_sedi_20"):
        assert by.loc[("prior-25", score), "significant"] and by.loc[("prior-25", score), "gain"] > 0
        assert by.loc[("prior-100", score), "significant"] and by.loc[("prior-100", score), "gain"] < 0
        assert not by.loc[("posterior-25", score), "significant"]
    assert by.loc[("prior-25", "pinball_p99"), "gain"] == pytest.approx(0.1, abs=0.02)
    said = sentences(table)
    assert any("prior-25" in text and "significantly better in pinball_p99" in text for text in said)
    assert any("posterior-25" in text and "no significant difference" in text for text in said)


def test_tables_hold_every_arm_and_mark_what_is_significant() -> None:
    shifts = {"real": 0.05, "oversampled": 0.0, "prior-25": -0.1, "posterior-25": 0.0005, "prior-100": 0.2}
    found = [_trial(arm, seed, shift) for arm, shift in shifts.items() for seed in range(3)]
    rows = [{"network": t.network, "arm": t.arm, "seed": t.seed, "split": "test", "days": "all"} for t in found]
    about = [
        {**row, "validation_loss": 0.5, **{k: v[0] for k, v in t.scores.items()}}
        for row, t in zip(rows, found, strict=True)
    ]
    results, comparisons = pd.DataFrame(about), compare(found, "all", WEEKS)
    (table,) = arm_tables(results, comparisons)
    assert table.network == "q-srdrn" and table.seeds == 3 and list(table.arms) == list(shifts)
    scores = dict(table.rows)
    assert list(scores) == ["validation_loss", "pinball_p99", "mapped_sedi_20"]  # "mean" is no score
    assert [cell.outcome for cell in scores["pinball_p99"]] == ["", "", "better", "", "worse"]
    mean = results.groupby("arm")["mapped_sedi_20"].mean()
    assert [cell.value for cell in scores["mapped_sedi_20"]] == [mean[arm] for arm in shifts]
    text = as_markdown(results, comparisons)
    assert f"**{scores['pinball_p99'][2].value:#.4g}**" in text and f"_{scores['pinball_p99'][4].value:#.4g}_" in text
    assert "all days of the test split, 3 seeds" in text and sentences(comparisons)[0] in text


def test_a_seed_without_a_value_leaves_a_gap_and_one_control_is_called_by_its_name() -> None:
    found = [_trial(arm, seed, 0.0) for arm in ("real", "prior-25") for seed in range(3)]
    rows = [{"network": t.network, "arm": t.arm, "seed": t.seed, "split": "test", "days": "all"} for t in found]
    results = pd.DataFrame([{**row, "validation_loss": 0.5, "sedi_50": 0.3} for row in rows])
    results.loc[results.index[-1], "sedi_50"] = np.nan
    comparisons = compare(found, "all", WEEKS)
    (table,) = arm_tables(results, comparisons)
    assert [cell.value for cell in dict(table.rows)["sedi_50"]] == pytest.approx([0.3, np.nan], nan_ok=True)
    assert "| sedi_50 | 0.3000 | - |" in as_markdown(results, comparisons)
    assert sentences(comparisons)[0].startswith("q-srdrn trained on prior-25, against real: no significant")


def test_controls_alone_give_a_table_without_marks() -> None:
    found = [_trial(arm, 0, 0.0) for arm in ("real", "oversampled")]
    rows = [{"network": t.network, "arm": t.arm, "seed": 0, "split": "validation", "days": "all"} for t in found]
    results = pd.DataFrame([{**row, "validation_loss": 0.5, "rmse": np.nan} for row in rows])
    (table,) = arm_tables(results, compare(found, "all", WEEKS))
    assert [score for score, _ in table.rows] == ["validation_loss"]
    assert "1 seed\n" in as_markdown(results, compare(found, "all", WEEKS))


def test_one_seed_that_disagrees_takes_significance_away() -> None:
    trials_ = [_trial(arm, seed, shift) for arm, shift in {"real": 0.0, "prior-25": -0.1}.items() for seed in range(2)]
    trials_ += [_trial("real", 2, 0.0), _trial("prior-25", 2, 0.001)]
    table = compare(trials_, "all", WEEKS)
    assert not table["significant"].any() and (table["seeds"] == 3).all()


def test_one_seed_says_nothing_and_seeds_on_both_sides_say_nothing() -> None:
    alone = compare([_trial("real", 0, 0.0), _trial("prior-25", 0, -0.2)], "all", WEEKS)
    assert not alone["significant"].any() and alone["p"].isna().all() and alone["lower"].isna().all()
    shifts = [-0.3, -0.3, 0.1]
    both = [_trial("prior-25", seed, shift) for seed, shift in enumerate(shifts)]
    table = compare([*both, *(_trial("real", seed, 0.0) for seed in range(3))], "all", WEEKS)
    assert not table["significant"].any()


def test_few_seeds_make_wide_intervals() -> None:
    """No effect, trainings far noisier than weeks: an interval of 90 % holds 0 in 90 % of the cases."""
    random = np.random.default_rng(0)
    held = []
    for _ in range(300):
        difference = random.normal(0, 1.0, (3, 1)) + random.normal(0, 0.1, 201)
        trials_ = [Scored("srdrn", "real", s, {"rmse": np.ones(201)}) for s in range(3)]
        trials_ += [Scored("srdrn", "prior-25", s, {"rmse": 1 + d}) for s, d in enumerate(difference)]
        row = compare(trials_, "all", WEEKS).iloc[0]
        held.append(row["lower"] <= 0 <= row["upper"])
    assert 0.85 < np.mean(held) < 0.95


def test_few_weeks_make_wide_intervals() -> None:
    """No effect, three weeks, trainings that hardly differ: the interval still holds 0 in 90 % of the cases."""
    random = np.random.default_rng(1)
    held = []
    for seed in range(300):
        weeks = random.normal(size=3)
        resampled_ = resampling_weights(3, 200, seed=seed) @ weeks / 3
        trials_ = [Scored("unet", "real", s, {"rmse": np.ones(201)}) for s in range(3)]
        trials_ += [Scored("unet", "prior-25", s, {"rmse": 1 + resampled_ + 1e-4 * s}) for s in range(3)]
        row = compare(trials_, "all", 3).iloc[0]
        held.append(row["lower"] <= 0 <= row["upper"])
    assert 0.85 < np.mean(held) < 0.95


def test_the_error_of_a_median_is_not_put_in_words() -> None:
    """Raining more lowers the RMSE of a median; of a network that forecasts the mean it does not."""
    for network, words in (("q-srdrn", 0), ("unet", 1)):
        noise = np.random.default_rng(7).normal(0, 0.02, 201)
        found = [Scored(network, "real", s, {"rmse": 2 + noise}) for s in range(3)]
        found += [Scored(network, "prior-25", s, {"rmse": 1 + noise + 1e-3 * s}) for s in range(3)]
        table = compare(found, "all", WEEKS)
        assert table["significant"].all() and len(sentences(table)) == words


def test_worse_counts_only_where_it_is_worse_than_both_controls() -> None:
    shifts = {"real": 0.1, "oversampled": 0.0, "prior-25": 0.1, "prior-100": 0.2}
    table = compare([_trial(arm, seed, shift) for arm, shift in shifts.items() for seed in range(3)], "all", WEEKS)
    by = table.set_index(["arm", "score"])["significant"]
    assert not by["prior-25", "pinball_p99"] and by["prior-100", "pinball_p99"]


def test_a_score_that_is_undefined_in_a_seed_is_compared_in_the_others_and_in_none_left_out() -> None:
    found = [_trial(arm, seed, shift) for arm, shift in {"real": 0.0, "prior-25": -0.1}.items() for seed in range(3)]
    for trial in found:
        lost = trial.seed == 0 or trial.arm == "prior-25"
        trial.scores["mapped_sedi_50"] = np.full(201, np.nan) if lost else trial.scores["pinball_p99"]  # type: ignore[index]
        trial.scores["mapped_csi_50"] = trial.scores["mapped_sedi_20"] * (np.nan if trial.seed == 1 else 1)  # type: ignore[index]
    table = compare(found, "all", WEEKS).set_index("score")
    assert "mapped_sedi_50" not in table.index and not table.loc["mapped_csi_50", "significant"]
    assert table.loc["mapped_csi_50", "seeds"] == 2 and np.isfinite(table.loc["mapped_csi_50", "difference"])


def test_more_is_better_of_hits_only() -> None:
    assert higher_is_better("mapped_csi_20") and higher_is_better("sedi_5") and not higher_is_better("pinball_p99")


@pytest.fixture(scope="module")
def run(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return copy_of(trained, tmp_path_factory.mktemp("experiment"))


def test_the_stage_is_resumable_trial_by_trial(run: Run) -> None:
    config = config_of()
    table = experiment(config, run)
    folder = run.folder / "experiment"
    results = pd.read_csv(folder / "results.csv")
    assert len(results) == 12 * 2 and set(results["days"]) == {"all", "heavy_x"}
    assert (folder / "comparisons.png").read_bytes().startswith(b"\x89PNG")
    assert "## srdrn, heavy_x days of the test split, 2 seeds" in (folder / "tables.md").read_text()
    assert results["pinball_p99"].notna().sum() == 8 * 2 and results["mapped_sedi_20"].notna().any()
    assert set(table["network"]) == {"q-srdrn", "srdrn"} and np.isfinite(table["difference"]).all()
    rain = []
    for seed in (0, 1):
        with xr.open_zarr(folder / "days" / f"prior-10-s{seed}.zarr", consolidated=False) as drawn:
            assert set(np.unique(drawn["split"].values)) == {0} and drawn["synthetic"].values.all()
            assert drawn.sizes["time"] == 36
            rain.append(drawn["precip"].values)
    assert not np.array_equal(*rain, equal_nan=True)
    files = {path: path.stat().st_mtime_ns for path in sorted((folder / "runs").glob("*.nc"))}
    assert len(files) == 12
    first = next(iter(files))
    first.unlink()
    experiment(config, run)
    again = {path: path.stat().st_mtime_ns for path in sorted((folder / "runs").glob("*.nc"))}
    assert {path for path in files if again[path] != files[path]} == {first}
    pd.testing.assert_frame_equal(
        results.drop(columns="seconds"), pd.read_csv(folder / "results.csv").drop(columns="seconds")
    )


def test_other_settings_make_a_trial_again(run: Run) -> None:
    only = {"arms": {"srdrn": ["real"]}, "seeds": [0]}
    experiment(config_of(experiment=only), run)
    path = run.folder / "experiment" / "runs" / "srdrn-real-s0.nc"
    before = path.stat().st_mtime_ns
    experiment(config_of(experiment=only, downscale={**SMALL_NET, "steps": 7}), run)
    assert path.stat().st_mtime_ns != before


def test_another_checkpoint_makes_trials_with_synthetic_days_again_and_no_others(run: Run) -> None:
    config = config_of(experiment={"arms": {"srdrn": ["real", "prior-10"]}, "seeds": [0]})
    experiment(config, run)
    made = {arm: run.folder / "experiment" / "runs" / f"srdrn-{arm}-s0.nc" for arm in ("real", "prior-10")}
    before = {arm: path.stat().st_mtime_ns for arm, path in made.items()}
    pool = run.folder / "experiment" / "days" / "prior-10-s0.zarr"
    rain = xr.open_zarr(pool, consolidated=False)["precip"].load()
    other = config.model_copy(update={"sampling": config.sampling.model_copy(update={"checkpoint": "epoch_001"})})
    experiment(other, run)
    assert {arm for arm, path in made.items() if path.stat().st_mtime_ns != before[arm]} == {"prior-10"}
    assert not np.array_equal(xr.open_zarr(pool, consolidated=False)["precip"].values, rain.values, equal_nan=True)


def test_a_median_is_asked_for_before_anything_is_trained(run: Run) -> None:
    config = config_of(downscale={**SMALL_NET, "network": "unet", "quantiles": [0.9, 0.99]})
    with pytest.raises(UserError, match=r"without the 0\.5"):
        experiment(config, run)


def test_a_network_may_have_a_rate_of_its_own(run: Run) -> None:
    arms = {"srdrn": ["real"], "unet": ["real"]}
    experiment(config_of(experiment={"arms": arms, "seeds": [0]}), run)
    made = {name: run.folder / "experiment" / "runs" / f"{name}-real-s0.nc" for name in arms}
    before = {name: path.stat().st_mtime_ns for name, path in made.items()}
    experiment(config_of(experiment={"arms": arms, "seeds": [0], "lr": {"unet": 1e-4}}), run)
    assert {name for name, path in made.items() if path.stat().st_mtime_ns != before[name]} == {"unet"}
    asked = config_of(downscale={**SMALL_NET, "lr": 1e-4}, experiment={"arms": {"unet": ["real"]}, "seeds": [0]})
    stamp = made["unet"].stat().st_mtime_ns
    experiment(asked, run)  # the same training, asked for otherwise
    assert made["unet"].stat().st_mtime_ns == stamp
