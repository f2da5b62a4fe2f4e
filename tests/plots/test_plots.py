"""Figures: the rain scale is ordered, maps show the right cells, curves carry what they were given."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from rainsmith.base.dims import TIME
from rainsmith.plots import climate, curves, maps, style, training
from rainsmith.plots.experiment import differences
from tests.fake_run import config_of, rain, store_of, training_log

PNG = b"\x89PNG\r\n\x1a\n"


def lightness(colour: str) -> float:
    """CIELAB L* of a colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(60), config_of(data={"splits": _SPLITS}))


_SPLITS = {
    "train": [["2001-01-01", "2001-01-20"]],
    "validation": [["2001-01-21", "2001-02-05"]],
    "test": [["2001-02-06", "2001-12-31"]],
}


@pytest.mark.parametrize("top_mm", [3.0, 40.0, 145.0, 444.0, 5000.0])
def test_rain_colours_darken_in_steps_that_can_be_seen(top_mm: float) -> None:
    scale = style.rain_scale(top_mm)
    wet = [lightness(colour) for colour in scale.colours[1:]]
    assert (np.diff(wet) < -3).all()
    assert scale.colours[0] not in scale.colours[1:]


def test_each_amount_falls_into_its_class() -> None:
    scale = style.rain_scale(60.0, wet_mm=0.1)
    assert scale.levels == (0.0, 0.1, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0)
    amounts = np.array([0.0, 0.09, 0.1, 0.99, 1.0, 74.9, 75.0, 900.0])
    expected = [to_rgb(scale.colours[place]) for place in (0, 0, 1, 1, 2, 8, 9, 9)]
    assert np.allclose(scale.colormap(scale.norm(amounts))[:, :3], expected, atol=1e-6)
    assert scale.colours[0] == style.DRY


def test_invalid_cells_are_transparent_and_not_dry() -> None:
    scale = style.rain_scale(50.0)
    invalid = scale.colormap(scale.norm(np.ma.masked_invalid([np.nan])))
    assert invalid[0, 3] == 0.0


def test_a_wet_threshold_of_another_height_moves_the_dry_class() -> None:
    assert style.rain_scale(20.0, wet_mm=1.0).levels[:3] == (0.0, 1.0, 2.0)


def test_outline_of_one_cell_is_its_four_sides() -> None:
    mask = np.zeros((3, 4), dtype=bool)
    mask[1, 2] = True
    sides = {tuple(map(tuple, segment)) for segment in maps.outline_of(mask)}
    assert sides == {
        ((1.5, 0.5), (2.5, 0.5)),
        ((1.5, 1.5), (2.5, 1.5)),
        ((1.5, 0.5), (1.5, 1.5)),
        ((2.5, 0.5), (2.5, 1.5)),
    }


def test_outline_closes_along_the_edge_of_the_grid() -> None:
    assert len(maps.outline_of(np.ones((3, 5), dtype=bool))) == 2 * (3 + 5)


def test_north_is_up_whatever_the_order_of_the_rows(store: xr.Dataset) -> None:
    assert not maps.geography(store).first_row_on_top  # y rises with the row
    assert maps.geography(store.isel(y=slice(None, None, -1))).first_row_on_top
    assert maps.geography(store.drop_vars("y")).first_row_on_top  # rows without coordinates count from the top


def test_cells_keep_their_shape() -> None:
    mask = xr.DataArray(np.ones((4, 4), dtype=bool), dims=("y", "x"))
    row = xr.DataArray(np.arange(4.0)[:, None] / 2 * np.ones(4), dims=("y", "x"))
    domain = xr.Dataset({"mask": mask, "coarse_row": row, "coarse_col": row.transpose("x", "y").rename(x="y", y="x")})
    degrees = {"units": "degrees_north"}
    on_sphere = domain.assign_coords(y=("y", 60 + 0.1 * np.arange(4), degrees), x=("x", 0.1 * np.arange(4)))
    assert maps.geography(on_sphere).aspect == pytest.approx(2.0, rel=0.01)  # a degree of longitude is half as long
    oblong = domain.assign_coords(y=("y", 3.0 * np.arange(4)), x=("x", 2.0 * np.arange(4)))
    assert maps.geography(oblong).aspect == pytest.approx(1.5)


def test_titles_hold_mean_and_maximum_of_valid_cells() -> None:
    panel = maps.rain_panel("Observed", "observed", np.array([[np.nan, 2.0], [4.0, 30.4]]))
    assert panel.note == "mean 12.1, max 30 mm"
    assert maps.rain_panel("Observed", "observed", np.full((2, 2), np.nan)).note == "no valid cell"


