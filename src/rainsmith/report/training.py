"""The section on the training: its curves, and a note on epochs, checkpoints and latent dimensions."""

from __future__ import annotations

from rainsmith.metrics.registry import METRICS
from rainsmith.plots import training
from rainsmith.report.gather import Material
from rainsmith.report.parts import Gallery, Picture, Section, embed

LOSS_CAPTION = "Mean of each term over the training days of an epoch, before its weight; 'loss' is their weighted sum."
KL_CAPTION = "What the posterior tells that the prior does not. Near zero the model ignores its latent variables."
AIM_CAPTIONS = {
    "observed": "Prior members should end on the observed value.",
    "low": "The lower the better.",
    "high": "The higher the better.",
    "one": "The best value is 1.",
}
"""How to read a score by the aim of its metric."""


def training_section(material: Material) -> Section:
    """Loss terms, KL with its weight, and every validation score of the log."""
    rows = material.log
    if not rows:
        return Section("training", "Training", missing="No training log yet: 'rainsmith train' writes it.")
    pictures = [embed(training.loss_terms(rows), "Terms of the training loss by epoch", LOSS_CAPTION)]
    if training.series(rows, "train", "kl")[0].size:
        pictures.append(embed(training.kl_and_beta(rows), "KL divergence and its weight by epoch", KL_CAPTION))
    pictures += [score_picture(material, name) for name in training.scores_of(rows)]
    return Section("training", "Training", [training_note(material)], [Gallery(pictures, "small")])


def score_picture(material: Material, name: str) -> Picture:
    """One validation score by epoch, in the words of its metric where there is one of that name."""
    title, caption = name.replace("_", " ").capitalize(), f"'{name}' of metrics.jsonl."
    if name in METRICS:
        title, aim = METRICS[name].heading, METRICS[name].aim
        if aim != "observed" or training.series(material.log, "validation", "observed", name)[0].size:
            caption = AIM_CAPTIONS.get(str(aim), f"The best value is {aim}.")
    figure = training.score_by_epoch(material.log, name, title=title)
    return embed(figure, f"{title} of prior and posterior members by epoch", caption)


def training_note(material: Material) -> str:
    """Epochs, time, the best checkpoints and the latent dimensions in use."""
    rows = material.log
    minutes = sum(float(row.get("seconds", 0)) for row in rows) / 60
    planned = material.config.train.epochs  # auto where the run has not kept what it was trained with
    texts = [
        f"{len(rows)} epochs"
        + (f" of at most {planned}" if planned != "auto" and len(rows) < planned else "")
        + (f" in {minutes:.0f} minutes of training steps." if minutes >= 1 else ".")
    ]
    weights = training.series(rows, "beta")[1]
    if weights.size > 1 and weights[-1] > weights[-2]:
        texts.append("The weight of the KL divergence was still rising at the end.")
    best = [f"'best {name}' after epoch {epoch}" for name, epoch in sorted(training.best_epochs(rows).items())]
    if best:
        texts.append(f"Checkpoints: {' and '.join(best)} (upright lines).")
    per_dimension = next(
        (row["validation"].get("kl_per_dimension") for row in reversed(rows) if row.get("validation")), None
    )
    if per_dimension:
        active = sum(value > 0.01 for value in per_dimension)
        texts.append(
            f"At the end {active} of {len(per_dimension)} latent dimensions carry more than 0.01 nats: they are used, "
            "which does not say that the members differ enough."
        )
    return " ".join(texts)
