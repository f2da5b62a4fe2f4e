"""The page as a whole: self-contained, well formed, and true to whatever part of a run is there."""

from __future__ import annotations

import base64
import hashlib
import shutil
from pathlib import Path

import xarray as xr

from rainsmith.base.dims import TIME
from rainsmith.config import Config
from rainsmith.data.store import write_store
from rainsmith.report.gather import gather
from rainsmith.report.maps import maps_section
from rainsmith.report.page import render
from rainsmith.run_folder import Run
from tests.fake_run import members_of, rain, store_of, write_run
from tests.report.reading import Page, forget_curves

PLATES = ["maps", "tail", "reliability", "spectrum", "climate"]
FOLDS = ["criteria", "diagnosis", "scores", "training", "provenance", "words"]


def test_the_page_is_whole_and_asks_for_nothing_outside(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert not {"link", "iframe", "object"} & set(page.tags)
    assert all(address.startswith(("data:image/", "data:text/csv;", "#")) for address in page.addresses)
    assert page.anchors == ["verdict", *PLATES, "next", *FOLDS, "enlarged"]
    assert {f"#{anchor}" for anchor in page.anchors[:-1]} <= set(page.addresses)
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_no_script_but_that_of_the_page_may_run(html: str) -> None:
    assert html.count("<script>") == 1
    script = html[html.index("<script>") + len("<script>") : html.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = html[html.index("default-src") :].partition('"')[0]
    assert f"script-src 'sha256-{digest}'" in policy.replace("&#39;", "'")


def test_all_but_the_plates_is_folded(html: str) -> None:
    for anchor in FOLDS:
        assert f'<details class="fold" id="{anchor}">' in html
    for anchor in PLATES:
        assert f'<section class="plate" id="{anchor}">' in html


def test_text_of_the_data_cannot_become_markup(html: str) -> None:
    assert "smooth noise &lt;for&gt; tests" in html


def test_every_figure_has_a_caption_and_every_picture_a_description(html: str) -> None:
    assert html.count("<figure>") == html.count("<figcaption>") > 12
    assert "<figcaption></figcaption>" not in html
    assert 'alt=""' not in html


def test_a_missing_part_is_named_once_at_the_head_and_in_its_section(html: str) -> None:
    assert html.count("No diagnosis yet: &#39;rainsmith diagnose&#39; makes it.") == 2


def test_without_posterior_members_the_page_rests_on_prior_ones(config: Config, copied: Run) -> None:
    shutil.rmtree(copied.sample_path("flat", "posterior", "test"))
    forget_curves(copied)
    text = Page(render(gather(config, copied), 1)).text
    assert "rainsmith sample --mode posterior" in text
    sampling = config.sampling.model_copy(update={"modes": ["prior"]})
    material = gather(config.model_copy(update={"sampling": sampling}), copied)
    assert not maps_section(material, 1).missing, "posterior members were not asked for"


def test_a_run_that_is_only_prepared_gets_a_page_that_says_what_is_missing(config: Config, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", config, store_of(rain(170, 12, 10), config), modes=())
    run.metrics_log.unlink()
    text = Page(render(gather(config, run), 2)).text
    for command in ("sample --mode prior", "sample --mode posterior", "evaluate", "train", "diagnose"):
        assert f"rainsmith {command}" in text
    assert "have not been scored yet" in text
    assert text.count("mean ") > 0 and "Prior member 1" not in text


def test_scores_without_curves_or_comparisons_still_make_a_page(config: Config, copied: Run) -> None:
    forget_curves(copied)
    (copied.evaluation / "comparisons.csv").unlink()
    text = Page(render(gather(config, copied), 1)).text
    assert "No curves yet" in text and "checks" in text
    assert "Is the difference real?" not in text


def test_a_run_without_coordinates_and_coarse_rain_has_its_maps(config: Config, tmp_path: Path) -> None:
    store = store_of(rain(170, 12, 10), config, coarse_rain=False)
    dates = xr.date_range("2001-01-01", periods=170, freq="D", calendar="noleap", use_cftime=True)
    store = store.assign_coords({TIME: dates})
    run = Run(tmp_path)
    members = members_of(store, "prior", 3).drop_vars(["y", "x"])
    members.to_zarr(run.sample_path("flat", "prior", "test"), zarr_format=3, consolidated=False)
    write_store(store.drop_vars(["y", "x"]), run.store)
    text = Page(render(gather(config, run), 1)).text
    assert "without latitudes and longitudes" in text
    assert "msl_day0:" in text
    assert "super-resolution" not in text
