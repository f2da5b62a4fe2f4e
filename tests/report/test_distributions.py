"""Figures of distributions: all are there, and their lines are those of the files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rainsmith.report.distributions import _quantiles, _spectra, cell_size, distributions_section, on_days
from rainsmith.report.gather import Material
from rainsmith.report.parts import Gallery


def test_distributions_have_all_their_figures(material: Material) -> None:
    (gallery,) = distributions_section(material).parts
    assert isinstance(gallery, Gallery)
    names = [picture.alt for picture in gallery.pictures]
    assert sum(name.startswith("Quantile") for name in names) == 2
    assert sum(name.startswith("Exceedance") for name in names) == 2
    assert sum(name.startswith("Spectra") for name in names) == 1
    assert [name.split(",")[0] for name in names if name.startswith("Rank")] == [
        f"Rank histogram of {title}" for title in ("prior members", "posterior members", "scaled analogs")
    ]


def test_without_curves_the_section_names_the_command(material: Material) -> None:
    section = distributions_section(replace(material, curves={}))
    assert not section.parts and "rainsmith evaluate" in section.missing


def test_quantile_lines_are_those_of_the_files(material: Material) -> None:
    chosen = on_days(material, "all")
    line = next(curve for curve in _quantiles(chosen) if curve.title == "prior members")
    data = chosen["prior"]
    known = np.isfinite(data["quantile_observed"].values) & np.isfinite(data["quantile"].median("member").values)
    np.testing.assert_array_equal(line.x, data["quantile_observed"].values[known])
    assert line.low is not None and line.high is not None
    assert (line.low <= line.y).all() and (line.y <= line.high).all()


def test_a_spectrum_over_itself_is_one(material: Material) -> None:
    data = on_days(material, "all")["prior"]
    same = data.assign(spectrum=data["spectrum_observed"].expand_dims(member=data.sizes["member"]))
    (line,) = _spectra({"prior": same}, 10.0)
    assert line.y[np.isfinite(line.y)] == pytest.approx(1.0)
    np.testing.assert_allclose(line.x, 10.0 / data["wavenumber"].values)


def test_wavelengths_are_in_km_where_the_grid_tells_its_size(material: Material) -> None:
    assert cell_size(material.store) == pytest.approx((10.0, "km"))
    assert cell_size(material.store.drop_vars("y")) == (1.0, "cells")
    degrees = material.store.assign_coords(y=("y", 0.25 * np.arange(12), {"units": "degrees_north"}))
    assert cell_size(degrees)[0] == pytest.approx(27.8, rel=0.01)
