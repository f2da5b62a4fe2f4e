"""Figures of distributions: all are there, and their lines are those of the files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rainsmith.report.distributions import (
    _quantiles,
    _spectra,
    on_days,
    rank_pictures,
    spectrum_pictures,
    tail_pictures,
)
from rainsmith.report.gather import Material


def test_distributions_have_all_their_figures(material: Material) -> None:
    for days, where in (("all", "all days"), ("heavy_x", "heavy by the input")):
        names = [picture.alt for picture in (*tail_pictures(material, days), *spectrum_pictures(material, days))]
        assert names == [f"Quantile-quantile plot, {where}", f"Exceedance curves, {where}", f"Spectra, {where}"]
    assert [picture.alt.split(",")[0] for picture in rank_pictures(material)] == [
        f"Rank histogram of {title}" for title in ("prior members", "posterior members", "scaled analogs")
    ]


def test_without_curves_there_is_nothing_to_show(material: Material) -> None:
    bare = replace(material, curves={})
    assert not [*tail_pictures(bare, "all"), *spectrum_pictures(bare, "all"), *rank_pictures(bare)]


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
