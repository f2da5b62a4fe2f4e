"""The scores in which arms of the experiment are compared: one record each, with the way that is better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rainsmith.metrics import distributions, ensemble, extremes
from rainsmith.metrics.quantiles import quantile_metrics
from rainsmith.metrics.registry import Metric

PREFIX = "mapped_"
"""Begins the names of scores that are taken after the bias mapping."""
VALIDATION_LOSS = "validation_loss"
"""Column of ``results.csv`` that stands in the tables without being compared."""


@dataclass(frozen=True)
class ComparedScore:
    """One score, or one family of scores with a column for each quantile level or threshold.

    Attributes:
        name: its column in ``results.csv``; of a family, the part before the label, ``csi`` of ``csi_20``.
        title: what the report calls it; ``{}`` stands for the level or the threshold.
        metric: the record of the metric, whose ``aim`` says which way is better.
        label: what tells the columns of a family apart; "" for a single column.
        in_sentences: the networks for which it is put in words. A forecast can improve the other scores by raining
            more: hits before the mapping, and the RMSE unless the network forecasts the mean.
        in_picture: whether it stands in ``comparisons.png``.
    """

    name: str
    title: str
    metric: Metric
    label: Literal["", "level", "threshold"] = ""
    in_sentences: Literal["all", "mean", "none"] = "all"
    in_picture: bool = True

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger score is a better one."""
        return self.metric.aim == "high"

    def owns(self, column: str) -> bool:
        """Whether a column of ``results.csv`` is this score, or one of this family."""
        return column.startswith(f"{self.name}_") if self.label else column == self.name

    def title_of(self, column: str) -> str:
        """The title with the level or the threshold of a column."""
        label = column.removeprefix(f"{self.name}_")
        if self.label == "level":
            return self.title.format(f"0.{label[1:]}")
        return self.title.format(f"above P{label[1:]}" if label.startswith("p") else f"from {label} mm")


_PINBALL, _, _QUANTILE_CRPS = quantile_metrics([0.5])  # of any level: the aim of the pinball loss is the same
COMPARED = (
    ComparedScore("pinball", "Pinball loss of the {} quantile [mm]", _PINBALL, label="level"),
    ComparedScore("quantile_crps", "CRPS of the quantiles [mm]", _QUANTILE_CRPS),
    ComparedScore("twcrps_p99", "CRPS above the training P99 [mm]", ensemble.twcrps_p99),
    ComparedScore("mae", "Mean absolute error [mm]", ensemble.mae, in_picture=False),
    ComparedScore(
        "mae_tail",
        "Mean absolute error where heavy rain was observed [mm]",
        ensemble.mae_tail,
        in_sentences="none",
    ),
    ComparedScore("rmse", "Root mean square error [mm]", ensemble.rmse, in_sentences="mean"),
    ComparedScore(
        "kl_divergence",
        "Divergence of the wet amounts (KL)",
        distributions.kl_divergence,
        in_sentences="none",
        in_picture=False,
    ),
    ComparedScore(f"{PREFIX}csi", "CSI {}, mapped", extremes.csi, label="threshold"),
    ComparedScore(f"{PREFIX}sedi", "SEDI {}, mapped", extremes.sedi, label="threshold"),
    ComparedScore("csi", "CSI {}, raw", extremes.csi, label="threshold", in_sentences="none", in_picture=False),
    ComparedScore("sedi", "SEDI {}, raw", extremes.sedi, label="threshold", in_sentences="none", in_picture=False),
)
"""All compared scores, in the order of the tables."""


def compared_score(column: str) -> ComparedScore | None:
    """The record of a column of ``results.csv``; None where arms are not compared in it."""
    return next((score for score in COMPARED if score.owns(column)), None)


def in_table_order(columns: Iterable[str]) -> list[str]:
    """The compared columns in the order of the records; levels and thresholds keep the order that they have."""
    names = list(columns)
    return [column for score in COMPARED for column in names if score.owns(column)]


def in_picture(columns: Iterable[str]) -> list[str]:
    """The columns that stand in ``comparisons.png``, in the order of the tables."""
    names = list(columns)
    return [column for score in COMPARED if score.in_picture for column in names if score.owns(column)]


def title_of(column: str) -> str:
    """What the report calls a column: ``mapped_sedi_p99`` is SEDI above P99, mapped."""
    if column == VALIDATION_LOSS:
        return "Loss on validation days"
    score = compared_score(column)
    return score.title_of(column) if score else column
