"""The page: the verdict, five plates, what to do next, and what is folded behind them, laid out by the template."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

import jinja2
from markupsafe import Markup

from rainsmith.plots.pages import style_of_pages
from rainsmith.report.criteria import criteria_section, judge
from rainsmith.report.diagnosis import diagnosis_section
from rainsmith.report.downscaler import downscaler_section
from rainsmith.report.experiment import experiment_section
from rainsmith.report.facts import provenance_section, subtitle, title_of
from rainsmith.report.gather import Material
from rainsmith.report.glossary import glossary_section
from rainsmith.report.next_steps import next_steps
from rainsmith.report.plates import plates
from rainsmith.report.scores import scores_section
from rainsmith.report.summary import summarise
from rainsmith.report.sweep import sweep_section
from rainsmith.report.synthetic_days import synthetic_days_section
from rainsmith.report.topics import TOPICS, tally
from rainsmith.report.training import training_section

MOST_SENTENCES = 6
"""Sentences of a list of the verdict that are shown at once."""


def render(material: Material, days: int) -> str:
    """The whole page as HTML without any outside reference.

    Its security policy lets nothing in from outside, and runs no script but its own.

    Args:
        material: what the stages have written.
        days: how many of the heaviest days are shown.
    """
    judged = judge(material)
    shown = plates(material, judged, days)
    behind = [
        criteria_section(material, judged),
        diagnosis_section(material),
        scores_section(material),
        sweep_section(material),
        synthetic_days_section(material),
        downscaler_section(material),
        experiment_section(material),
        training_section(material),
        provenance_section(material),
        glossary_section(),
    ]
    folds = [section for section in behind if section is not None]
    tallies = [one for one in (tally(judged.verdict, topic) for topic in TOPICS) if one.judged]
    script = _file("page.js")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    page = environment.from_string(_file("report.html.j2")).render(
        title=title_of(material),
        subtitle=subtitle(material),
        summary=summarise(material, judged),
        tallies=tallies,
        most=MOST_SENTENCES,
        missing=list(dict.fromkeys(section.missing for section in (*shown, *folds) if section.missing)),
        plates=shown,
        steps=next_steps(material, judged),
        folds=folds,
        style=Markup(style_of_pages() + _file("page.css")),  # files of this package, not text of the data
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}",
    )
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", page)  # a number stays with its sign


def _file(name: str) -> str:
    return resources.files("rainsmith.report").joinpath(name).read_text(encoding="utf-8")
