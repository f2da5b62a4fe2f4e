"""The curve of amounts: straight lines through its points, from 0 and on with the last ratio."""

from __future__ import annotations

import pytest
import torch

from rainsmith.models.amounts_curve import LEVELS, POINTS, AmountsCurve, of_this_version


def stretched() -> AmountsCurve:
    curve = AmountsCurve()
    drawn = torch.arange(10.0, 10.0 * (1 + POINTS), 10.0)
    ratio = torch.linspace(1.1, 1.5, POINTS)
    curve.put(drawn, drawn * ratio)
    return curve


def test_a_new_curve_changes_nothing() -> None:
    amounts = torch.tensor([[0.0, 0.3, 4.0], [17.0, 900.0, 5.5]])
    torch.testing.assert_close(AmountsCurve()(amounts), amounts)


def test_it_goes_through_0_and_its_points_and_keeps_the_last_ratio() -> None:
    curve = stretched()
    torch.testing.assert_close(curve(curve.drawn), curve.wanted)
    torch.testing.assert_close(curve(torch.tensor([0.0, 5.0, 10.0])), torch.tensor([0.0, 5.5, 11.0]))
    between = (curve.drawn[3] + curve.drawn[4]) / 2
    torch.testing.assert_close(curve(between), (curve.wanted[3] + curve.wanted[4]) / 2)
    torch.testing.assert_close(curve(2 * curve.drawn[-1:]), 2 * curve.wanted[-1:])


def test_it_rises_everywhere() -> None:
    curve = stretched()
    mapped = curve(torch.linspace(0, 500, 5001))
    assert (mapped.diff() >= 0).all()


def test_a_share_goes_a_part_of_the_way_and_leaves_dry_cells_dry() -> None:
    curve, amounts = stretched(), torch.tensor([0.0, 8.0, 55.0, 400.0])
    torch.testing.assert_close(curve(amounts, 0.0), amounts)
    half = curve(amounts, 0.5)
    assert half[0] == 0
    torch.testing.assert_close(half[1:], (amounts[1:] * curve(amounts)[1:]).sqrt())


@pytest.mark.parametrize("change", ["falls", "stands", "starts at 0"])
def test_points_that_do_not_rise_are_refused(change: str) -> None:
    curve = stretched()
    drawn, wanted = curve.drawn.clone(), curve.wanted.clone()
    if change == "falls":
        wanted[5] = wanted[4] / 2
    elif change == "stands":
        drawn[5] = drawn[4]
    else:
        drawn[0] = 0.0
    with pytest.raises(ValueError, match="expected points of a rising curve"):
        curve.put(drawn, wanted)


def test_the_factor_of_an_earlier_version_becomes_a_curve() -> None:
    weights = of_this_version({"last.bias": torch.ones(1), "gain": torch.tensor(1.3)})
    assert weights.keys() == {"last.bias", "curve.drawn", "curve.wanted"}
    curve = AmountsCurve()
    curve.load_state_dict({name.removeprefix("curve."): value for name, value in weights.items() if "curve" in name})
    amounts = torch.tensor([0.0, 0.4, 12.0, 300.0])
    torch.testing.assert_close(curve(amounts), 1.3 * amounts)
    assert of_this_version({"last.bias": torch.ones(1)}).keys() == {"last.bias"}


def test_the_curve_with_fewer_points_of_an_earlier_version_stays_what_it_was() -> None:
    drawn = torch.arange(10.0, 10.0 * (1 + len(LEVELS)), 10.0)
    earlier = {"curve.drawn": drawn, "curve.wanted": drawn * torch.linspace(1.1, 1.5, len(LEVELS))}
    curve = AmountsCurve()
    curve.load_state_dict({name.removeprefix("curve."): value for name, value in of_this_version(earlier).items()})
    amounts = torch.tensor([5.0, 10.0, 85.0, 170.0, 300.0])
    torch.testing.assert_close(
        curve(amounts), torch.tensor([5.5, 11.0, 85.0 * 1.285 + 0.0, 255.0, 450.0]), rtol=3e-3, atol=0
    )
