"""Metrics as records: every one says what the rest of the program needs, and is listed once, in the order of rows."""

from __future__ import annotations

import pkgutil

import pytest
import xarray as xr

import rainsmith.metrics
from rainsmith.base.errors import UserError
from rainsmith.metrics import ensemble, registry
from rainsmith.metrics.core import Settings
from rainsmith.metrics.quantiles import quantile_metrics
from rainsmith.metrics.registry import METRICS, Metric


def test_all_modules_of_the_folder_are_searched_and_rows_keep_their_order() -> None:
    names = METRICS.names()
    assert names[:3] == ("max", "max_daily", "mean") and "fss" in names and len(names) == len(set(names)) >= 42
    orders = [metric.order for metric in METRICS]
    assert orders == sorted(set(orders)) and min(orders) > 0
    assert METRICS["crps"] is ensemble.crps


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_says_how_it_is_shown(metric: Metric) -> None:
    assert metric.title and metric.title != metric.name
    if metric.perfect is None:  # the report judges it by what the metric calls its best value
        assert metric.aim == "observed"
    else:
        assert metric.aim in {0.0: ("low",), 1.0: ("high", "one")}.get(metric.perfect, (metric.perfect,))
    assert metric.beside == (metric.perfect is None and metric.name != "diversity")


def test_scores_compared_in_pairs_are_means_of_their_daily_terms(
    truth: xr.DataArray, observed: xr.DataArray, settings: Settings
) -> None:
    compared = registry.compared_metrics()
    assert list(compared) == ["crps", "twcrps_p99", "mae"]
    for name, term in compared.items():
        sums = METRICS[name].sums(truth, observed, p99=settings.p99)
        assert float(METRICS[name].value(sums)) == float(sums[term] / sums["cells"])


def test_single_extremes_are_those_that_a_range_of_members_judges() -> None:
    assert [metric.name for metric in METRICS if metric.single_extreme] == ["max", "p999"]


def test_a_metric_without_an_order_stays_out_of_the_table_and_a_second_of_a_name_is_refused() -> None:
    made = quantile_metrics([0.5, 0.9])
    assert not {metric.name for metric in made} & set(METRICS.names())
    assert [metric.aim for metric in made[:2]] == ["low", 0.5]
    with pytest.raises(ValueError, match="two records of the metric 'crps'"):
        registry.metric(name="crps", units="1", perfect=0.0, order=5)(lambda sums: sums["x"])
    with pytest.raises(UserError, match="there is no metric 'crsp'; expected one of max, "):
        METRICS["crsp"]


def test_no_module_of_the_folder_hides_what_the_package_exports() -> None:
    modules = {module.name for module in pkgutil.iter_modules(rainsmith.metrics.__path__)}
    assert "rain_objects" in modules and not modules & {*METRICS.names(), *rainsmith.metrics.__all__}


def test_headings_hold_the_units_unless_there_are_none() -> None:
    assert METRICS["mean"].heading == "Mean rain [mm/day]"
    assert METRICS["spread_skill"].heading == METRICS["spread_skill"].title
