"""The page: facts for its header, the sections with their pictures and tables, and the template that holds them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import jinja2
import numpy as np
import yaml

from rainsmith.evaluate import criteria
from rainsmith.report.augmentation import experiment_pictures, experiment_sentences, experiment_tables
from rainsmith.report.checklist import checklist
from rainsmith.report.climate import climate_columns, climate_pictures, climate_rows
from rainsmith.report.diagnosis import diagnosis_rows, diagnosis_sentence
from rainsmith.report.distributions import distribution_pictures
from rainsmith.report.facts import credit_rows, facts, provenance_rows, region
from rainsmith.report.gather import Material
from rainsmith.report.pictures import day_pictures
from rainsmith.report.summary import summarise
from rainsmith.report.tables import comparison_rows, honesty, promise, score_tables
from rainsmith.report.training import training_note, training_pictures
from rainsmith.report.words import BASELINE_MEANING, MODEL_WORDS, listing


def render(material: Material, days: int) -> str:
    """The whole page as HTML without any outside reference."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = resources.files("rainsmith").joinpath("assets/report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(**context(material, days))


def context(material: Material, days: int) -> dict[str, Any]:
    """Everything that the template shows."""
    metrics, model, split = material.metrics, material.model, material.split
    scored = len(metrics) > 0
    verdict = criteria.verdict(metrics, model, split) if scored else []
    documented = criteria.documented(metrics, model, split) if scored else []
    verdicts = {name: criteria.verdict(metrics, name, split) for name in material.baselines}
    documenteds = [criteria.documented(metrics, name, split) for name in material.baselines]
    cards, bar = day_pictures(material, days)
    return {
        "title": str(material.store.attrs.get("title", "")) or f"Daily rain, {region(material)}",
        "chosen": promise(material),
        "facts": facts(material),
        "summary": summarise(material, verdict, verdicts),
        "verdict": checklist(verdict, list(verdicts.values())),
        "documented": checklist(documented, documenteds),
        "baselines": [(MODEL_WORDS.get(n, n), BASELINE_MEANING.get(n, "")) for n in material.baselines],
        "not_applicable": _left_out(material),
        "diagnosis": diagnosis_rows(material.diagnosis),
        "diagnosed": diagnosis_sentence(material.diagnosis),
        "days": cards,
        "honesty": honesty(material),
        "bar": bar,
        "wide_maps": _wide(material),
        "distributions": distribution_pictures(material),
        "climate": climate_rows(material),
        "climate_columns": [MODEL_WORDS.get(n, n) for n in climate_columns(material.climate, material.model)],
        "climate_pictures": climate_pictures(material),
        "tables": score_tables(material),
        "comparisons": comparison_rows(material),
        "experiment_sentences": experiment_sentences(material),
        "experiment_pictures": experiment_pictures(material),
        "experiment_tables": experiment_tables(material),
        "training": training_pictures(material),
        "training_note": training_note(material),
        "missing": material.missing,
        "credits": credit_rows(material),
        "made_by": provenance_rows(material),
        "config": yaml.safe_dump(material.config.model_dump(mode="json", by_alias=True), sort_keys=False),
    }


def _left_out(material: Material) -> list[tuple[str, str]]:
    """Baselines that do not apply, grouped by the reason (without the advice that follows it)."""
    reasons: dict[str, list[str]] = {}
    for name, why in material.notes.items():
        reasons.setdefault(why.partition(";")[0], []).append(MODEL_WORDS.get(name, name))
    return [(listing(names), why) for why, names in reasons.items()]


def _wide(material: Material) -> bool:
    mask = np.asarray(material.store["mask"].values, dtype=bool)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return bool(np.ptp(columns) > np.ptp(rows)) if mask.any() else False
