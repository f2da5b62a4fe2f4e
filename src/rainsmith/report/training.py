"""The training curves of the report with their captions."""

from __future__ import annotations

import math

from rainsmith.plots import training
from rainsmith.report.gather import Material
from rainsmith.report.pictures import Picture, embed

FIGURE_NOTES = {
    "max": "Largest value over all validation days, median member. Prior members should reach the observed line, "
    "not pass it.",
    "mean": "Mean over the validation days. A prior line that stays below the observed one is a model too dry where "
    "it does not see the observation.",
    "p99": "The amount that one cell-day in a hundred exceeds. It should end on the observed line.",
    "wet_fraction": "Share of cells with rain. Above the observed line the model drizzles everywhere.",
    "diversity": "How much members of one day differ (0: all alike). Near zero the latent variables are ignored.",
    "correlation": "Of each member with the observed map. Posterior members have seen that map.",
    "crps": "Error of the whole ensemble; the lower the better. Posterior members have seen the observation, so their "
    "line should be clearly the lower one.",
    "twcrps_p99": "The same for amounts above the training P99 only. The checkpoint 'best prior' has the lowest "
    "prior value.",
    "mae_tail": "Error of the ensemble mean where heavy rain was observed. 'Best tail' has the lowest posterior value.",
}
LOSS_NOTE = "Mean of each term over the training days of an epoch, before its weight; 'loss' is their weighted sum."
KL_NOTE = (
    "How much the posterior tells that the prior does not, summed over all latent values of a day, and the weight "
    "that it has in the loss. Near zero the model ignores its latent variables."
)


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
    planned = material.config.train.epochs
    text = f"{len(rows)} epochs" + (f" of at most {planned}" if len(rows) < planned else "")
    text += f" in {minutes:.0f} minutes of training steps." if minutes >= 1 else "."
    reached, full = float(rows[-1].get("beta", math.nan)), material.config.beta
    if reached < 0.99 * full:
        text += f" The weight of the KL divergence was still rising at the end: {reached:.2g} of {full:.2g}."
    best = training.best_epochs(rows)
    if best:
        named = [f"'best {name}' after epoch {epoch}" for name, epoch in sorted(best.items())]
        text += f" Checkpoints: {' and '.join(named)} (upright lines)."
    per_dimension = next(
        (row["validation"].get("kl_per_dimension") for row in reversed(rows) if row.get("validation")), None
    )
    if per_dimension:
        active = sum(value > 0.01 for value in per_dimension)
        text += f" At the end {active} of {len(per_dimension)} latent dimensions carry more than 0.01 nats: "
        text += "they are used, which does not say that the members differ enough."
    return text
