"""Plain words beside a step: what its key is, and what the terms mean that its text uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rainsmith.config import Config
from rainsmith.report.glossary import WORDS

TERMS = (
    (r"reconstruction", "Reconstruction"),
    (r"posterior", "Posterior member"),
    (r"prior|all members|members", "Prior member"),
    (r"latent", "Latents"),
    (r"\bKL\b", "KL divergence"),
    (r"\bpower\b|RALSD|spectrum", "Spectrum, RALSD"),
    (r"tail score", "Tail score"),
    (r"CRPS", "CRPS"),
    (r"P9\d", "P99, P99.9"),
    (r"heavy by the input", "Heavy by the input"),
    (r"spread over error|diversity ratio", "Spread over error"),
    (r"\brank", "Rank histogram"),
    (r"log1p", "log1p"),
    (r"checkpoint|(?<![.\w])epoch", "Checkpoint, epoch"),
    (r"temperature", "Temperature"),
)
"""What a text says, and the word of the glossary that explains it."""
MOST = 4
"""Terms that are explained beside one step."""


def terms_in(text: str, known: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The terms of a text with one sentence each, in the order in which it uses them.

    Args:
        text: plain text.
        known: terms that were explained before.
    """
    places = {word: match.start() for pattern, word in TERMS if (match := re.search(pattern, text, re.IGNORECASE))}
    meanings = dict(WORDS)
    wanted = [word for word in sorted(places, key=places.__getitem__) if word not in known]
    return [(word, first_sentence(meanings[word])) for word in wanted[:MOST]]


def about_key(config: Config, key: str) -> str:
    """The sentence that says what a key of the configuration is, without its unit; "" for a key that is not there."""
    *sections, name = key.split(".")
    section: Any = config
    for part in sections:
        section = getattr(section, part, None)
    field = getattr(type(section), "model_fields", {}).get(name)
    return first_sentence(re.sub(r"^\[[^]]*\] ", "", (field and field.description) or ""))


def first_sentence(text: str) -> str:
    """The first sentence of a description, in one line and without the marks of code."""
    plain = " ".join(text.replace("`", "").split())
    return re.split(r"(?<=[.;:]) (?=[A-Z])", plain)[0]
