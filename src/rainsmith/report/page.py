"""The page: its opening and its sections, laid out by the template."""

from __future__ import annotations

from importlib import resources

import jinja2

from rainsmith.report.augmentation import augmentation_section
from rainsmith.report.climate import climate_section
from rainsmith.report.criteria import criteria_section, judge
from rainsmith.report.diagnosis import diagnosis_section
from rainsmith.report.distributions import distributions_section
from rainsmith.report.facts import facts, provenance_section, region
from rainsmith.report.gather import Material
from rainsmith.report.maps import maps_section
from rainsmith.report.scores import scores_section
from rainsmith.report.summary import summarise
from rainsmith.report.training import training_section


def render(material: Material, days: int) -> str:
    """The whole page as HTML without any outside reference.

    Args:
        material: what the stages have written.
        days: how many of the heaviest days are shown.
    """
    judged = judge(material)
    every_section = [
        criteria_section(material, judged),
        diagnosis_section(material),
        maps_section(material, days),
        distributions_section(material),
        climate_section(material),
        scores_section(material),
        augmentation_section(material),
        training_section(material),
        provenance_section(material),
    ]
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = resources.files("rainsmith.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        title=str(material.store.attrs.get("title", "")) or f"Daily rain, {region(material.store)}",
        summary=summarise(material, judged),
        facts=facts(material),
        sections=[section for section in every_section if section is not None],
    )
