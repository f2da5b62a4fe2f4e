"""The figures that compare distributions, from the curves of the evaluation."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, Y
from rainsmith.plots import curves
from rainsmith.plots.curves import Curve
from rainsmith.plots.maps import numeric_axis
from rainsmith.report.gather import Material
from rainsmith.report.pictures import Picture, embed
from rainsmith.report.tables import DAY_WORDS
from rainsmith.report.words import MODEL_WORDS

DAY_SETS = ("heavy_x", "all")
"""The sets of days that verdicts rest on."""
QUANTILE_CAPTION = (
    "Each line pairs the quantiles of a forecast with the observed ones. On the black line they are equal; below it "
    "the forecast rains too little at that rarity. The band is the range of the prior members."
)
EXCEEDANCE_CAPTION = (
    "How often a cell gets more than an amount on a day. A line below the black one makes such amounts too seldom."
)
SPECTRUM_CAPTION = (
    "Power at each length of rain feature, divided by the observed power. Below 1 the maps are too smooth at that "
    "length, above 1 too grainy."
)
RANK_CAPTION = (
    "Where the observation falls among the ordered members. Even bars mean that it could be one of them; high ends "
    "mean that the members differ too little, a slope means that they rain too much or too little."
)


def distribution_pictures(material: Material) -> list[Picture]:
    """Quantiles and exceedance on both sets of days, the spectrum and rank histograms, where they are known."""
    pictures = []
    for days in DAY_SETS:
        chosen = _on_days(material, days)
        if chosen:
            where = DAY_WORDS[days].lower()
            figure = curves.quantiles(_quantiles(chosen), title=f"Quantiles, {where}")
            pictures.append(embed(figure, f"Quantile-quantile plot, {where}", QUANTILE_CAPTION))
            figure = curves.exceedance(_exceedances(chosen), title=f"Exceedance, {where}")
            pictures.append(embed(figure, f"Exceedance curves, {where}", EXCEEDANCE_CAPTION))
    judged = _on_days(material, DAY_SETS[0])
    where = DAY_WORDS[DAY_SETS[0]].lower()
    if judged:
        cell, unit = cell_size(material.store)
        figure = curves.spectrum(_spectra(judged, cell), unit=unit, title=f"Spectrum, {where}")
        pictures.append(embed(figure, f"Spectra, {where}", SPECTRUM_CAPTION))
    for name in _ranked(judged):
        words = MODEL_WORDS.get(name, name)
        figure = curves.rank_histogram(name, _frequencies(judged[name]), title=f"Ranks among {words}")
        pictures.append(
            embed(figure, f"Rank histogram of {words}, {where}", f"{DAY_WORDS[DAY_SETS[0]]}. {RANK_CAPTION}")
        )
    return pictures


def _on_days(material: Material, days: str) -> dict[str, xr.Dataset]:
    found = {}
    for name, data in material.curves.items():
        if "days" in data.coords and days in data["days"].values:
            found[name] = data.sel(days=days)
    return found


def _quantiles(chosen: dict[str, xr.Dataset]) -> list[Curve]:
    lines = []
    for name, data in chosen.items():
        members, observed = data["quantile"], data["quantile_observed"].values
        values = members.median(MEMBER, skipna=False).values
        known = np.isfinite(values) & np.isfinite(observed)
        low: np.ndarray | None = None
        high: np.ndarray | None = None
        if name == "prior" and members.sizes[MEMBER] > 1:
            low, high = members.min(MEMBER).values[known], members.max(MEMBER).values[known]
        lines.append(Curve(name, observed[known], values[known], low, high, MODEL_WORDS.get(name, name)))
    return lines


def _exceedances(chosen: dict[str, xr.Dataset]) -> list[Curve]:
    first = next(iter(chosen.values()))
    lines = [Curve("observed", first["intensity"].values, first["exceedance_observed"].values)]
    for name, data in chosen.items():
        share = data["exceedance"].mean(MEMBER).values
        lines.append(Curve(name, data["intensity"].values, share, title=MODEL_WORDS.get(name, name)))
    return lines


def _spectra(chosen: dict[str, xr.Dataset], cell: float) -> list[Curve]:
    lines = []
    for name, data in chosen.items():
        power, observed = data["spectrum"].mean(MEMBER).values, data["spectrum_observed"].values
        ratio = np.divide(power, observed, out=np.full_like(power, np.nan), where=observed > 0)
        lines.append(Curve(name, cell / data["wavenumber"].values, ratio, title=MODEL_WORDS.get(name, name)))
    return lines


def _ranked(chosen: dict[str, xr.Dataset]) -> list[str]:
    """The model's modes, and the strongest baseline that has ranks."""
    modes, baselines = ("prior", "posterior"), ("tuned-analogs", "scaled-analogs", "analogs", "climatology")
    ranked = [name for name, data in chosen.items() if "rank_count" in data and float(data["rank_count"].sum()) > 0]
    strongest: list[str] = [name for name in baselines if name in ranked]
    return [*(name for name in modes if name in ranked), *strongest[:1]]


def _frequencies(data: xr.Dataset) -> np.ndarray:
    counts = data["rank_count"].dropna("rank").values
    return np.asarray(counts / counts.sum())


def cell_size(domain: xr.Dataset) -> tuple[float, str]:
    """Side of a cell and its unit: km where the coordinates tell it, else cells."""
    y = numeric_axis(domain, Y)
    if y is None:
        return 1.0, "cells"
    step, units = abs(float(np.median(np.diff(y.values)))), str(y.attrs.get("units", ""))
    if units.startswith("degree"):
        return 111.2 * step, "km"
    scales = {"m": 1e-3, "metre": 1e-3, "meter": 1e-3, "metres": 1e-3, "meters": 1e-3, "km": 1.0, "kilometre": 1.0}
    return (step * scales[units], "km") if units in scales else (1.0, "cells")
