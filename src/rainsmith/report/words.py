"""Plain words and sensible digits for figures: what a metric is called, how it reads, what a value of it means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Aim = Literal["observed", "low", "high", "one"] | float


@dataclass(frozen=True)
class Metric:
    """How a metric is written.

    Attributes:
        title: its name in a table.
        aim: what its best value is: the observed one, as low or high as can be, 1 as a ratio, or a number.
        percent: shown as a percentage.
        signed: shown with its sign.
    """

    title: str
    aim: Aim
    percent: bool = False
    signed: bool = False


METRICS = {
    "mean": Metric("Mean rain", "observed"),
    "max_daily": Metric("Wettest cell of a day, mean over days", "observed"),
    "max": Metric("Largest value of all, median member", "observed"),
    "p95": Metric("95th percentile", "observed"),
    "p99": Metric("99th percentile", "observed"),
    "p999": Metric("99.9th percentile", "observed"),
    "p9999": Metric("99.99th percentile", "observed"),
    "light_fraction": Metric("Share of wet cells below 1 mm", "observed", percent=True),
    "spatial_std": Metric("Standard deviation over the cells of a day", "observed"),
    "wet_fraction": Metric("Share of wet cells", "observed", percent=True),
    "mass_bias": Metric("Total rain, difference from observed", "low", percent=True, signed=True),
    "ks": Metric("Distance of the distributions (KS)", "low"),
    "wasserstein": Metric("Distance of the distributions (Wasserstein)", "low"),
    "kl_divergence": Metric("Divergence of the wet amounts (KL)", "low"),
    "crps": Metric("CRPS, error of the ensemble", "low"),
    "twcrps_p99": Metric("CRPS above the training P99", "low"),
    "mae": Metric("Mean absolute error of the ensemble mean", "low"),
    "rmse": Metric("Root mean square error of the ensemble mean", "low"),
    "mae_tail": Metric("Mean absolute error of the ensemble mean where heavy rain was observed", "low"),
    "spread_skill": Metric("Spread over error", "one"),
    "rank_deviation": Metric("Unevenness of the ranks", "low"),
    "coverage_50": Metric("Observations inside the central 50 % of the members", 0.5, percent=True),
    "coverage_90": Metric("Observations inside the central 90 % of the members", 0.9, percent=True),
    "outliers": Metric("Observations outside all members, over the expected share", "one"),
    "brier": Metric("Brier score", "low"),
    "energy_score": Metric("Energy score of whole maps", "low"),
    "variogram_score": Metric("Variogram score, error of the differences between cells", "low"),
    "envelope_top20": Metric("Share of the 20 largest events that the members reach", "high", percent=True),
    "diversity": Metric("Diversity of the members", "observed"),
    "diversity_ratio": Metric("Distance between members over distance to observed", "one"),
    "spatial_correlation": Metric("Correlation with the observed map", "high"),
    "ssim": Metric("Structural similarity with the observed map", "high"),
    "fss": Metric("Fractions skill score", "high"),
    "csi": Metric("Critical success index", "high"),
    "pod": Metric("Observed events that were forecast", "high"),
    "far": Metric("Forecast events that did not happen", "low"),
    "sedi": Metric("Extremal dependence (SEDI)", "high"),
    "frequency_bias": Metric("Forecast events for each observed one", "one"),
    "ralsd": Metric("Error of the spectrum (RALSD)", "low"),
    "fine_power": Metric("Power at wavelengths below 4 cells", "observed"),
    "correlation_length": Metric("Correlation length", "observed"),
    "block_borders": Metric("Steps across the borders of input blocks over steps inside", "observed"),
}
"""In the order of the table."""

MODEL_WORDS = {
    "prior": "prior members",
    "posterior": "posterior members",
    "climatology": "climatology",
    "bilinear": "bilinear interpolation",
    "ratio": "climatological ratio",
    "quantile-mapping": "quantile mapping",
    "rainfarm": "RainFARM",
    "analogs": "analogs",
    "scaled-analogs": "scaled analogs",
    "tuned-analogs": "tuned analogs",
}
BASELINE_MEANING = {
    "climatology": "days of the training years within 15 calendar days",
    "bilinear": "the coarse rain, interpolated",
    "ratio": "bilinear, times the ratio of the training climatologies",
    "quantile-mapping": "bilinear, with the observed training distribution in every cell",
    "rainfarm": "the coarse rain, with random detail that continues its spectrum",
    "analogs": "the training days with the most similar coarse input",
    "scaled-analogs": "analogs, rescaled to the coarse rain of the day",
    "tuned-analogs": "the strongest form of analogs that was found",
}

SHOWN_SCALES = (1.0, 7.0)
"""[cells] Scales of the fractions skill score that the page shows; ``metrics.csv`` has all."""
OF_EVENTS = ("fss", "csi", "frequency_bias", "pod", "far", "sedi", "brier")
"""Metrics of events, whose titles need the threshold."""


def describe(metric: str) -> Metric:
    """The words of a metric; one that is not known keeps its name."""
    return METRICS.get(metric, Metric(metric.replace("_", " ").capitalize(), "observed"))


def title(metric: str, threshold: float = math.nan, scale: float = math.nan) -> str:
    """Name of a metric with its threshold [mm/day] and scale [cells] where it has them and the name does not say so."""
    text = describe(metric).title
    if math.isfinite(threshold) and metric in OF_EVENTS:
        text += f", {threshold:g} mm/day"
    if math.isfinite(scale) and scale > 1:
        text += f", {scale:g} cells"
    return text


def number(value: float, *, percent: bool = False, signed: bool = False) -> str:
    """A value with the digits that mean something: three at most, two decimals at most between 0.1 and 10."""
    if value is None or not math.isfinite(value):
        return "–"
    value = 100 * value if percent else value
    size = abs(value)
    if percent or size >= 10:
        decimals = 0 if size >= 99.95 else 1
    else:
        decimals = 2 if size >= 0.095 or size == 0 else 3
    text = f"{value:{'+' if signed else ''}.{decimals}f}"
    if float(text) == 0:
        text = "0" if value == 0 else text.lstrip("+-")
    return text.replace("-", "−")


def interval(lower: float, upper: float, *, percent: bool = False, signed: bool = False) -> str:
    """An interval in square form, or nothing where it is not known."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return ""
    return f"{number(lower, percent=percent, signed=signed)} to {number(upper, percent=percent, signed=signed)}"


def unit_of(units: str, *, percent: bool = False) -> str:
    """The unit as it stands beside a name; nothing for a pure number."""
    if percent:
        return "%"
    return "" if units in ("1", "", "nan", "-") else units


def closeness(metric: str, value: float, observed: float) -> float:
    """How far a value is from the best: 0 is perfect; NaN where there is nothing to compare with."""
    aim = describe(metric).aim
    if aim == "low":
        return abs(value)
    if aim == "high":
        return 1 - value
    if aim == "one":
        return abs(math.log(value)) if value > 0 else math.inf
    return abs(value - (observed if isinstance(aim, str) else aim))


def listing(parts: list[str]) -> str:
    """a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
