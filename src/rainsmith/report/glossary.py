"""The words of the page, for readers who meet them for the first time."""

from __future__ import annotations

from rainsmith.report.parts import Facts, Section

WORDS = (
    ("Member", "One possible field of rain for a day. All members of a day are equally likely."),
    ("Prior member", "A member that knows the predictors of its day and nothing else. Every judgement rests on these."),
    ("Posterior member", "A variation of the observed storm: its latents were read from the observation."),
    (
        "Reconstruction",
        "A posterior member held against the day that it saw: what the model draws at best.",
    ),
    ("Latents", "The random numbers from which a member is drawn, level by level from coarse to fine."),
    (
        "KL divergence",
        "How far the latents of an observed day are from those that forecasts are drawn from.",
    ),
    ("Heavy by the input", "Days that the predictors promise to be heavy. They are chosen without the observation."),
    (
        "Heavy as observed",
        "Days that turned out heavy. No honest forecast matches them, so nothing is decided by them.",
    ),
    ("Simple method", "A forecast without a network, such as analogs or interpolation. A model should beat them all."),
    ("P99, P99.9", "The amount that 1 % or 0.1 % of all cell-days exceed."),
    ("Cell-day", "One cell of the fine grid on one day."),
    ("CRPS", "Distance of an ensemble from what fell, in mm/day. Lower is better; spread that is honest lowers it."),
    ("Spread over error", "How far members differ over how far they are wrong. 1 is honest, less is too sure."),
    ("Rank histogram", "Where the observation falls among the ordered members. Flat is honest."),
    ("Spectrum, RALSD", "How much the fields vary at each length, and how far that is off, as a power of ten."),
    ("log1p", "The logarithm of 1 + rain in mm/day, in which light rain counts, too."),
    ("Checkpoint, epoch", "The weights of the network after one more pass over the training days, an epoch."),
    ("Temperature", "A factor of how far members differ, sampling.temperature. 1 draws them as they were trained."),
    ("Tail score", "The CRPS with most of its weight above the training P99."),
    ("90 % interval", "Range of a score over resampled weeks: what other weeks of the same climate might have given."),
)
"""Each word with its meaning in one or two sentences."""


def glossary_section() -> Section:
    """What the words mean."""
    return Section("words", "Words", parts=[Facts("Words of this page", WORDS)], answer="What the words mean.")
