"""The report: one self-contained page that says what the files say, whatever part of a run is there."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.data.store import write_store
from rainsmith.evaluate import criteria
from rainsmith.evaluate.stage import evaluate
from rainsmith.report.climate import _levels, _year, climate_rows
from rainsmith.report.distributions import cell_size
from rainsmith.report.facts import credit_rows
from rainsmith.report.gather import Material, gather, heaviest
from rainsmith.report.pictures import panels_of
from rainsmith.report.stage import report
from rainsmith.report.summary import summarise
from rainsmith.report.tables import ScoreRow, comparison_rows, score_tables
from rainsmith.report.words import number
from rainsmith.run_folder import Run
from tests.fake_run import config_of, members_of, rain, store_of, write_run


@pytest.fixture(scope="module")
def config() -> Config:
    return config_of()


@pytest.fixture(scope="module")
def finished(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with every part of it."""
    run = write_run(tmp_path_factory.mktemp("finished"), config, store_of(rain(), config))
    evaluate(config, run)
    return run


@pytest.fixture(scope="module")
def material(config: Config, finished: Run) -> Material:
    return gather(config, finished)


@pytest.fixture(scope="module")
def page(config: Config, finished: Run) -> str:
    return report(config, finished, days=1).read_text(encoding="utf-8")


@pytest.fixture
def copied(finished: Run, tmp_path: Path) -> Run:
    """The same run, to be damaged."""
    shutil.copytree(finished.folder, tmp_path / "run")
    return Run(tmp_path / "run")


