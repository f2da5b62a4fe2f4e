"""Figures that compare distributions: quantiles, exceedance, spectra and ranks, from the curves of evaluation."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER
from rainsmith.metrics.core import MODES
from rainsmith.plots import curves
from rainsmith.plots.cells import cell_size
from rainsmith.plots.curves import Curve
from rainsmith.plots.style import OBSERVED
from rainsmith.report.forecasts import forecast_named
from rainsmith.report.gather import Material
from rainsmith.report.parts import Picture, embed
from rainsmith.report.words import DAY_WORDS

QUANTILE_CAPTION = "Below the black line there is too little rain at that rarity. Band: range of the prior members."
EXCEEDANCE_CAPTION = (
    "A line below the black one makes such amounts too seldom, one above it too often. The black one ends where the "
    "observed cell-days do; an ensemble has more of them and reaches rarer amounts."
)
SPECTRUM_CAPTION = "Power over observed power. Below 1 the maps are too smooth at that length, above 1 too grainy."
RANK_CAPTION = (
    "Where the observation falls among the ordered members, on days heavy by the input. High ends: the members differ "
    "too little. A slope: they rain too much or too little."
)


def tail_pictures(material: Material, days: str) -> list[Picture]:
    """Quantiles and exceedance on a set of days; none without curves."""
    chosen, where = on_days(material, days), DAY_WORDS[days].lower()
    if not chosen:
        return []
    quantiles = curves.quantiles(_quantiles(chosen), title=f"Quantiles, {where}")
    exceedance = curves.exceedance(_exceedances(chosen), title=f"Exceedance, {where}")
    return [
        embed(quantiles, f"Quantile-quantile plot, {where}", QUANTILE_CAPTION),
        embed(exceedance, f"Exceedance curves, {where}", EXCEEDANCE_CAPTION),
    ]


def spectrum_pictures(material: Material, days: str) -> list[Picture]:
    """The spectrum on a set of days; none without curves."""
    chosen, where = on_days(material, days), DAY_WORDS[days].lower()
    if not chosen:
        return []
    cell = cell_size(material.store)
    lines = _spectra(chosen, cell.side)
    if not any((np.isfinite(line.y) & (line.y > 0)).any() for line in lines):
        return []  # days without rain have no spectrum
    figure = curves.spectrum(lines, unit=cell.unit, title=f"Spectrum, {where}")
    return [embed(figure, f"Spectra, {where}", SPECTRUM_CAPTION)]


def rank_pictures(material: Material) -> list[Picture]:
    """Rank histograms of the modes of the model, and of the most accurate baseline, on days heavy by the input."""
    chosen, where = on_days(material, "heavy_x"), DAY_WORDS["heavy_x"].lower()
    ranked = [name for name, data in chosen.items() if "rank_count" in data and float(data["rank_count"].sum()) > 0]
    strongest = [name for name in material.by_accuracy("heavy_x") if name in ranked][:1]
    pictures = []
    for name in [*(mode for mode in MODES if mode in ranked), *strongest]:
        forecast, counts = forecast_named(name), chosen[name]["rank_count"].dropna("rank").values
        title = f"Ranks among {forecast.title}, {where}"
        figure = curves.rank_histogram(counts / counts.sum(), forecast.style, title=title)
        pictures.append(embed(figure, f"Rank histogram of {forecast.title}, {where}", RANK_CAPTION))
    return pictures


def on_days(material: Material, days: str) -> dict[str, xr.Dataset]:
    """The curves of one set of days by forecast."""
    datasets = material.curves.items()
    return {name: data.sel(days=days) for name, data in datasets if "days" in data.coords and days in data["days"]}


def _curve(name: str, x: np.ndarray, y: np.ndarray, *band: np.ndarray) -> Curve:
    forecast = forecast_named(name)
    return Curve(forecast.title, forecast.style, x, y, *band)


def _quantiles(chosen: dict[str, xr.Dataset]) -> list[Curve]:
    lines = []
    for name, data in chosen.items():
        members, observed = data["quantile"], data["quantile_observed"].values
        values = members.median(MEMBER, skipna=False).values
        known = np.isfinite(values) & np.isfinite(observed)
        is_banded = name == "prior" and members.sizes[MEMBER] > 1
        band = [members.min(MEMBER).values[known], members.max(MEMBER).values[known]] if is_banded else []
        lines.append(_curve(name, observed[known], values[known], *band))
    return lines


def _exceedances(chosen: dict[str, xr.Dataset]) -> list[Curve]:
    first = next(iter(chosen.values()))
    observed = Curve("observed", OBSERVED, first["intensity"].values, first["exceedance_observed"].values)
    shares = {name: data["exceedance"].mean(MEMBER).values for name, data in chosen.items()}
    return [observed, *[_curve(name, chosen[name]["intensity"].values, share) for name, share in shares.items()]]


def _spectra(chosen: dict[str, xr.Dataset], cell: float) -> list[Curve]:
    lines = []
    for name, data in chosen.items():
        if not data["spectrum"].size:
            continue  # a single cell has no wavelength
        power, observed = data["spectrum"].mean(MEMBER).values, data["spectrum_observed"].values
        ratio = np.divide(power, observed, out=np.full_like(power, np.nan), where=observed > 0)
        lines.append(_curve(name, cell / data["wavenumber"].values, ratio))
    return lines
