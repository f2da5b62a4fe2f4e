"""The plates: five of them, what is behind them folded, and the command named where something is missing."""

from __future__ import annotations

from dataclasses import replace

from rainsmith.report.criteria import judge
from rainsmith.report.gather import Material
from rainsmith.report.parts import Days, Gallery, Table
from rainsmith.report.plates import plates
from rainsmith.report.topics import TOPICS


def test_five_plates_show_what_decides_and_fold_the_rest(material: Material) -> None:
    made = plates(material, judge(material), 2)
    assert [section.anchor for section in made] == [topic.anchor for topic in TOPICS]
    maps, tail, reliability, spectrum, climate = made
    (days,) = maps.parts
    assert isinstance(days, Days) and (len(days.days), days.shown) == (2, 1)
    shown = [part for section in (tail, reliability, spectrum, climate) for part in section.parts]
    assert [len(part.pictures) for part in shown if isinstance(part, Gallery)] == [2, 2, 2, 4]
    assert [type(part) for part in tail.folded] == [Gallery] and [type(part) for part in climate.folded] == [Table]
    assert all(section.note[0].endswith("?") for section in made)
    assert tail.answer.endswith(".") and "checks met" in tail.answer


def test_without_curves_and_climate_the_plates_name_the_command(material: Material) -> None:
    bare = replace(material, curves={}, climates={})
    for section in plates(bare, judge(bare), 1)[1:]:
        assert not section.parts and not section.folded and "rainsmith evaluate" in section.missing
