"""Coverage: grids that reach all wanted cells pass, all others are refused with both extents."""

from __future__ import annotations

import numpy as np
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.grids.coverage import box_of, extents_of, refuse_uncovered
from rainsmith.data.grids.grid import Grid
from rainsmith.data.grids.projection import WGS84
from tests.data.made import fine_map, lat_lon_grid, without_axes

_NAMES = {"y": {"standard_name": "latitude"}, "x": {"standard_name": "longitude"}}


def sphere(south: float, north: float, west: float, east: float, step: float = 0.5) -> Grid:
    lat, lon = np.arange(south, north + step / 2, step), np.arange(west, east + step / 2, step)
    return Grid(lat, lon, WGS84, attrs=_NAMES).locate()


REGION = sphere(45, 47.3, 5, 6.9, 0.1)


@pytest.mark.parametrize("shift", [0.0, 360.0, -360.0])
@pytest.mark.parametrize("bare", [False, True])
def test_a_larger_region_passes_in_every_way_to_count_longitudes(shift: float, bare: bool) -> None:
    source = sphere(43, 50, 3 + shift, 9 + shift)
    refuse_uncovered(without_axes(source) if bare else source, REGION, "msl")


def test_half_a_cell_beyond_the_outermost_centres_is_covered() -> None:
    refuse_uncovered(sphere(45.2, 47.2, 5.2, 6.7), REGION, "msl")
    with pytest.raises(UserError, match=r"'msl' covers 9[0-9]%"):
        refuse_uncovered(sphere(45.3, 47.3, 5.2, 6.7), REGION, "msl")


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize(
    ("box", "advice"),
    [
        ((-27, -20, 130, 136), "larger region"),
        ((46.5, 50, 3, 9), "larger region"),
        ((3, 9, 43, 50), "latitude and longitude look exchanged"),
        ((-50, -43, 3, 9), "latitudes look as if they had lost their sign"),
        ((43, 50, -9, -3), "longitudes look as if they had lost their sign"),
    ],
)
def test_other_places_are_refused_with_both_extents(box: tuple[float, ...], advice: str, bare: bool) -> None:
    source = sphere(*box)
    extents = f"latitude {box[0]} to {box[1]}, longitude {box[2]} to {box[3]}; wanted: latitude 45 to 47.3, longitude 5"
    with pytest.raises(UserError, match=rf"'msl' covers \d+% .*{extents} to 6.9.*expected all; .*{advice}"):
        refuse_uncovered(without_axes(source) if bare else source, REGION, "msl")


def test_cells_that_do_not_count_may_lie_outside() -> None:
    south = np.broadcast_to((REGION.y < 46.2)[:, None], REGION.shape)
    half = sphere(44, 46, 3, 9)
    refuse_uncovered(half, REGION, "msl", south)
    with pytest.raises(UserError):
        refuse_uncovered(half, REGION, "msl", ~south)


def test_a_single_cell_covers_a_region_about_it_and_no_other() -> None:
    refuse_uncovered(sphere(46, 46, 6, 6), REGION, "index")
    with pytest.raises(UserError, match="covers 0%"):
        refuse_uncovered(sphere(-23, -23, 133, 133), REGION, "index")
    refuse_uncovered(sphere(46, 46, 3, 9), REGION, "row")
    with pytest.raises(UserError, match="covers 0%"):
        refuse_uncovered(sphere(-46, -46, 3, 9), REGION, "row")


def test_a_region_across_the_date_line_is_narrow() -> None:
    box = box_of(without_axes(sphere(-20, -15, 176, 184)))
    assert box == pytest.approx((-20, -15, 176, 184))


def test_extents_of_grids_without_latitudes_are_those_of_their_axes() -> None:
    plain = Grid(np.arange(3.0), np.arange(4.0) * 10)
    assert extents_of(plain, lat_lon_grid())[0] == "y 0 to 2, x 0 to 30"
    assert extents_of(Grid.of(fine_map()))[0].startswith("latitude 41.5")
    with pytest.raises(UserError, match="y 0 to 2, x 0 to 30; wanted: y 5 to 7, x 0 to 30"):
        refuse_uncovered(plain, Grid(np.arange(5.0, 8.0), plain.x), "msl")