class Links(HTMLParser):
    """Every address in a page, every tag, and the text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.alts: list[str] = []
        self.dots: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)
        self.alts += [value or "" for name, value in attrs if name == "alt"]
        self.dots += [value or "" for name, value in attrs if name == "aria-label" and tag == "span"]
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_asks_for_nothing_outside(page: str) -> None:
    links = Links(page)
    assert links.open == []
    assert not {"script", "link", "iframe", "object"} & set(links.tags)
    assert all(address.startswith(("data:image/", "#")) for address in links.addresses)
    assert {"#criteria", "#maps", "#distributions", "#scores", "#training", "#provenance"} <= set(links.addresses)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_text_of_the_data_cannot_become_markup(page: str) -> None:
    assert "smooth noise &lt;for&gt; tests" in page


def test_every_figure_has_a_caption_and_every_picture_a_description(page: str) -> None:
    assert page.count("<figure") == page.count("<figcaption>") > 12
    assert "<figcaption></figcaption>" not in page
    assert 'alt=""' not in page


def test_the_headline_counts_the_verdict_list(config: Config, material: Material, page: str) -> None:
    judged = [c for c in criteria.verdict(material.metrics, "flat", "test") if c.grade != "n/a"]
    passed = [c for c in judged if c.grade != "fail"]
    assert len(judged) > 6
    assert f"meet {len(passed)} of {len(judged)} checks" in Links(page).text


def test_both_lists_hold_the_grades_of_the_model_and_its_baselines(material: Material, page: str) -> None:
    shown = Links(page).dots
    expected = []
    for judge in (criteria.verdict, criteria.documented):
        lists = [judge(material.metrics, name, "test") for name in ("flat", *material.baselines)]
        for line in zip(*lists, strict=True):
            # what is not judged has no dots: plain words for the model, n/a for baselines
            expected += [c.grade for c in line if c.grade != "n/a"]
    assert shown == expected


def test_an_experiment_has_its_section_and_a_run_without_one_has_none(config: Config, copied: Run, page: str) -> None:
    assert "#augmentation" not in Links(page).addresses
    folder = copied.folder / "experiment"
    folder.mkdir()
    rows = ["network,arm,seed,split,days,validation_loss,pinball_p99,mapped_sedi_p99,mean"]
    rows += [f"q-srdrn,{arm},{s},test,all,0.5,{loss},0.8123,3" for s in range(3) for arm, loss in LOSSES.items()]
    (folder / "results.csv").write_text("\n".join(rows))
    head = "network,arm,control,days,score,value,control_value,difference,lower,upper,p,gain,seeds,significant,controls"
    gains = ["q-srdrn,prior-25,real,all,pinball_p99,0.04,0.05,-0.01,-0.012,-0.008,0.001,0.2,3,True,real oversampled"]
    gains += ["q-srdrn,prior-25,real,all,mapped_sedi_p99,0.8123,0.8123,0,-0.01,0.01,1,0,3,False,real oversampled"]
    (folder / "comparisons.csv").write_text("\n".join([head, *gains]))
    links = Links(report(config, copied, days=1).read_text(encoding="utf-8"))
    assert links.open == [] and "#augmentation" in links.addresses
    assert "significantly better in pinball_p99 (+20.0 %)" in links.text
    assert "Pinball loss of the 0.99 quantile [mm]" in links.text and "SEDI above P99, mapped" in links.text
    assert "q-srdrn, all days 3 seeds, test days" in " ".join(links.text.split())
    html = (copied.folder / "report.html").read_text(encoding="utf-8")
    assert '<span class="verdict-better">0.04000</span>' in html and '<td class="n">0.05000</td>' in html
    assert "Gains of every arm over the better control" in links.alts
    assert html.count("<figure") == html.count("<figcaption>")
    (folder / "comparisons.csv").write_text(head)  # controls alone
    links = Links(report(config, copied, days=1).read_text(encoding="utf-8"))
    assert "q-srdrn, all days" in links.text and "Gains of every arm over the better control" not in links.alts
    (folder / "comparisons.csv").unlink()
    text = Links(report(config, copied, days=1).read_text(encoding="utf-8")).text
    assert "The tables of the experiment are incomplete" in text and "q-srdrn, all days" not in text


def test_a_damaged_experiment_is_named(config: Config, copied: Run) -> None:
    (copied.folder / "experiment").mkdir()
    (copied.folder / "experiment" / "results.csv").write_text("")
    (copied.folder / "experiment" / "comparisons.csv").write_text("network")
    with pytest.raises(UserError, match="rainsmith experiment"):
        report(config, copied, days=1)


LOSSES = {"real": 0.05, "oversampled": 0.06, "prior-25": 0.04}


def _row(table_rows: list[ScoreRow], name: str) -> ScoreRow:
    return next(row for row in table_rows if row.title == name)


def test_the_score_table_shows_what_metrics_csv_holds(material: Material) -> None:
    tables = {table.title: table for table in score_tables(material)}
    assert list(tables) == ["Heavy by the input", "All days", "Heavy as observed"]
    table = tables["All days"]
    csv = material.metrics[(material.metrics["days"] == "all") & (material.metrics["metric"] == "mean")]
    by_forecast = csv.set_index("forecast")["value"]
    row = _row(table.rows, "Mean rain")
    assert row.unit == "mm/day"
    assert [score.value for score in row.scores] == [number(by_forecast[name]) for name in material.forecasts]
    assert row.observed == number(float(csv["observed"].iloc[0]))
    assert table.columns[:2] == ["Prior members", "Posterior members"]


def test_bold_marks_the_best_rival_and_never_the_posterior(material: Material) -> None:
    posterior = material.forecasts.index("posterior")
    for table in score_tables(material):
        for row in table.rows:
            assert not row.scores[posterior].best
        bold = sum(score.best for row in table.rows for score in row.scores)
        assert (bold == 0) if table.title == "Heavy as observed" else (bold >= 10)
    crps = _row(score_tables(material)[1].rows, "CRPS, error of the ensemble")
    values = {name: float(score.value) for name, score in zip(material.forecasts, crps.scores, strict=True)}
    del values["posterior"]
    least = min(values, key=lambda name: values[name])
    assert crps.scores[material.forecasts.index(least)].best


def test_comparisons_are_of_prior_members_with_baselines_only(material: Material) -> None:
    rows = comparison_rows(material)
    assert len(rows) == 9  # three scores on three sets of days
    table = material.comparisons.set_index(["metric", "days", "a", "b"])
    expected = table.loc[("crps", "all", "flat-prior", "bilinear")]
    shown = next(row for row in rows if row.days == "All days" and row.title.startswith("CRPS, error"))
    cell = shown.against[material.baselines.index("bilinear")]
    assert cell is not None
    assert cell.difference == number(expected["difference"], signed=True)


@pytest.mark.parametrize(
    ("lower", "upper", "outcome"), [(-0.3, -0.1, "better"), (0.1, 0.3, "worse"), (-0.1, 0.3, "noise")]
)
def test_a_difference_counts_where_its_interval_leaves_out_zero(
    material: Material, lower: float, upper: float, outcome: str
) -> None:
    row = {"metric": "crps", "days": "all", "a": "flat-prior", "b": "bilinear", "split": "test", "p": 0.1}
    table = pd.DataFrame([{**row, "difference": (lower + upper) / 2, "lower": lower, "upper": upper}])
    (shown,) = comparison_rows(_with(material, comparisons=table))
    cell = shown.against[material.baselines.index("bilinear")]
    assert cell is not None and cell.outcome == outcome


@pytest.mark.parametrize(("lower", "said"), [(0.1, True), (-0.1, False)])
def test_the_headline_says_that_a_simple_method_is_better(material: Material, lower: float, said: bool) -> None:
    row = {"metric": "crps", "days": "all", "a": "flat-prior", "b": "bilinear", "split": "test", "p": 0.1}
    table = pd.DataFrame([{**row, "difference": 0.2, "lower": lower, "upper": 0.3}])
    found = summarise(
        _with(material, comparisons=table), criteria.verdict(material.metrics, material.model, material.split), {}
    )
    assert ("a simple method is nearer to what fell: bilinear interpolation." in found.headline) == said


def _with(material: Material, **changes: object) -> Material:
    values = {name: getattr(material, name) for name in material.__dataclass_fields__}
    return Material(**{**values, **changes})  # type: ignore[arg-type]


def test_a_baseline_that_does_not_apply_is_named_with_its_reason(page: str) -> None:
    assert "Left out: climatology (found no training day within 15 calendar days" in Links(page).text


def test_the_page_names_checkpoint_thresholds_and_splits(page: str, material: Material) -> None:
    text = Links(page).text
    assert "checkpoint best_prior (epoch 30)" in text
    assert f"P99 {number(float(material.store['p99']))} mm/day" in text
    assert "28 October 2001 to 4 February 2002, 100 days" in text
    assert "20 x 16 cells of 10 km" in text
    assert "super-resolution with a perfect input" in " ".join(text.split())


def test_provenance_holds_versions_counts_terms_and_the_configuration(page: str) -> None:
    text = Links(page).text
    for expected in ("Tiny negative values set to 0", "free to use", "torch", "sha256 0123abcd", "heavy_quantile: 0.9"):
        assert expected in text


def test_data_without_a_named_source_say_which_files_they_are(material: Material) -> None:
    bare_store = material.store.assign_attrs(source="", institution="")
    rows = dict(credit_rows(_with(material, store=bare_store)))
    assert rows["Source"] == "the files name none; read from *.nc"
    assert dict(credit_rows(material))["Source"] == "smooth noise <for> tests"


def test_distributions_have_all_their_figures(page: str) -> None:
    names = Links(page).alts
    assert sum(name.startswith("Quantile") for name in names) == 2
    assert sum(name.startswith("Exceedance") for name in names) == 2
    assert sum(name.startswith("Spectra") for name in names) == 1
    assert [n.split(",")[0] for n in names if n.startswith("Rank")] == [
        f"Rank histogram of {name}" for name in ("prior members", "posterior members", "scaled analogs")
    ]


def test_the_climate_is_that_of_the_table(material: Material, page: str) -> None:
    rows = {row.title: row for row in climate_rows(material)}
    table = material.climate[(material.climate["model"] == "flat") & (material.climate["mode"] == "prior")]
    found = table.set_index("index").loc["Rx1day"]
    row = next(row for title, row in rows.items() if title.endswith("(Rx1day)"))
    assert row.values[0][0] == number(found["value"]) and row.observed == number(found["observed"])
    assert not row.of_series and next(row for title, row in rows.items() if title.endswith("(CDD)")).of_series
    alts = " ".join(Links(page).alts)
    for words in ("Mean rain by month", "Return levels", "Reliability of", "Map of the bias of mean"):
        assert words in alts


def test_curves_of_the_climate_are_those_of_the_files(material: Material) -> None:
    prior = material.climates["prior"]
    observed, members = _year(prior)
    assert np.array_equal(observed.y, prior["seasonal_cycle_observed"].values, equal_nan=True)
    known = np.isfinite(members.y)
    assert members.low is not None and members.high is not None
    assert (members.low[known] <= members.y[known]).all() and (members.y[known] <= members.high[known]).all()
    names = [curve.name for curve in _levels(prior, material.climates["record"])]
    assert names == ["climatology", "observed", "prior"]
    assert [curve.name for curve in _levels(prior, None)] == ["observed", "prior"]


def test_wavelengths_are_in_km_where_the_grid_tells_its_size(material: Material) -> None:
    assert cell_size(material.store) == pytest.approx((10.0, "km"))
    assert cell_size(material.store.drop_vars("y")) == (1.0, "cells")
    degrees = material.store.assign_coords(y=("y", 0.25 * np.arange(20), {"units": "degrees_north"}))
    assert cell_size(degrees)[0] == pytest.approx(27.8, rel=0.01)


def test_the_heaviest_days_are_those_that_were_sampled_and_observed_heaviest(material: Material) -> None:
    mean = material.days["precip"].mean(("y", "x")).values
    assert heaviest(material, 3) == np.argsort(-mean)[:3].tolist()
    few = {"prior": material.samples["prior"].isel({TIME: [4, 9, 30]})}
    assert sorted(heaviest(_with(material, samples=few), 10)) == [4, 9, 30]


def test_a_day_shows_eight_maps_of_that_day(material: Material) -> None:
    position = heaviest(material, 1)[0]
    panels = panels_of(material, position)
    assert [panel.kind for panel in panels] == ["observed", "coarse", "posterior", "posterior", *["prior"] * 4]
    prior = material.samples["prior"]["precip"]
    at = np.flatnonzero(day_numbers(prior[TIME]) == day_numbers(material.days[TIME])[position])[0]
    np.testing.assert_array_equal(panels[5].field, prior.isel({TIME: at, "member": 1}).values)
    np.testing.assert_array_equal(panels[0].field, material.days["precip"].isel({TIME: position}).values)


def _forget_curves(run: Run) -> None:
    """Take away what takes longest to draw."""
    for path in [*run.evaluation.glob("*.nc"), run.metrics_log]:
        path.unlink()


def test_without_posterior_members_prior_members_take_their_places(config: Config, copied: Run) -> None:
    shutil.rmtree(copied.sample_path("flat", "posterior", "test"))
    _forget_curves(copied)
    material = gather(config, copied)
    kinds = [panel.kind for panel in panels_of(material, heaviest(material, 1)[0])]
    assert kinds == ["observed", "coarse", *["prior"] * 5]
    text = report(config, copied, days=1).read_text(encoding="utf-8")
    assert "rainsmith sample --mode posterior" in Links(text).text


def test_a_run_that_is_only_prepared_gets_a_page_that_says_what_is_missing(config: Config, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", config, store_of(rain(), config), modes=())
    run.metrics_log.unlink()
    text = Links(report(config, run, days=2).read_text(encoding="utf-8")).text
    for command in ("sample --mode prior", "sample --mode posterior", "evaluate", "train"):
        assert f"rainsmith {command}" in text
    assert "have not been scored yet" in text
    assert "Observed" in text and "Prior member 1" not in text


def test_scores_without_curves_or_comparisons_still_make_a_page(config: Config, copied: Run) -> None:
    _forget_curves(copied)
    (copied.evaluation / "comparisons.csv").unlink()
    text = Links(report(config, copied, days=1).read_text(encoding="utf-8")).text
    assert "No curves yet" in text
    assert "Is the difference real?" not in text


def test_pictures_alone_are_one_a_day_in_order_and_no_page(config: Config, copied: Run, tmp_path: Path) -> None:
    (copied.folder / "report.html").unlink(missing_ok=True)
    folder = report(config, copied, days=2, png=tmp_path / "pictures")
    files = sorted(folder.iterdir())
    material = gather(config, copied)
    numbers = day_numbers(material.days[TIME])[heaviest(material, 2)]
    dates = [f"{n // 10000}-{n // 100 % 100:02d}-{n % 100:02d}" for n in numbers]
    assert [path.name for path in files] == [f"{rank:03d}_{date}.png" for rank, date in enumerate(dates, start=1)]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files)
    assert not (copied.folder / "report.html").exists()


def test_nothing_is_shown_for_fewer_than_one_day(config: Config, finished: Run) -> None:
    with pytest.raises(UserError, match="--days 0; expected at least 1"):
        report(config, finished, days=0)


def test_no_store_is_an_error_that_names_the_stage(config: Config, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="rainsmith prepare"):
        report(config, Run(tmp_path))


@pytest.mark.parametrize("name", ["metrics.csv", "flat-prior-test.nc"])
def test_a_damaged_file_is_named(config: Config, copied: Run, name: str) -> None:
    (copied.evaluation / name).write_bytes(b"")
    with pytest.raises(UserError, match=f"{name}.*evaluate"):
        report(config, copied)


@pytest.fixture
def bare(config: Config, tmp_path: Path) -> Run:
    """A run without coordinates and coarse rain, in another calendar, with prior members only."""
    precip = rain()
    store = store_of(precip, config, coarse_rain=False)
    dates = xr.date_range("2001-01-01", periods=precip.sizes[TIME], freq="D", calendar="noleap", use_cftime=True)
    store = store.assign_coords({TIME: dates})
    run = Run(tmp_path)
    members = members_of(store, "prior", 3).drop_vars(["y", "x"])
    members.to_zarr(run.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    write_store(store.drop_vars(["y", "x"]), run.store)
    return run


def test_a_run_without_coordinates_and_coarse_rain_has_its_maps(config: Config, bare: Run) -> None:
    text = Links(report(config, bare, days=1).read_text(encoding="utf-8")).text
    assert "without latitudes and longitudes" in text
    assert "msl_day0:" in text
    assert "super-resolution" not in text
