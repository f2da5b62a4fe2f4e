"""The section on the training: its curves, and a note on epochs, checkpoints and latent dimensions."""

from __future__ import annotations

from rainsmith.metrics.registry import METRICS
from rainsmith.plots import training
from rainsmith.report.gather import Material
from rainsmith.report.parts import Gallery, Picture, Section, embed
from rainsmith.report.words import listing

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
    others = material.other_logs
    pictures = [embed(training.loss_terms(rows, others), "Terms of the training loss by epoch", LOSS_CAPTION)]
    if training.series(rows, "train", "kl")[0].size:
        pictures.append(embed(training.kl_and_beta(rows, others), "KL divergence and its weight by epoch", KL_CAPTION))
    pictures += [score_picture(material, name) for name in training.scores_of(rows)]
    answer, rest = training_note(material)
    return Section("training", "Training", [rest] if rest else [], [Gallery(pictures, "small")], answer=answer)


def score_picture(material: Material, name: str) -> Picture:
    """One validation score by epoch, in the words of its metric where there is one of that name."""
    title, caption = name.replace("_", " ").capitalize(), f"'{name}' of metrics.jsonl."
    if name in METRICS:
        title, aim = METRICS[name].heading, METRICS[name].aim
        if aim != "observed" or training.series(material.log, "validation", "observed", name)[0].size:
            caption = AIM_CAPTIONS.get(str(aim), f"The best value is {aim}.")
    figure = training.score_by_epoch(material.log, name, title=title, others=material.other_logs)
    return embed(figure, f"{title} of prior and posterior members by epoch", caption)


def training_note(material: Material) -> tuple[str, str]:
    """Epochs, networks and time in a sentence; then the best checkpoints and the latent dimensions in use."""
    rows, logs = material.log, [material.log, *material.other_logs]
    minutes = sum(float(row.get("seconds", 0)) for log in logs for row in log) / 60
    planned = material.config.train.epochs  # auto where the run has not kept what it was trained with
    of_pool = f" in each of {len(logs)} networks" if len(logs) > 1 else ""
    counts = sorted({len(log) for log in logs})
    count = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    answer = (
        f"{count} epochs{of_pool}"
        + (f" of at most {planned}" if planned != "auto" and counts[0] < planned else "")
        + (f" in {minutes:.0f} minutes of training steps." if minutes >= 1 else ".")
    )
    texts = []
    if len(logs) > 1:
        texts.append("Strong lines are those of the first network, faint ones those of the others.")
    weights = training.series(rows, "beta")[1]
    if weights.size > 1 and weights[-1] > weights[-2]:
        texts.append("The weight of the KL divergence was still rising at the end.")
    best_of = [training.best_epochs(log) for log in logs]
    best = [
        f"'best {name}' after epoch {listing([str(epochs[name]) for epochs in best_of if name in epochs])}"
        for name in sorted({name for epochs in best_of for name in epochs})
    ]
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
    return answer, " ".join(texts)