def test_coarse_rain_is_laid_over_the_cells_that_it_stands_for(store: xr.Dataset) -> None:
    day = store.isel({TIME: 7})
    shown = maps.coarse_panel(day).field
    assert np.array_equal(np.isfinite(shown), store["mask"].values)
    block = day["block"].values
    for index in np.unique(block[store["mask"].values])[:5]:
        inside = (block == index) & store["mask"].values
        assert shown[inside] == pytest.approx(np.nanmean(day["precip"].values[inside]), rel=1e-5)


def test_without_coarse_rain_the_first_predictor_is_shown_on_its_own_grid() -> None:
    day = store_of(rain(60), config_of(data={"splits": _SPLITS}), coarse_rain=False).isel({TIME: 3})
    panel = maps.coarse_panel(day)
    assert panel.kind == "predictor"
    assert panel.field.shape == (day.sizes["y_lr"], day.sizes["x_lr"])
    assert panel.note.startswith("msl_day0: ")
    figure = maps.map_figure(panel, maps.geography(day), style.rain_scale(50.0))
    assert style.picture(figure, "png", 40).startswith(PNG)


def test_a_map_colours_each_cell_by_its_class(store: xr.Dataset) -> None:
    place, scale = maps.geography(store), style.rain_scale(50.0)
    field = np.where(place.mask, 40.0, np.nan)
    figure = maps.map_figure(maps.rain_panel("Observed", "observed", field), place, scale)
    (image,) = figure.axes[0].images
    drawn = image.to_rgba(image.get_array())
    assert np.allclose(drawn[place.mask][:, :3], to_rgb(scale.colours[scale.norm(40.0)]), atol=1e-6)
    assert (drawn[~place.mask][:, 3] == 0).all()


def test_day_figure_names_every_panel(store: xr.Dataset) -> None:
    day = store.isel({TIME: 7})
    place, scale = maps.geography(store), style.rain_scale(50.0)
    panels = [maps.rain_panel("Observed", "observed", day["precip"].values), maps.coarse_panel(day)]
    panels += [maps.rain_panel(f"Prior member {i}", "prior", day["precip"].values) for i in range(1, 4)]
    figure = maps.day_figure("3 October 2020", panels, place, scale)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Observed", "Coarse input", "Prior member 1", "Prior member 2", "Prior member 3", ""]
    assert style.picture(figure, "png", 50).startswith(PNG)


def test_the_same_figure_gives_the_same_bytes() -> None:
    made = [style.picture(training.kl_and_beta(training_log(6)), "svg") for _ in range(2)]
    assert made[0] == made[1]
    assert b"<svg" in made[0]


def _lines(figure: object) -> dict[str, np.ndarray]:
    axes = figure.axes[0]  # type: ignore[attr-defined]
    return {line.get_label(): np.column_stack(line.get_data()) for line in axes.get_lines()}


def test_quantile_lines_carry_their_values_and_a_line_of_equality() -> None:
    x = np.array([1.0, 5.0, 20.0])
    figure = curves.quantiles([curves.Curve("prior", x, 0.5 * x, 0.4 * x, 0.6 * x), curves.Curve("analogs", x, x)])
    lines = _lines(figure)
    assert np.array_equal(lines["prior"], np.column_stack([x, 0.5 * x]))
    diagonal = next(data for name, data in lines.items() if name.startswith("_"))
    assert np.array_equal(diagonal[:, 0], diagonal[:, 1])
    assert len(figure.axes[0].collections) == 1  # the band


def test_exceedance_leaves_out_what_a_logarithm_cannot_show() -> None:
    x = np.array([0.0, 10.0, 20.0, 30.0])
    figure = curves.exceedance([curves.Curve("observed", x, np.array([1.0, 0.1, 0.01, 0.0]))])
    assert _lines(figure)["observed"][:, 0].tolist() == [0.0, 10.0, 20.0]
    assert figure.axes[0].get_yscale() == "log"


def test_spectrum_runs_from_long_to_short_waves() -> None:
    x = np.array([400.0, 100.0, 24.0])
    figure = curves.spectrum([curves.Curve("prior", x, np.array([1.0, 0.8, 0.2]))])
    low, high = figure.axes[0].get_xlim()
    assert low > high


def test_ranks_are_bars_beside_an_even_line() -> None:
    figure = curves.rank_histogram("prior", np.array([0.4, 0.1, 0.1, 0.4]))
    assert [bar.get_height() for bar in figure.axes[0].patches] == [0.4, 0.1, 0.1, 0.4]
    assert figure.axes[0].get_lines()[0].get_ydata()[0] == 0.25


