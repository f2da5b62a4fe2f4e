"""Maps: the right cells in the right place, with the right colour."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from rainsmith.base.dims import TIME
from rainsmith.plots import maps, style
from tests.fake_run import config_of, rain, store_of

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def store() -> xr.Dataset:
    return store_of(rain(60), config_of(data={"splits": _SPLITS}))


_SPLITS = {
    "train": [["2001-01-01", "2001-01-20"]],
    "validation": [["2001-01-21", "2001-02-05"]],
    "test": [["2001-02-06", "2001-12-31"]],
}


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
    assert not maps.map_frame(store).first_row_on_top  # y rises with the row
    assert maps.map_frame(store.isel(y=slice(None, None, -1))).first_row_on_top
    assert maps.map_frame(store.drop_vars("y")).first_row_on_top  # rows without coordinates count from the top


def test_a_single_coarse_cell_reaches_over_the_whole_grid() -> None:
    maps_of_zeros = {name: (("y", "x"), np.zeros((4, 8))) for name in ("coarse_row", "coarse_col")}
    domain = xr.Dataset({"mask": (("y", "x"), np.ones((4, 8), dtype=bool)), **maps_of_zeros})
    frame = maps.map_frame(domain)
    assert frame.coarse_aspect == pytest.approx(0.5)
    assert np.abs(frame.coarse_outline).max(axis=(0, 1)) == pytest.approx([0.4375, 0.375])


def test_cells_keep_their_shape() -> None:
    mask = xr.DataArray(np.ones((4, 4), dtype=bool), dims=("y", "x"))
    row = xr.DataArray(np.arange(4.0)[:, None] / 2 * np.ones(4), dims=("y", "x"))
    domain = xr.Dataset({"mask": mask, "coarse_row": row, "coarse_col": row.transpose("x", "y").rename(x="y", y="x")})
    degrees = {"units": "degrees_north"}
    on_sphere = domain.assign_coords(y=("y", 60 + 0.1 * np.arange(4), degrees), x=("x", 0.1 * np.arange(4)))
    assert maps.map_frame(on_sphere).aspect == pytest.approx(2.0, rel=0.01)  # a degree of longitude is half as long
    oblong = domain.assign_coords(y=("y", 3.0 * np.arange(4)), x=("x", 2.0 * np.arange(4)))
    assert maps.map_frame(oblong).aspect == pytest.approx(1.5)


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
    figure = maps.map_figure(panel, maps.map_frame(day), style.rain_scale(50.0))
    assert style.picture(figure, "png", 40).startswith(PNG)


def test_a_map_colours_each_cell_by_its_class(store: xr.Dataset) -> None:
    frame, scale = maps.map_frame(store), style.rain_scale(50.0)
    field = np.where(frame.mask, 40.0, np.nan)
    figure = maps.map_figure(maps.rain_panel("Observed", "observed", field), frame, scale)
    (image,) = figure.axes[0].images
    drawn = image.to_rgba(image.get_array())
    assert np.allclose(drawn[frame.mask][:, :3], to_rgb(scale.colours[scale.norm(40.0)]), atol=1e-6)
    assert (drawn[~frame.mask][:, 3] == 0).all()


def test_day_figure_names_every_panel(store: xr.Dataset) -> None:
    day = store.isel({TIME: 7})
    frame, scale = maps.map_frame(store), style.rain_scale(50.0)
    panels = [maps.rain_panel("Observed", "observed", day["precip"].values), maps.coarse_panel(day)]
    panels += [maps.rain_panel(f"Prior member {i}", "prior", day["precip"].values) for i in range(1, 4)]
    figure = maps.day_figure("3 October 2020", panels, frame, scale)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Observed", "Coarse input", "Prior member 1", "Prior member 2", "Prior member 3", ""]
    assert style.picture(figure, "png", 50).startswith(PNG)


@pytest.mark.real_data
def test_maps_of_the_real_grids_fill_their_window(real_data: Path) -> None:
    path = real_data / "haduk-grid-12km" / "rainfall_hadukgrid_uk_12km_day_2020.nc"
    with xr.open_dataset(path) as opened:
        values = opened["rainfall"].isel(time=slice(276, 277)).values
    mask = np.isfinite(values[0])
    row, column = (np.broadcast_to(a, mask.shape) / 8.0 for a in np.ogrid[: mask.shape[0], : mask.shape[1]])
    axes = {"y": ("y", 12_000.0 * np.arange(mask.shape[0])), "x": ("x", 12_000.0 * np.arange(mask.shape[1]))}
    cells = {"mask": mask, "coarse_row": row, "coarse_col": column}
    frame = maps.map_frame(xr.Dataset({name: (("y", "x"), value) for name, value in cells.items()}, coords=axes))
    assert frame.mask.sum() == 1707
    figure = maps.map_figure(maps.rain_panel("Observed", "observed", values[0]), frame, style.rain_scale(150.0))
    pixels = imread(io.BytesIO(style.picture(figure, "png", 100)))
    inked = pixels[..., :3].min(axis=-1) < 0.98
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    assert np.ptp(rows) > 0.97 * (inked.shape[0] - 1)
    assert np.ptp(columns) > 0.95 * (inked.shape[1] - 1)
