"""The five plates: what is shown at once, and what is folded behind it."""

from __future__ import annotations

from collections.abc import Sequence

from rainsmith.report.climate import climate_pictures, climate_table, reliability_picture
from rainsmith.report.criteria import Judged
from rainsmith.report.distributions import rank_pictures, spectrum_pictures, tail_pictures
from rainsmith.report.gather import Material
from rainsmith.report.maps import maps_section
from rainsmith.report.parts import Gallery, Part, Picture, Section
from rainsmith.report.topics import CLIMATE, RELIABILITY, SPECTRUM, TAIL, Topic, tally

NO_CURVES = "No curves yet: 'rainsmith evaluate' writes them."
NO_CLIMATE = "No climate yet: 'rainsmith evaluate' makes it of all days of a split."


def plates(material: Material, judged: Judged, days: int) -> list[Section]:
    """Maps, tail, reliability, spectrum and climate.

    Args:
        material: what the stages have written.
        judged: the criteria, which say how many checks of each plate are met.
        days: how many of the heaviest days are drawn; all but the first are folded.
    """
    ranks = rank_pictures(material)
    reliable = [*reliability_picture(material), *ranks[:1]]
    climate = climate_pictures(material)
    return [
        maps_section(material, days),
        _plate(TAIL, judged, tail_pictures(material, "all"), tail_pictures(material, "heavy_x"), NO_CURVES),
        _plate(RELIABILITY, judged, reliable, ranks[1:], NO_CURVES),
        _plate(
            SPECTRUM,
            judged,
            [*spectrum_pictures(material, "heavy_x"), *spectrum_pictures(material, "all")],
            [],
            NO_CURVES,
        ),
        _plate(CLIMATE, judged, climate, climate_table(material), NO_CLIMATE),
    ]


def _plate(
    topic: Topic, judged: Judged, shown: list[Picture], folded: Sequence[Picture | Part], missing: str
) -> Section:
    pictures = [part for part in folded if isinstance(part, Picture)]
    others: list[Part] = [part for part in folded if not isinstance(part, Picture)]
    behind: list[Part] = [*([Gallery(pictures)] if pictures else []), *others]
    return Section(
        topic.anchor,
        topic.title,
        [topic.question],
        [Gallery(shown)] if shown else [],
        missing="" if shown else missing,
        answer=tally(judged.verdict, topic).words,
        folded=behind if shown else [],
    )
