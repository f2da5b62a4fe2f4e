"""Names and lines of forecasts: from the records of the baselines, every one with a line of its own."""

from __future__ import annotations

import pytest

from rainsmith.base.errors import UserError
from rainsmith.baselines.registry import BASELINES
from rainsmith.plots.style import MODE_STYLES, OBSERVED
from rainsmith.report.forecasts import column_of, forecast_named


def test_baselines_are_called_as_their_records_say() -> None:
    for record in BASELINES:
        forecast = forecast_named(record.name)
        assert (forecast.title, forecast.meaning) == (record.title, record.meaning)
        assert column_of(record.name).hint == record.meaning
    assert forecast_named("prior").title == "prior members"
    assert column_of("bilinear").title == "Bilinear interpolation"


def test_every_forecast_has_a_line_of_its_own() -> None:
    styles = [OBSERVED, *[forecast_named(name).style for name in (*MODE_STYLES, *BASELINES.names())]]
    assert len(set(styles)) == len(styles)
    assert [style.front for style in styles].count(True) == 2, "only the observation and prior members lie in front"


def test_an_unknown_forecast_is_refused() -> None:
    with pytest.raises(UserError, match="baseline 'magic'"):
        forecast_named("magic")
