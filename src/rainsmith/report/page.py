"""The page: facts for its header, the sections with their pictures and tables, and the template that holds them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import jinja2
import numpy as np
import yaml

from rainsmith import criteria
from rainsmith.arrays import SPLITS, TIME, day_numbers, in_day_set, in_split
from rainsmith.plots import training
from rainsmith.report.distributions import cell_size, distribution_pictures
from rainsmith.report.gather import Material
from rainsmith.report.pictures import Picture, date_text, day_pictures, embed
from rainsmith.report.summary import summarise
from rainsmith.report.tables import checklist, comparison_rows, score_tables
from rainsmith.report.words import BASELINE_MEANING, MODEL_WORDS, number
from rainsmith.run import provenance

CREDITS = ("title", "source", "institution", "references", "comment", "license", "licence", "terms")
"""Attributes of the store that say whose data these are."""
COUNTS = {
    "days_found": "days found",
    "days_dropped": "days dropped for lack of a lag or predictor",
    "days_in_gaps": "days left as gaps between splits",
    "negatives_set_to_zero": "tiny negative values set to 0",
    "suspect_values": "suspect values",
    "suspect_action": "what was done with them",
}
"""Attributes of the store that count what preparation did."""
FIGURE_NOTES = {
    "max": "Largest value over all validation days, median member. Prior members should reach the observed line, not pass it.",
    "mean": "Mean over the validation days. A prior line that stays below the observed one is a model too dry without the observation.",
    "p99": "The amount that one cell-day in a hundred exceeds. It should end on the observed line.",
    "wet_fraction": "Share of cells with rain. Above the observed line the model drizzles everywhere.",
    "diversity": "How much members of one day differ (0: all alike). Near zero the latent variables are ignored.",
    "correlation": "Of each member with the observed map. Posterior members have seen that map.",
    "crps": "Error of the whole ensemble; the lower the better. A gap between prior and posterior is what the input does not tell.",
    "twcrps_p99": "The same for amounts above the training P99 only. The checkpoint 'best prior' has the lowest prior value.",
    "mae_tail": "Error of the ensemble mean where heavy rain was observed. 'Best tail' has the lowest posterior value.",
}
LOSS_NOTE = "Mean of each term over the training days of an epoch, before its weight; 'loss' is their weighted sum."
KL_NOTE = (
    "How much the posterior tells that the prior does not, summed over the latent dimensions, and the weight that it "
    "has in the loss. Near zero the model ignores its latent variables."
)


def render(material: Material, days: int) -> str:
    """The whole page as HTML without any outside reference."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
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
    title = str(material.store.attrs.get("title", "")) or material.config.data.kind
    return {
        "title": title,
        "facts": facts(material),
        "summary": summarise(material, verdict, verdicts),
        "verdict": checklist(verdict, list(verdicts.values())),
        "documented": checklist(documented, documenteds),
        "baselines": [(MODEL_WORDS.get(n, n), BASELINE_MEANING.get(n, "")) for n in material.baselines],
        "not_applicable": [(MODEL_WORDS.get(n, n), why) for n, why in material.notes.items()],
        "days": cards,
        "bar": bar,
        "wide_maps": _wide(material),
        "distributions": distribution_pictures(material),
        "tables": score_tables(material),
        "comparisons": comparison_rows(material),
        "training": training_pictures(material),
        "training_note": training_note(material),
        "missing": material.missing,
        "credits": [(key, str(material.store.attrs[key])) for key in CREDITS if material.store.attrs.get(key)],
        "counts": [(COUNTS[key], material.store.attrs[key]) for key in COUNTS if key in material.store.attrs],
        "made_by": provenance_rows(material),
        "config": yaml.safe_dump(material.config.model_dump(mode="json", by_alias=True), sort_keys=False),
    }


def facts(material: Material) -> list[tuple[str, str]]:
    """What, where, when, how judged: the table at the head of the page."""
    store = material.store
    cell, unit = cell_size(store)
    numbers, split = day_numbers(store[TIME]), store["split"].values
    periods = []
    for index, name in enumerate(SPLITS):
        inside = numbers[split == index]
        if inside.size:
            periods.append((name.capitalize(), f"{_date(inside[0])} to {_date(inside[-1])}, {inside.size} days"))
    judged = in_split(store, material.split)
    heavy = int(in_day_set(judged, "heavy").sum())
    rows = [
        ("Region", _region(material)),
        ("Fine grid", f"{store.sizes['y']} x {store.sizes['x']} cells{f' of {cell:.3g} km' if unit == 'km' else ''}, "
                      f"{int(store['mask'].sum())} of them valid"),
        ("Coarse input", f"{store.sizes['channel']} channels on {store.sizes['y_lr']} x {store.sizes['x_lr']} cells"),
        *periods,
        ("Thresholds", f"wet from {material.config.data.wet_mm:g} mm/day; training P95 {number(float(store['p95']))}, "
                       f"P99 {number(float(store['p99']))} mm/day"),
        ("Heavy day", f"at least {100 * material.config.data.heavy_area:g} % of the cells above "
                      f"{number(float(store['heavy_threshold']))} mm/day; {heavy} of {judged.sizes[TIME]} {material.split} days"),
        ("Model", _model(material)),
    ]  # fmt: skip
    rows += [(f"{mode.capitalize()} members", _members(data.attrs, data.sizes)) for mode, data in material.samples.items()]
    return rows