def test_training_figures_show_prior_posterior_and_observed_from_epoch_one() -> None:
    rows = training_log(40)
    lines = _lines(training.figure_by_epoch(rows, "max"))
    assert {"prior", "posterior", "observed"} <= set(lines)
    assert lines["prior"][0].tolist() == [2.0, rows[1]["validation"]["prior"]["max"]]
    assert (lines["observed"][:, 1] == 145.0).all()


def test_both_best_epochs_are_the_last_improvements() -> None:
    assert training.best_epochs(training_log(40)) == {"prior": 30, "tail": 22}
    texts = [text.get_text() for text in training.loss_terms(training_log(40)).axes[0].texts]
    assert sorted(texts) == ["best prior", "best tail"]


def test_a_log_without_validation_still_has_its_loss() -> None:
    rows = [{"epoch": 0, "beta": 0.0, "train": {"loss": 3.0, "kl": float("nan")}}]
    assert training.available(rows) == []
    assert set(_lines(training.loss_terms(rows))) == {"loss"}


@pytest.mark.real_data
def test_maps_of_the_real_grids_fill_their_window(real_data: Path) -> None:
    path = real_data / "haduk-grid-12km" / "rainfall_hadukgrid_uk_12km_day_2020.nc"
    with xr.open_dataset(path) as opened:
        values = opened["rainfall"].isel(time=slice(276, 277)).values
    mask = np.isfinite(values[0])
    row, column = (np.broadcast_to(a, mask.shape) / 8.0 for a in np.ogrid[: mask.shape[0], : mask.shape[1]])
    axes = {"y": ("y", 12_000.0 * np.arange(mask.shape[0])), "x": ("x", 12_000.0 * np.arange(mask.shape[1]))}
    cells = {"mask": mask, "coarse_row": row, "coarse_col": column}
    place = maps.geography(xr.Dataset({name: (("y", "x"), value) for name, value in cells.items()}, coords=axes))
    assert place.mask.sum() == 1707
    figure = maps.map_figure(maps.rain_panel("Observed", "observed", values[0]), place, style.rain_scale(150.0))
    pixels = imread(io.BytesIO(style.picture(figure, "png", 100)))
    inked = pixels[..., :3].min(axis=-1) < 0.98
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    assert np.ptp(rows) > 0.97 * (inked.shape[0] - 1)
    assert np.ptp(columns) > 0.95 * (inked.shape[1] - 1)


def test_gains_of_the_experiment_lie_on_the_side_they_are_on() -> None:
    row = {"days": "all", "control": "real", "value": 0.9, "control_value": 1.0, "significant": True}
    rows = [
        {**row, "network": "q-srdrn", "arm": "prior-25", "score": "pinball_p99", "difference": -0.1, "gain": 0.1},
        {**row, "network": "q-srdrn", "arm": "prior-25", "score": "mapped_sedi_20", "difference": -0.1, "gain": -0.2},
    ]
    bounds = {"lower": -0.15, "upper": -0.05}
    panel = differences(pd.DataFrame([{**row, **bounds} for row in rows])).axes[0]
    spans = [sorted(line.get_xdata()) for line in panel.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0]]
    assert [[round(x) for x in span] for span in spans] == [[5, 15], [-30, -10]]
    assert not differences(pd.DataFrame(columns=["days", "score", "gain", "network", "arm"])).axes


def test_the_map_of_the_bias_is_white_where_there_is_none(store: xr.Dataset) -> None:
    field = np.where(store["mask"].values, 0.0, np.nan)
    field[-1, -1] = 2.0
    figure = climate.bias_map(field, maps.geography(store), unit="mm/day", title="Bias")
    norm = figure.axes[0].images[0].norm
    assert norm.vmin == -norm.vmax and style.picture(figure, "png").startswith(PNG)


def test_reliability_draws_its_curves_and_how_often_each_share_was_forecast() -> None:
    share = np.linspace(0, 1, 5)
    curve = curves.Curve("prior", share, np.array([0.0, 0.2, np.nan, 0.7, 1.0]))
    panel = climate.reliability([curve], np.array([0.9, 0.05, 0.03, 0.01, 0.01])).axes[0]
    assert [len(line.get_xdata()) for line in panel.lines] == [2, 4]
    heights = [bar.get_height() for bar in panel.patches]
    assert heights == sorted(heights, reverse=True) and len(heights) == 5
