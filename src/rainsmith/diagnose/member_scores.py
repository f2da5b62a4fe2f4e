"""Scores of one model's members as figures: beside the observation, or by themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from rainsmith.diagnose.finding import Figure, Range, at_least, at_most
from rainsmith.diagnose.natural_variability import NaturalVariability
from rainsmith.evaluate.table import MetricTable


@dataclass(frozen=True)
class MemberScores:
    """Rows of one model in metrics.csv, and how far observations are from themselves.

    Attributes:
        table: scores of one split.
        model: a value of the column ``model``.
        natural_variability: differences between two samples of observations.
    """

    table: MetricTable
    model: str
    natural_variability: NaturalVariability

    def value(self, metric: str, days: str, mode: str = "prior") -> float:
        """The score of the members; nan where it is missing."""
        return self.table.value(self.model, days, metric, mode)

    def ratio(self, metric: str, days: str, *, title: str, low: bool = True, high: bool = True) -> Figure:
        """Prior members over observation.

        Args:
            metric: its name in metrics.csv.
            days: a set of days.
            title: what the figure calls the metric.
            low: whether a ratio that is too low counts.
            high: whether a ratio that is too high counts.
        """
        value, observed = self.value(metric, days), self.table.observed(self.model, days, metric, "prior")
        over = value / observed if observed > 0 else math.nan
        healthy = self.natural_variability.ratio(days, metric, low=low, high=high)
        return Figure(f"{title}, prior members / observed, {days} days", over, healthy)

    def difference(self, metric: str, days: str, *, title: str, low: bool = True, high: bool = True) -> Figure:
        """Prior members minus observation; the arguments are those of ``ratio``."""
        value, observed = self.value(metric, days), self.table.observed(self.model, days, metric, "prior")
        healthy = self.natural_variability.difference(days, metric, low=low, high=high)
        return Figure(f"{title}, prior members - observed, {days} days", value - observed, healthy)

    def score(self, metric: str, days: str, healthy: Range, *, title: str) -> Figure:
        """A score of the prior members by itself, with its interval over weeks."""
        interval = self.table.interval(self.model, days, metric, "prior")
        return Figure(f"{title}, prior members, {days} days", self.value(metric, days), healthy, interval)


def only_low(figure: Figure) -> Figure:
    """The same figure, which can only be too low."""
    healthy = figure.healthy
    return replace(figure, healthy=at_least(healthy.warn[0], healthy.fail[0], healthy.origin))


def only_high(figure: Figure) -> Figure:
    """The same figure, which can only be too high."""
    healthy = figure.healthy
    return replace(figure, healthy=at_most(healthy.warn[1], healthy.fail[1], healthy.origin))
