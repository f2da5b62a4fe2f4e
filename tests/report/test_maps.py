"""Maps of the heaviest days: the right days, the right members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.report.gather import Material
from rainsmith.report.maps import date_text, heaviest, maps_section, panels_of
from rainsmith.report.parts import Days


def test_the_heaviest_days_are_those_that_were_sampled_and_observed_heaviest(material: Material) -> None:
    mean = material.days["precip"].mean(("y", "x")).values
    assert heaviest(material, 3) == np.argsort(-mean)[:3].tolist()
    few = {"prior": material.samples["prior"].isel({TIME: [4, 9, 30]})}
    assert sorted(heaviest(replace(material, samples=few), 10)) == [4, 9, 30]


def test_a_day_shows_eight_maps_of_that_day(material: Material) -> None:
    position = heaviest(material, 1)[0]
    panels = panels_of(material, position)
    assert [panel.kind for panel in panels] == ["observed", "coarse", *["prior"] * 4, "posterior", "posterior"]
    prior = material.samples["prior"]["precip"]
    at = np.flatnonzero(day_numbers(prior[TIME]) == day_numbers(material.days[TIME])[position])[0]
    np.testing.assert_array_equal(panels[3].field, prior.isel({TIME: at, "member": 1}).values)
    np.testing.assert_array_equal(panels[0].field, material.days["precip"].isel({TIME: position}).values)


def test_without_posterior_members_prior_members_take_their_places(material: Material) -> None:
    alone = replace(material, samples={"prior": material.samples["prior"]})
    kinds = [panel.kind for panel in panels_of(alone, heaviest(alone, 1)[0])]
    assert kinds == ["observed", "coarse", *["prior"] * 4]


def test_the_section_says_what_all_members_hold(material: Material) -> None:
    (days,) = maps_section(material, 1).parts
    assert isinstance(days, Days)
    fields = material.samples["prior"]["precip"].isel({TIME: heaviest(material, 1)[0]})
    means = fields.mean(("y", "x")).values
    assert f"All 4 prior members: mean {means.min():.1f} to {means.max():.1f} mm" in days.days[0].facts
    assert [picture.of_model for picture in days.days[0].maps] == [False, False, *[True] * 6]


def test_samples_of_other_days_leave_nothing_to_show(material: Material) -> None:
    none = {"prior": material.samples["prior"].isel({TIME: []}), "posterior": material.samples["posterior"]}
    section = maps_section(replace(material, samples=none), 1)
    assert not section.parts and "rainsmith sample" in section.missing


def test_dates_of_any_calendar_are_written() -> None:
    assert date_text(20010230) == "30 February 2001"  # a day of the 360-day calendar
    assert date_text(20201003) == "3 October 2020"
