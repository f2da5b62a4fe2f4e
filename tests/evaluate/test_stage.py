"""The stage from sample stores to tables: what is written, on which days, and that it is right."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.dims import in_day_set, in_split
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.evaluate.areas import AREA_COLUMNS
from rainsmith.evaluate.climate import CLIMATE_COLUMNS
from rainsmith.evaluate.comparisons import COMPARISON_COLUMNS
from rainsmith.evaluate.scoring import COLUMNS, score
from rainsmith.evaluate.settings import Resampling, settings_of
from rainsmith.evaluate.stage import Evaluation, evaluate
from rainsmith.metrics.ensemble import crps
from rainsmith.metrics.registry import METRICS
from rainsmith.run_folder import Run
from tests.fake_run import config_of, members_of, rain, store_of, write_run

MODES = ("prior", "posterior")
CELLS = ("heavy_cells", "extreme_cells", "rare_cells")
TAIL = {f"{name}_by_chance" for name in ("max", "p999", "p9999", *CELLS)} | {
    *("p999_of_record", "p9999_of_record", "max_of_record", "rare_cells_of_record", "beyond_record"),
    *("largest_of_record", "event_cells_50_by_chance", "event_cells_100_by_chance"),
}
"""Rows that judge the tail."""


SPLITS = {
    "train": [["2001-01-01", "2001-12-31"]],
    "validation": [["2002-01-01", "2002-02-28"]],
    "test": [["2002-03-01", "2002-07-20"]],
}


@pytest.fixture(scope="module")
def config() -> Config:
    baselines = ["climatology", "bilinear"]  # one that draws, and one that is single-valued and needs coarse rain
    return config_of(
        data={"kind": "gridded", "splits": SPLITS, "heavy_quantile": 0.9},
        evaluate={"resamples": 50, "baselines": baselines},
    )


@pytest.fixture(scope="module")
def field() -> xr.DataArray:
    return rain(566, 14, 12)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory, config: Config, field: xr.DataArray) -> Evaluation:
    """A run with coarse rain, evaluated with one area, the whole domain."""
    made = write_run(tmp_path_factory.mktemp("run"), config, store_of(field, config))
    xr.Dataset({"all": xr.ones_like(field[0]).fillna(1) > 0}).to_netcdf(made.folder / "areas.nc")
    changes = {"areas": made.folder / "areas.nc"}
    return evaluate(config.model_copy(update={"evaluate": config.evaluate.model_copy(update=changes)}), made)


@pytest.fixture(scope="module")
def run(evaluation: Evaluation) -> Run:
    return Run(evaluation.folder.parent)


@pytest.fixture(scope="module")
def metrics(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.evaluation / "metrics.csv")


def _one(table: pd.DataFrame, **where: object) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1, where
    return table.iloc[0]


def _without(config: Config, *names: str) -> Config:
    baselines = [name for name in config.evaluate.baselines if name not in names]
    return config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"baselines": baselines})})


def test_every_forecast_has_its_table_and_curves(run: Run, metrics: pd.DataFrame) -> None:
    stems = ["flat-prior-test", "flat-posterior-test", "climatology-prior-test", "bilinear-prior-test"]
    written = {path.name for path in run.evaluation.iterdir()}
    merged = {"metrics.csv", "comparisons.csv", "notes.json", "climate.csv", "record-climate.nc", "areas.csv"}
    assert written == {f"{stem}{kind}" for stem in stems for kind in (".csv", ".nc", "-climate.nc")} | merged
    assert list(metrics.columns) == COLUMNS
    rows = [line for stem in stems for line in (run.evaluation / f"{stem}.csv").read_text().splitlines()[1:]]
    of_tail = [any(f",{name}," in line for name in TAIL) for line in rows]
    rows = [row for row, last in zip(rows, of_tail, strict=True) if not last] + list(itertools.compress(rows, of_tail))
    assert (run.evaluation / "metrics.csv").read_text().splitlines()[1:] == rows, "rows of the tail come last"
    assert set(metrics["days"]) == {"all", "heavy", "heavy_x"}
    assert (metrics.loc[metrics["model"] == "flat", "checkpoint"] == "best_prior").all()


def test_the_stage_returns_the_tables_that_it_wrote(evaluation: Evaluation) -> None:
    assert evaluation.not_applicable == {} and set(evaluation.left_out) <= {
        f"{name}-test" for name in ("flat-prior", "flat-posterior", "climatology-prior", "bilinear-prior")
    }
    for name in ("metrics", "comparisons", "climate", "areas"):
        table = getattr(evaluation, name).reset_index(drop=True)
        written = pd.read_csv(evaluation.folder / f"{name}.csv", keep_default_na=False, na_values=[""])
        numbers = list(table.select_dtypes("number"))
        pd.testing.assert_frame_equal(table[numbers], written[numbers], rtol=1e-6, check_dtype=False)
        assert list(table.columns) == list(written.columns)


def test_climate_and_areas_of_every_forecast_are_in_one_table(run: Run, metrics: pd.DataFrame) -> None:
    climate = pd.read_csv(run.evaluation / "climate.csv")
    assert list(climate.columns) == CLIMATE_COLUMNS
    forecasts = metrics[["model", "mode"]].drop_duplicates().values.tolist()
    assert climate[["model", "mode"]].drop_duplicates().values.tolist() == forecasts
    for name, rows in climate.groupby("index"):
        assert rows["observed"].nunique() == 1, name
    assert {"R1mm", "SDII", "Rx1day", "R95p", "wet_fraction", "CDD", "lag1"} <= set(climate["index"])
    mean = _one(metrics, model="flat", mode="prior", days="all", metric="mean")
    row = _one(climate, model="flat", mode="prior", index="mean")
    assert row["value"] == pytest.approx(mean["value"], rel=1e-5)  # every cell is valid on every day
    assert row["observed"] == pytest.approx(mean["observed"], rel=1e-5)
    areas = pd.read_csv(run.evaluation / "areas.csv")
    assert list(areas.columns) == AREA_COLUMNS and set(areas["area"]) == {"all"}
    assert areas[["model", "mode"]].drop_duplicates().values.tolist() == forecasts
    assert _one(areas, model="flat", mode="prior", days="all", metric="mean", area="all")["value"] == pytest.approx(
        mean["value"], rel=1e-3
    )


def test_every_metric_is_there_where_it_applies(run: Run, config: Config, metrics: pd.DataFrame) -> None:
    settings = settings_of(run.open_store(), config)
    names = {metric.name for metric in METRICS if not metric.needs or getattr(settings, metric.needs)}
    ranges = {"max_range", "p999_range"}
    prior = set(metrics.loc[(metrics["model"] == "flat") & (metrics["mode"] == "prior"), "metric"])
    posterior = set(metrics.loc[metrics["mode"] == "posterior", "metric"])
    single = set(metrics.loc[metrics["model"] == "bilinear", "metric"])
    assert prior == names | ranges | TAIL and posterior == (names | ranges | TAIL) - {"diversity_ratio"}
    assert single == (names | TAIL) - {metric.name for metric in METRICS if metric.spread}
    assert set(metrics.loc[metrics["model"] == "bilinear", "members"]) == {1}


def test_a_quantile_that_is_no_rain_marks_no_event(run: Run, config: Config) -> None:
    """Nine days of ten are dry: P90 is 0, and a dry forecast would hit every such event."""
    days = in_split(run.open_store(), "test").load().assign(p90=0.0, p95=0.04)
    settings = settings_of(days, config)
    dry = xr.zeros_like(days["precip"]).expand_dims(member=2, axis=1)
    table = score(dry, days["precip"], settings=settings, resampling=Resampling(resamples=20))
    csi = table[table["metric"] == "csi"]
    assert not csi.empty and (csi["threshold"] >= config.data.wet_mm).all() and (csi["value"] == 0).all()
    assert "mae_tail" not in set(table["metric"]) and "twcrps_p99" in set(table["metric"])


def test_figures_are_those_of_the_metrics_alone(run: Run, config: Config, metrics: pd.DataFrame) -> None:
    store = run.open_store()
    days = in_split(store, "test").load()
    fcst = xr.open_zarr(run.sample_path("flat", "prior", "test"), consolidated=False)["precip"].load()
    settings = settings_of(store, config)
    for day_set in ("all", "heavy", "heavy_x"):
        chosen = {"time": np.flatnonzero(in_day_set(days, day_set))}
        row = _one(metrics, model="flat", mode="prior", days=day_set, metric="crps")
        assert row["value"] == pytest.approx(float(crps(fcst.isel(chosen), days["precip"].isel(chosen))), rel=1e-5)
        assert row["n_days"] == len(chosen["time"]) > 0 and row["lower"] < row["value"] < row["upper"]
        wet = _one(metrics, model="flat", mode="prior", days=day_set, metric="wet_fraction")
        rain_mm = days["precip"].isel(chosen).values
        assert wet["observed"] == pytest.approx((rain_mm[np.isfinite(rain_mm)] >= 0.1).mean(), rel=1e-5)
        assert wet["threshold"] == settings.wet_mm
    tail = _one(metrics, model="flat", mode="prior", days="all", metric="twcrps_p99")
    assert tail["threshold"] == pytest.approx(float(store["p99"]), rel=1e-6)


def test_observed_is_the_same_for_every_forecast(metrics: pd.DataFrame) -> None:
    for (_, metric), rows in metrics.dropna(subset="observed").groupby(["days", "metric"]):
        assert rows["observed"].nunique() == 1, metric


def test_range_rows_are_the_spread_of_members(run: Run, metrics: pd.DataFrame) -> None:
    shown = xr.load_dataset(run.evaluation / "flat-prior-test.nc").sel(days="heavy_x", metric="max")
    row = _one(metrics, model="flat", mode="prior", days="heavy_x", metric="max_range")
    assert row[["lower", "upper"]].tolist() == pytest.approx(np.quantile(shown["member_value"], [0.05, 0.95]), rel=1e-6)
    assert row["observed"] == pytest.approx(float(shown["observed_value"]), rel=1e-6)


def test_curves_hold_what_the_plots_need(run: Run) -> None:
    shown = xr.load_dataset(run.evaluation / "flat-prior-test.nc")
    assert list(shown["days"].values) == ["all", "heavy", "heavy_x"]
    assert shown["rank_count"].dims == ("days", "rank") and shown.sizes["rank"] == 6
    for name in ("spectrum", "quantile", "exceedance"):
        assert np.isfinite(shown[name].sel(days="all")).any() and "member" not in shown[f"{name}_observed"].dims
    assert shown.attrs["model"] == "flat" and shown.attrs["members"] == 5
    days = run.open_store()
    assert shown.sizes["time"] == in_split(days, "test").sizes["time"] and (shown["daily_crps"] >= 0).all()
    single = xr.load_dataset(run.evaluation / "bilinear-prior-test.nc")
    assert "rank_count" not in single and single.sizes["member"] == 1


def test_comparisons_pair_models_with_baselines_and_modes(run: Run, metrics: pd.DataFrame) -> None:
    table = pd.read_csv(run.evaluation / "comparisons.csv")
    assert list(table.columns) == COMPARISON_COLUMNS and set(table["metric"]) == {"crps", "twcrps_p99", "mae"}
    baselines = {"climatology", "bilinear"}
    pairs = set(zip(table["a"], table["b"], strict=True))
    assert pairs == {(f"flat-{mode}", b) for mode in MODES for b in baselines} | {("flat-prior", "flat-posterior")}
    value = {
        model: _one(metrics, model=model, mode="prior", days="heavy", metric="crps")["value"]
        for model in ("flat", "climatology")
    }
    row = _one(table, a="flat-prior", b="climatology", metric="crps", days="heavy")
    assert row["difference"] == pytest.approx(value["flat"] - value["climatology"], rel=1e-4)
    assert row["lower"] <= row["difference"] <= row["upper"] and 0 < row["p"] <= 1
    better = _one(table, a="flat-prior", b="flat-posterior", metric="crps", days="all")
    assert better["lower"] > 0 and better["p"] < 0.1  # posterior members vary the day itself


def test_numbers_are_a_function_of_the_seed(run: Run, config: Config, tmp_path: Path) -> None:
    few = _without(config, "bilinear")
    again = Run(tmp_path / "again")
    shutil.copytree(run.folder, again.folder, ignore=shutil.ignore_patterns("evaluation", "*posterior*"))
    evaluate(few, again)
    for name in ("flat-prior-test.csv", "climatology-prior-test.csv"):
        assert (again.evaluation / name).read_bytes() == (run.evaluation / name).read_bytes()
    one, other = (xr.load_dataset(r.evaluation / "flat-prior-test-climate.nc") for r in (run, again))
    assert one.attrs.pop("history") and other.attrs.pop("history")  # it says when
    xr.testing.assert_identical(one, other)
    first = set((run.evaluation / "comparisons.csv").read_text().splitlines())
    assert set((again.evaluation / "comparisons.csv").read_text().splitlines()) < first


def test_another_seed_draws_other_resamples_of_the_same_scores(run: Run) -> None:
    days = in_split(run.open_store(), "test").load()
    fcst = xr.open_zarr(run.sample_path("flat", "prior", "test"), consolidated=False)["precip"].load()
    one, again, other = (
        score(fcst, days["precip"], metrics=["crps"], resampling=Resampling(resamples=50, seed=seed)).iloc[0]
        for seed in (0, 0, 1)
    )
    assert one["value"] == other["value"] and one["lower"] != other["lower"]
    assert one["lower"] == again["lower"]


def test_baselines_are_scored_on_the_days_of_the_samples(config: Config, field: xr.DataArray, tmp_path: Path) -> None:
    store = store_of(field, config)
    run = write_run(tmp_path / "run", config, store, modes=())
    members = members_of(store, "prior")
    heavy = np.flatnonzero(in_day_set(in_split(store, "test"), "heavy"))
    members.isel(time=heavy).to_zarr(run.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    evaluate(config, run)
    table = pd.read_csv(run.evaluation / "metrics.csv")
    assert set(table.loc[table["days"] == "all", "n_days"]) == {len(heavy)}
    assert set(table["model"]) == {"flat", "climatology", "bilinear"}
    assert not (run.evaluation / "climate.csv").exists()
    notes = json.loads((run.evaluation / "notes.json").read_text())["left_out"]
    assert any("do not hold every day of the split" in note for note in notes["flat-prior-test"])


def test_what_does_not_apply_is_noted_not_fatal(config: Config, field: xr.DataArray, tmp_path: Path) -> None:
    """Without coarse rain a baseline says so; a day set without days leaves no rows."""
    store = store_of(field, config, coarse_rain=False)
    store["category"] = xr.zeros_like(store["category"])
    run = write_run(tmp_path / "run", config, store, modes=("prior",))
    evaluate(config, run)
    notes = json.loads((run.evaluation / "notes.json").read_text())
    assert set(notes["not_applicable"]) == {"bilinear-prior-test"}
    assert "coarse rain" in notes["not_applicable"]["bilinear-prior-test"]
    assert any("no heavy days" in note for note in notes["left_out"]["flat-prior-test"])
    table = pd.read_csv(run.evaluation / "metrics.csv")
    assert set(table["days"]) == {"all", "heavy_x"} and set(table["model"]) == {"flat", "climatology"}
    assert table["value"].notna().all()


def test_files_of_an_earlier_evaluation_go_and_missing_members_are_refused(
    config: Config, field: xr.DataArray, tmp_path: Path
) -> None:
    store = store_of(field, config)
    run = write_run(tmp_path / "run", config, store, modes=())
    members, samples = members_of(store, "prior"), run.sample_path("flat", "prior", "test")
    members.to_zarr(samples, zarr_format=3, consolidated=False)
    stale = [run.evaluation / name for name in ("climate.csv", "areas.csv", "record-climate.nc")]
    run.evaluation.mkdir()
    for path in stale:
        path.touch()
    changes = {"baselines": [], "climate": False}
    changed = config.model_copy(update={"evaluate": config.evaluate.model_copy(update=changes)})
    evaluate(changed, run)
    assert not any(path.exists() for path in stale)  # they would belong to other samples
    members["precip"][3, 2, 10:12, 10] = np.nan
    members.to_zarr(samples, zarr_format=3, consolidated=False, mode="w")
    with pytest.raises(UserError, match=r"flat-prior-test.zarr holds 2 values that are no amounts of rain"):
        evaluate(changed, run)


def test_errors_say_what_to_do(config: Config, field: xr.DataArray, tmp_path: Path) -> None:
    store = store_of(field, config)
    run = write_run(tmp_path / "run", config, store, modes=())
    with pytest.raises(UserError, match=r"no samples in .* run 'rainsmith sample' first"):
        evaluate(config, run)
    members, path = members_of(store, "prior"), run.sample_path("flat", "prior", "test")
    members.isel(y=slice(1, None)).to_zarr(path, zarr_format=3, consolidated=False)
    with pytest.raises(UserError, match="cells; the store has"):
        evaluate(config, run)
    later = members.assign_coords(time=members["time"] + np.timedelta64(3650, "D"))
    later.to_zarr(path, zarr_format=3, consolidated=False, mode="w")
    with pytest.raises(UserError, match="outside the test split"):
        evaluate(config, run)


def test_a_normalised_threshold_in_the_samples_is_seen(config: Config, field: xr.DataArray) -> None:
    """Members whose drizzle was cut where the z-score of log1p is 0.1, not at 0.1 mm: the wet share is far off."""
    store = store_of(field, config)
    days = in_split(store, "test")
    fcst = days["precip"].expand_dims(member=2, axis=1)
    log = np.log1p(fcst)
    planted = fcst.where(np.isnan(fcst) | ((log - float(log.mean())) / float(log.std()) >= 0.1), 0.0)

    def wet(members: xr.DataArray) -> pd.Series:
        table = score(members, days["precip"], settings=settings_of(store, config), resampling=Resampling(resamples=50))
        return _one(table, days="all", metric="wet_fraction")

    right, wrong = wet(fcst), wet(planted)
    assert right["value"] == right["observed"]
    assert abs(wrong["value"] - wrong["observed"]) > 0.1 and not wrong["lower"] <= wrong["observed"] <= wrong["upper"]
