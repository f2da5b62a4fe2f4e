"""Records of the compared scores: which way is better, whose columns are whose, their order and their titles."""

from __future__ import annotations

import pytest

from rainsmith.experiment.compared_scores import COMPARED, compared_score, in_picture, in_table_order, title_of
from rainsmith.experiment.scores import MAPPED, PREFIX, RAW
from rainsmith.metrics.quantiles import quantile_metrics


def test_every_compared_score_is_computed_for_a_trial() -> None:
    computed = {metric.name for metric in (*RAW, *quantile_metrics([0.9]))} | {f"{PREFIX}{m.name}" for m in MAPPED}
    computed = {name.replace("pinball_p90", "pinball") for name in computed}
    assert {score.name for score in COMPARED} <= computed
    assert len({score.name for score in COMPARED}) == len(COMPARED)


def test_more_is_better_of_hits_only() -> None:
    """The aim of the metric agrees with its best value: 1 where more is better, 0 where less is."""
    higher = {score.name for score in COMPARED if score.higher_is_better}
    assert higher == {"csi", "sedi", "mapped_csi", "mapped_sedi"}
    assert all(score.metric.perfect == float(score.higher_is_better) for score in COMPARED)
    assert {score.metric.aim for score in COMPARED} == {"low", "high"}


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("pinball_p999", "pinball"),
        ("quantile_crps", "quantile_crps"),
        ("mae", "mae"),
        ("mae_tail", "mae_tail"),
        ("mapped_csi_20", "mapped_csi"),
        ("csi_p99", "csi"),
        ("sedi_2.5", "sedi"),
    ],
)
def test_a_column_belongs_to_one_record(column: str, name: str) -> None:
    assert [score.name for score in COMPARED if score.owns(column)] == [name]
    score = compared_score(column)
    assert score is not None and score.name == name


@pytest.mark.parametrize("column", ["mean", "exceeded_p99", "frequency_bias_20", "mapped_frequency_bias_20", "csi"])
def test_other_columns_are_not_compared(column: str) -> None:
    assert compared_score(column) is None


def test_tables_show_the_records_in_order_and_keep_the_order_of_thresholds() -> None:
    columns = ["seed", "mae", "csi_20", "csi_p99", "csi_5", "mean", "mapped_csi_20", "pinball_p99", "pinball_p50"]
    expected = ["pinball_p99", "pinball_p50", "mae", "mapped_csi_20", "csi_20", "csi_p99", "csi_5"]
    assert in_table_order(columns) == expected


@pytest.mark.parametrize(
    ("column", "title"),
    [
        ("validation_loss", "Loss on validation days"),
        ("pinball_p999", "Pinball loss of the 0.999 quantile [mm]"),
        ("mapped_sedi_p99", "SEDI above P99, mapped"),
        ("csi_20", "CSI from 20 mm, raw"),
        ("mae", "Mean absolute error [mm]"),
        ("something", "something"),
    ],
)
def test_titles(column: str, title: str) -> None:
    assert title_of(column) == title


def test_the_picture_shows_chosen_scores_in_the_order_of_the_tables() -> None:
    columns = ["rmse", "mae", "csi_20", "mapped_csi_20", "pinball_p99", "pinball_p50", "mean"]
    assert in_picture(columns) == ["pinball_p99", "pinball_p50", "rmse", "mapped_csi_20"]
