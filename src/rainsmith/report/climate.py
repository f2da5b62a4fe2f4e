"""The climate of the members: indices, the year, return levels, maps of the bias, and reliability."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER
from rainsmith.base.seasons import first_month, months_in_order
from rainsmith.metrics.climate import INDICES
from rainsmith.plots import climate as plots
from rainsmith.plots.curves import Curve
from rainsmith.plots.maps import MapFrame, map_frame
from rainsmith.plots.style import OBSERVED, quiet_style
from rainsmith.report.distributions import on_days
from rainsmith.report.forecasts import column_of, forecast_named
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Picture, Row, Table, embed
from rainsmith.report.words import NOTHING, interval, number, unit_of

MAPPED = ("mean", "Rx1day")
"""Indices whose bias is drawn."""
RELIABLE_LINES = 3
"""Forecasts that the figure of reliability holds: more cannot be told apart."""
FEWEST_CELLS = 5
"""Cells of a row whose mean says something."""
FEWEST_ROWS = 6
"""Rows from which there are neighbours to compare the edge with."""
EDGE_FACTOR = 3.5
"""Standard deviations of the steps between rows beyond which a step at the edge is not one of them."""
YEAR_CAPTION = "Mean rain of each month. Band: range of the prior members."
LEVEL_CAPTION = (
    "Mean of the cells, from peaks over the training P99 with one shape of the tail for the domain. Bands: 90 % "
    "interval of the whole record, range of the members. Periods far beyond the record are extrapolation."
)
BIAS_CAPTION = "Mean of the prior members minus observation. Look for coasts and mountains, not for single cells."
RELIABLE_CAPTION = (
    "Of the cells where so many members had the event, the share where it was observed. Below the line the members "
    "promise too much. Grey: how often each share was forecast, on a logarithmic scale of its own."
)


def climate_table(material: Material) -> list[Table]:
    """Rows of climate.csv, each forecast a column; no table where there is none."""
    table = material.climate
    if table.empty:
        return []
    names = [name for name in material.forecasts if name in set(table["forecast"])]
    links_days = {index.name for index in INDICES if index.of_series}
    rows = []
    for index, group in table.groupby("index", sort=False):
        by_forecast = group.set_index("forecast")
        cells = [Cell(number(float(group["observed"].iloc[0])))]
        for name in names:
            row = by_forecast.loc[name] if name in by_forecast.index else None
            cells.append(
                Cell(NOTHING)
                if row is None
                else Cell(number(float(row["value"])), interval(float(row["lower"]), float(row["upper"])))
            )
        sign = "†" if index in links_days else ""
        rows.append(Row(index_title(str(index)), cells, unit_of(str(group["units"].iloc[0])), sign))
    note = (
        "Indices of the judged days, means over the cells: the median member with the 5 to 95 % range of the members. "
        "Members are exchangeable within a day only: rows with a † link days, and say how far a series made of "
        "unrelated members is from an observed one."
    )
    columns = [Column("Observed"), *[column_of(name) for name in names]]
    return [Table("Indices", "Index", columns, rows, note)]


def index_title(name: str) -> str:
    """The words of an index, and its name where that is one of ETCCDI."""
    for index in INDICES:
        if index.name == name:
            text = index.long_name[:1].upper() + index.long_name[1:]
            return f"{text} ({name})" if name[0].isupper() else text
    if name.startswith("return_level_"):
        return f"Rain of a day once in {name.removeprefix('return_level_').removesuffix('y')} years"
    return name.replace("_", " ").capitalize()


def climate_pictures(material: Material) -> list[Picture]:
    """The year, return levels and maps of the bias of prior members, as far as they are known."""
    prior = material.climates.get("prior")
    if prior is None:
        return []
    year, levels = year_curves(prior), level_curves(prior, material.climates.get("record"))
    pictures = [
        embed(plots.seasonal_cycle(year, months_of_year(prior)), "Mean rain by month", YEAR_CAPTION),
        embed(plots.return_levels(levels), "Return levels", LEVEL_CAPTION),
    ]
    frame = map_frame(material.store)
    for name in MAPPED:
        if f"{name}_bias" in prior:
            field = prior[f"{name}_bias"]
            words, unit = index_title(name), str(field.attrs.get("units", ""))
            title = f"Bias: {words[:1].lower()}{words[1:]}"
            figure = plots.bias_map(field.values, frame, unit=unit, title=title)
            caption = BIAS_CAPTION + edge_effect(field.values, frame, unit)
            pictures.append(embed(figure, f"Map of the bias of {name}", caption, kind="png"))
    return pictures


def edge_effect(bias: np.ndarray, frame: MapFrame, unit: str) -> str:
    """Which outermost rows or columns differ from the next ones as no others do, in words; "" where none does.

    A network that sees zeros beyond the edge of its grid leaves such a ring; the climate does not know the grid.

    Args:
        bias: (y, x) of the members [mm/day or mm], NaN outside the domain.
        frame: of the domain.
        unit: of the bias.
    """
    low, high = ("north", "south") if frame.first_row_on_top else ("south", "north")
    sides = {low: bias, high: bias[::-1], "west": bias.T, "east": bias.T[::-1]}
    found = []
    for name, field in sides.items():
        if len(field) < FEWEST_ROWS:
            continue
        steps = field[1:] - field[:-1]
        known = np.isfinite(steps).sum(axis=1) >= FEWEST_CELLS
        means = np.array([np.nanmean(step) if enough else np.nan for step, enough in zip(steps, known, strict=True)])
        others = means[1:][np.isfinite(means[1:])]
        if np.isfinite(means[0]) and others.size and abs(means[0]) > EDGE_FACTOR * others.std():
            found.append(f"{name} {number(-float(means[0]), signed=True)}\N{NO-BREAK SPACE}{unit}")
    if not found:
        return ""
    return (
        f" The outermost cells differ from the next ones ({', '.join(found)}): the network makes this at the edge of "
        "its grid, and it is no climate. Do not use these cells alone."
    )


def _of_members(x: np.ndarray, members: xr.DataArray) -> Curve:
    """The median of the prior members with their range."""
    forecast, bounds = forecast_named("prior"), (members.min(MEMBER).values, members.max(MEMBER).values)
    return Curve(forecast.title, forecast.style, x, members.median(MEMBER).values, *bounds)


def months_of_year(prior: xr.Dataset) -> list[int]:
    """The months that have data, in their order in a year of these data: a winter stays whole."""
    known = prior["month"].values[np.isfinite(prior["seasonal_cycle_observed"].values)]
    dates = xr.DataArray(np.array([f"2001-{month:02d}-01" for month in known], dtype="datetime64[ns]"), dims="time")
    return [month for month in months_in_order(first_month(dates)) if month in known]


def year_curves(prior: xr.Dataset) -> list[Curve]:
    """Mean rain of the months that have data: observed, and of the prior members."""
    prior = prior.sel(month=months_of_year(prior))
    place = np.arange(1, prior.sizes["month"] + 1)
    observed = Curve("observed", OBSERVED, place, prior["seasonal_cycle_observed"].values)
    return [observed, _of_members(place, prior["seasonal_cycle_members"])]


def level_curves(prior: xr.Dataset, record: xr.Dataset | None) -> list[Curve]:
    """Return levels: of the whole record where it is known, of the judged days, and of the prior members."""
    lines: list[Curve] = []
    if record is not None:
        whole = record.sel(fit="gpd_regional", source="record")
        bounds = [whole[f"return_level_domain_{side}"].values for side in ("lower", "upper")]
        title = "observed " + " to ".join(str(record.attrs.get(key, ""))[:4] for key in ("first_day", "last_day"))
        period, level = whole["return_period"].values, whole["return_level_domain"].values
        lines.append(Curve(title, quiet_style(0), period, level, *bounds))
    observed = prior["return_level_domain"].sel(fit="gpd_regional", source="observed")
    lines.append(Curve("observed, judged days", OBSERVED, observed["return_period"].values, observed.values))
    members = prior["return_level_by_member"]
    return [*lines, _of_members(members["return_period"].values, members)]


def reliability_picture(material: Material) -> list[Picture]:
    """Votes of the prior members and of the most accurate baselines at the training P95, over all days."""
    lines: list[Curve] = []
    chosen = {name: data for name, data in on_days(material, "all").items() if "forecast_votes" in data}
    for name in [name for name in ("prior", *material.by_accuracy("all")) if name in chosen]:
        votes = chosen[name][["forecast_votes", "observed_votes"]]
        votes = votes.sel(threshold=float(material.store["p95"]), method="nearest").dropna("votes")
        forecast, observed = votes["forecast_votes"].values, votes["observed_votes"].values
        if len(forecast) < 3 or not forecast.sum() > 0 or len(lines) == RELIABLE_LINES:
            continue
        frequency = np.where(forecast >= 20, observed / np.maximum(forecast, 1), np.nan)
        words = forecast_named(name)
        lines.append(Curve(words.title, words.style, np.linspace(0, 1, len(forecast)), frequency))
        if len(lines) == 1:
            counts, title = forecast / forecast.sum(), f"Reliability of {float(votes['threshold']):.3g} mm/day or more"
    return [embed(plots.reliability(lines, counts, title=title), title, RELIABLE_CAPTION)] if lines else []
