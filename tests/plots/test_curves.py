"""Curves carry what they were given."""

from __future__ import annotations

import numpy as np

from rainsmith.plots import curves
from rainsmith.plots.style import MODE_STYLES, OBSERVED, quiet_style

PRIOR, QUIET = MODE_STYLES["prior"], quiet_style(0)


def _lines(figure: object) -> dict[str, np.ndarray]:
    axes = figure.axes[0]  # type: ignore[attr-defined]
    return {line.get_label(): np.column_stack(line.get_data()) for line in axes.get_lines()}


def test_quantile_lines_carry_their_values_and_a_line_of_equality() -> None:
    x = np.array([1.0, 5.0, 20.0])
    figure = curves.quantiles(
        [curves.Curve("prior", PRIOR, x, 0.5 * x, 0.4 * x, 0.6 * x), curves.Curve("analogs", QUIET, x, x)]
    )
    lines = _lines(figure)
    assert np.array_equal(lines["prior"], np.column_stack([x, 0.5 * x]))
    diagonal = next(data for name, data in lines.items() if name.startswith("_"))
    assert np.array_equal(diagonal[:, 0], diagonal[:, 1])
    assert len(figure.axes[0].collections) == 1  # the band


def test_exceedance_leaves_out_what_a_logarithm_cannot_show() -> None:
    x = np.array([0.0, 10.0, 20.0, 30.0])
    figure = curves.exceedance([curves.Curve("observed", OBSERVED, x, np.array([1.0, 0.1, 0.01, 0.0]))])
    assert _lines(figure)["observed"][:, 0].tolist() == [0.0, 10.0, 20.0]
    assert figure.axes[0].get_yscale() == "log"


def test_spectrum_runs_from_long_to_short_waves() -> None:
    x = np.array([400.0, 100.0, 24.0])
    figure = curves.spectrum([curves.Curve("prior", PRIOR, x, np.array([1.0, 0.8, 0.2]))])
    low, high = figure.axes[0].get_xlim()
    assert low > high


def test_ranks_are_bars_beside_an_even_line() -> None:
    figure = curves.rank_histogram(np.array([0.4, 0.1, 0.1, 0.4]), PRIOR)
    assert [bar.get_height() for bar in figure.axes[0].patches] == [0.4, 0.1, 0.1, 0.4]
    assert figure.axes[0].get_lines()[0].get_ydata()[0] == 0.25


def test_points_that_are_not_finite_are_left_out() -> None:
    x = np.array([1.0, 2.0, 3.0])
    line = _lines(curves.quantiles([curves.Curve("prior", PRIOR, x, np.array([1.0, np.nan, 3.0]))]))["prior"]
    assert line[:, 0].tolist() == [1.0, 3.0]
