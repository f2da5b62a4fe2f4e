"""The section on the climate of the members: indices, the year, return levels, maps of the bias, reliability."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from rainsmith.base.dims import MEMBER
from rainsmith.metrics.climate import INDICES
from rainsmith.plots import climate as plots
from rainsmith.plots.curves import Curve
from rainsmith.plots.maps import geography
from rainsmith.report.gather import Material
from rainsmith.report.pictures import Picture, embed
from rainsmith.report.words import MODEL_WORDS, interval, number

MAPPED = ("mean", "Rx1day")
"""Indices whose bias is drawn."""
SHOWN = ("prior", "posterior", "climatology", "analogs", "scaled-analogs", "tuned-analogs")
"""Forecasts whose climate the table shows, where it is known."""
YEAR_CAPTION = "Mean rain of each month. The band is the range of the prior members."
LEVEL_CAPTION = (
    "How much rain of one day a cell gets once in so many years, mean of the cells, from peaks over the training P99 "
    "with one shape of the tail for the domain. The band of the whole record is its 90 % interval, that of the members "
    "their range. Periods far beyond the length of the record are extrapolation."
)
BIAS_CAPTION = "Mean of the prior members minus observation. Look for coasts and mountains, not for single cells."
RELIABLE_CAPTION = (
    "Of the cells where so many members had the event, in what share it was observed. On the line the share of the "
    "members is a probability to rely on; below it the members promise too much. Grey: how often each share was "
    "forecast, in powers of ten."
)


@dataclass(frozen=True)
class Row:
    """One index of the table: title, unit, observed value, and value with its range by forecast; of a series or not."""

    title: str
    unit: str
    observed: str
    values: list[tuple[str, str]]
    of_series: bool


def climate_columns(table: pd.DataFrame, model: str) -> list[str]:
    """The forecasts of climate.csv that are shown, in order."""
    names = table["mode"].where(table["model"] == model, table["model"]) if len(table) else pd.Series(dtype=str)
    return [name for name in SHOWN if name in set(names)]


def climate_rows(material: Material) -> list[Row]:
    """Rows of climate.csv in words; none where it is missing."""
    table = material.climate
    if table.empty:
        return []
    table = table.assign(forecast=table["mode"].where(table["model"] == material.model, table["model"]))
    columns = climate_columns(table, material.model)
    known = {index.name: index for index in INDICES}
    rows = []
    for name, group in table[table["forecast"].isin(columns)].groupby("index", sort=False):
        by = group.set_index("forecast")
        about = known.get(str(name))
        values = []
        for column in columns:
            if column in by.index:
                row = by.loc[column]
                values.append((number(float(row["value"])), interval(float(row["lower"]), float(row["upper"]))))
            else:
                values.append(("–", ""))
        observed = number(float(group["observed"].iloc[0]))
        title, unit = _title(str(name)), str(group["units"].iloc[0])
        rows.append(Row(title, "" if unit == "1" else unit, observed, values, bool(about and about.of_series)))
    return rows


def _title(name: str) -> str:
    index = next((index for index in INDICES if index.name == name), None)
    if index is not None:
        text = index.long_name[0].upper() + index.long_name[1:]
        return f"{text} ({name})" if name[0].isupper() else text
    if name.startswith("return_level_"):
        return f"Rain of a day once in {name.removeprefix('return_level_').removesuffix('y')} years"
    return "Wettest minus driest month" if name == "seasonal_range" else name.replace("_", " ")


def climate_pictures(material: Material) -> list[Picture]:
    """The year, return levels and maps of the bias of prior members, and reliability, as far as they are known."""
    pictures = []
    prior = material.climates.get("prior")
    if prior is not None:
        pictures.append(embed(plots.seasonal_cycle(_year(prior)), "Mean rain by month", YEAR_CAPTION))
        figure = plots.return_levels(_levels(prior, material.climates.get("record")))
        pictures.append(embed(figure, "Return levels", LEVEL_CAPTION))
    reliable = _reliability(material)
    if reliable is not None:
        pictures.append(reliable)
    if prior is not None:
        place = geography(material.store)
        for name in MAPPED:
            if f"{name}_bias" in prior:
                field = prior[f"{name}_bias"]
                unit = str(field.attrs.get("units", ""))
                figure = plots.bias_map(field.values, place, unit=unit, title=f"Bias: {_title(name).lower()}")
                pictures.append(embed(figure, f"Map of the bias of {name}", BIAS_CAPTION))
    return pictures


def _year(prior: xr.Dataset) -> list[Curve]:
    members, month = prior["seasonal_cycle_members"], prior["month"].values
    band = members.min(MEMBER).values, members.max(MEMBER).values
    return [
        Curve("observed", month, prior["seasonal_cycle_observed"].values),
        Curve("prior", month, members.median(MEMBER).values, *band, title=MODEL_WORDS["prior"]),
    ]


def _levels(prior: xr.Dataset, record: xr.Dataset | None) -> list[Curve]:
    lines: list[Curve] = []
    if record is not None:
        whole = record.sel(fit="gpd_regional", source="record")
        low, high = whole["return_level_domain_lower"].values, whole["return_level_domain_upper"].values
        span = f"{str(record.attrs.get('first_day', ''))[:4]} to {str(record.attrs.get('last_day', ''))[:4]}"
        period = whole["return_period"].values
        level = whole["return_level_domain"].values
        lines.append(Curve("climatology", period, level, low, high, f"observed {span}"))
    observed = prior["return_level_domain"].sel(fit="gpd_regional", source="observed")
    lines.append(Curve("observed", observed["return_period"].values, observed.values, title="observed, judged days"))
    members = prior["return_level_by_member"]
    band = members.min(MEMBER).values, members.max(MEMBER).values
    period = members["return_period"].values
    lines.append(Curve("prior", period, members.median(MEMBER).values, *band, title=MODEL_WORDS["prior"]))
    return lines


def _reliability(material: Material) -> Picture | None:
    """Votes of the members at the training P95, over all days."""
    lines: list[Curve] = []
    counts, threshold = None, math.nan
    for name in ("prior", "tuned-analogs", "analogs", "climatology"):
        data = material.curves.get(name)
        if data is None or "forecast_votes" not in data or "all" not in data["days"].values or len(lines) == 3:
            continue
        p95 = float(material.store["p95"])
        votes = data[["forecast_votes", "observed_votes"]].sel(days="all").sel(threshold=p95, method="nearest")
        votes = votes.dropna("votes")
        forecast, observed = votes["forecast_votes"].values, votes["observed_votes"].values
        if len(forecast) < 3 or not forecast.sum() > 0:
            continue
        share = np.linspace(0, 1, len(forecast))
        frequency = np.where(forecast >= 20, observed / np.maximum(forecast, 1), np.nan)
        lines.append(Curve(name, share, frequency, title=MODEL_WORDS.get(name, name)))
        if counts is None:
            counts, threshold = forecast / forecast.sum(), float(votes["threshold"])
    if counts is None:
        return None
    title = f"Reliability of {threshold:.3g} mm/day or more"
    return embed(plots.reliability(lines, counts, title=title), title, RELIABLE_CAPTION)
