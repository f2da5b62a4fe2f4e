"""Facts of a run: grids, periods, thresholds, credits and provenance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rainsmith.report.facts import credit_rows, facts, provenance_rows, provenance_section, region, subtitle
from rainsmith.report.gather import Material
from rainsmith.report.parts import Verbatim
from rainsmith.report.words import number


def test_the_page_names_checkpoint_thresholds_and_splits(material: Material) -> None:
    rows = dict(facts(material))
    assert "checkpoint best_prior (epoch 30)" in rows["Prior members"]
    assert f"P99 {number(float(material.store['p99']))} mm/day" in rows["Thresholds"]
    assert rows["Test"] == "1 May 2001 to 19 June 2001, 50 days"
    assert rows["Fine grid"].startswith("12 x 10 cells of 10 km")
    assert rows["Coarse input"] == "1 channel on 3 x 3 cells of 40 km: rain_lag0"


def test_the_sides_of_a_cell_are_those_at_its_latitude(material: Material) -> None:
    latitude, longitude = 59.45 + 0.1 * np.arange(12), 0.1 * np.arange(10)
    degrees = {"y": ("y", latitude, {"units": "degrees_north"}), "x": ("x", longitude, {"units": "degrees_east"})}
    placed = replace(material, store=material.store.assign_coords(degrees))
    assert "cells of 11.1 km north to south, 5.56 km east to west," in dict(facts(placed))["Fine grid"]
    assert subtitle(placed).endswith("test days 1 May 2001 to 19 June 2001 · model flat")


def test_the_page_says_how_many_networks_a_pool_has(material: Material) -> None:
    prior = material.samples["prior"].assign_attrs(networks=np.int64(4))
    rows = dict(facts(replace(material, samples={**material.samples, "prior": prior})))
    assert "best_prior (epoch 30), a pool of 4 networks, temperature" in rows["Prior members"]


def test_the_region_is_the_box_of_the_valid_cells(material: Material) -> None:
    assert region(material.store) == "without latitudes and longitudes"
    latitude, longitude = np.linspace(50.0, 61.0, 12), np.linspace(-5.0, 4.0, 10)
    placed = material.store.assign_coords(latitude=("y", latitude), longitude=("x", longitude))
    assert region(placed) == "50.0°N to 61.0°N, 5.0°W to 4.0°E"


def test_data_without_a_named_source_say_which_files_they_are(material: Material) -> None:
    bare_store = material.store.assign_attrs(source="", institution="")
    rows = dict(credit_rows(replace(material, store=bare_store)))
    assert rows["Source"] == "the files name none; read from *.nc"
    assert dict(credit_rows(material))["Source"] == "smooth noise <for> tests"


def test_credits_and_counts_of_the_store_are_shown(material: Material) -> None:
    rows = dict(credit_rows(material))
    assert rows["Terms"] == "free to use" and rows["Tiny negative values set to 0"] == "3"
    assert rows["Suspect values"] == "none"


def test_provenance_holds_versions_checksums_and_the_configuration(material: Material) -> None:
    rows = dict(provenance_rows(material))
    assert "torch" in rows["Versions"] and rows["Seeds"] == "training 0, sampling 0"
    assert rows["Checkpoint of the prior members"] == "best_prior, sha256 0123abcd"
    part = provenance_section(material).parts[-1]
    assert isinstance(part, Verbatim) and "heavy_quantile: 0.9" in part.text