def _region(material: Material) -> str:
    store = material.store
    if "latitude" not in store.coords or "longitude" not in store.coords:
        return "without latitudes and longitudes"
    mask = np.asarray(store["mask"].values, dtype=bool)
    latitude, longitude = store["latitude"].values, store["longitude"].values
    if latitude.ndim == 1:
        longitude, latitude = np.meshgrid(longitude, latitude)
    return f"{_degrees(latitude[mask], 'SN')}, {_degrees(longitude[mask], 'WE')}"


def _degrees(values: np.ndarray, names: str) -> str:
    ends = [f"{abs(v):.1f}\N{DEGREE SIGN}{names[v >= 0]}" for v in (np.nanmin(values), np.nanmax(values))]
    return " to ".join(ends)


def _date(number_of_day: int) -> str:
    return date_text(int(number_of_day))


def _model(material: Material) -> str:
    model = material.config.model
    return f"{model.name}, injection {model.injection}" if model.name == "flat" else model.name


def _members(attrs: dict[Any, Any], sizes: Any) -> str:
    epoch = attrs.get("checkpoint_epoch")
    parts = [f"{sizes['member']} a day on {sizes[TIME]} days", f"checkpoint {attrs.get('checkpoint', 'unknown')}"]
    if isinstance(epoch, int | np.integer) and epoch >= 0:
        parts[-1] += f" (epoch {int(epoch) + 1})"
    parts.append(f"temperature {attrs.get('temperature', 1.0):g}")
    return ", ".join(parts)


def _wide(material: Material) -> bool:
    mask = np.asarray(material.store["mask"].values, dtype=bool)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return bool(np.ptp(columns) > np.ptp(rows)) if mask.any() else False


def training_pictures(material: Material) -> list[Picture]:
    """Loss terms, KL and beta, and every validation figure of the log."""
    rows = material.log
    if not rows:
        return []
    pictures = [embed(training.loss_terms(rows), "Terms of the training loss by epoch", LOSS_NOTE)]
    if training.series(rows, "train", "kl")[0].size:
        pictures.append(embed(training.kl_and_beta(rows), "KL divergence and its weight by epoch", KL_NOTE))
    for name in training.available(rows):
        alt = f"{training.FIGURES[name]} of prior and posterior members by epoch"
        pictures.append(embed(training.figure_by_epoch(rows, name), alt, FIGURE_NOTES[name]))
    return pictures


def training_note(material: Material) -> str:
    """Epochs, time, the two best checkpoints and the latent dimensions in use, in a sentence or two."""
    rows = material.log
    if not rows:
        return ""
    minutes = sum(float(row.get("seconds", 0)) for row in rows) / 60
    text = f"{len(rows)} epochs in {minutes:.0f} minutes of training steps." if minutes >= 1 else f"{len(rows)} epochs."
    best = training.best_epochs(rows)
    if best:
        named = [f"'best {name}' after epoch {epoch}" for name, epoch in sorted(best.items())]
        text += f" Checkpoints: {' and '.join(named)} (upright lines)."
    per_dimension = next((row["validation"].get("kl_per_dimension") for row in reversed(rows) if row.get("validation")), None)
    if per_dimension:
        active = sum(value > 0.01 for value in per_dimension)
        text += f" At the end {active} of {len(per_dimension)} latent dimensions carry more than 0.01 nats."
    return text


def provenance_rows(material: Material) -> list[tuple[str, str]]:
    """Versions, seeds, checksums and the time of the report."""
    made = provenance(material.config)
    rows = [("Report made", made["created"]), ("Configuration", f"sha256 {made['config_sha256']}")]
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in made["versions"].items())))
    rows.append(("Seeds", f"training {material.config.seed}, sampling {material.config.sampling.seed}"))
    for mode, data in material.samples.items():
        digest = data.attrs.get("checkpoint_sha256")
        if digest:
            rows.append((f"Checkpoint of the {mode} members", f"{data.attrs.get('checkpoint')}, sha256 {digest}"))
    prepared = material.store.attrs.get("history")
    if prepared:
        rows.append(("Data prepared", str(prepared).splitlines()[0]))
    return rows
