"""The records of diagnoses: what they ask, what they advise, and the page that lists them."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from pydantic import BaseModel

from rainsmith.config import load_config
from rainsmith.diagnose.finding import Figure, at_most
from rainsmith.diagnose.registry import DIAGNOSES, POSTERIOR, Diagnosis, Measurement, Need
from rainsmith.models.registry import MODELS
from tests.diagnose.evidence import ask, evidence_of

PAGE = Path(__file__).parents[2] / "docs/thresholds.md"
NEED_A_POSTERIOR = ("ignores-z", "prior-posterior-gap", "posterior-collapse", "kl-explosion")


def keys_of(section: BaseModel, before: str = "") -> set[str]:
    """Dotted names of all keys of a configuration, those of whole sections too."""
    names = set()
    for name in type(section).model_fields:
        names.add(before + name)
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            names |= keys_of(value, f"{before}{name}.")
    return names


def keys_named(advice: str) -> set[str]:
    """What an advice names as a key of the configuration: words with a dot inside that are no file of the docs."""
    return {word for word in re.findall(r"\b[a-z_]+(?:\.[a-z_]+)+\b", advice) if not word.endswith(".md")}


def test_keys_of_an_advice_are_found() -> None:
    advice = "Lower train.lr, set model.loss.w_min: 0.1 (docs/results.md). Train again."
    assert keys_named(advice) == {"train.lr", "model.loss.w_min"}
    config = load_config(None, None, {"model.name": "flat"})
    assert {"train.lr", "model.d_z", "sweep.members"} <= keys_of(config) and "train.nothing" not in keys_of(config)


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.name)
@pytest.mark.parametrize("model", MODELS.names())
def test_every_key_that_an_advice_names_exists(model: str, diagnosis: Diagnosis) -> None:
    advice = MODELS[model].advice.get(diagnosis.name, diagnosis.advice)
    # what follows the advice to take another model is about the keys of that model
    about_own, *about_others = re.split(r"(?=model\.name: )", advice)
    for text in (f"model.name: {model} {about_own}", *about_others):
        named = re.match(r"model\.name: (\w+)", text)
        assert named is not None
        missing = keys_named(text) - keys_of(load_config(None, None, {"model.name": named[1]}))
        assert not missing, f"{model}: the advice on {diagnosis.name} names {missing}"


@pytest.mark.parametrize("model", MODELS.names())
def test_every_key_that_a_change_names_exists(model: str) -> None:
    kind, known = MODELS[model], keys_of(load_config(None, None, {"model.name": model}))
    assert set(kind.changes) <= set(DIAGNOSES.names())
    for diagnosis in DIAGNOSES:
        for change in (*kind.changes.get(diagnosis.name, ()), *diagnosis.changes):
            assert change.key in known, f"{model}: {diagnosis.name} would change {change.key}"
            assert (change.to is None) != (change.times is None), change


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.name)
def test_an_advice_names_keys_in_full(diagnosis: Diagnosis) -> None:
    """A key without its section, such as w_kl, is found by nobody; values after a colon are no keys."""
    for model in MODELS:
        advice = model.advice.get(diagnosis.name, diagnosis.advice)
        short = re.findall(r"(?<![.\w{])[a-z]+(?:_[a-z]+)+\b", re.sub(r": *[\w.]+", "", advice))
        assert not short, f"{model.name}: the advice on {diagnosis.name} names {short}"


def test_a_model_has_advice_of_its_own_for_known_failures_only() -> None:
    for model in MODELS:
        assert set(model.advice) <= set(DIAGNOSES.names())


def test_every_diagnosis_asks_a_question_and_gives_advice_in_sentences() -> None:
    assert len(DIAGNOSES) >= 21
    for diagnosis in DIAGNOSES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", diagnosis.name)
        assert diagnosis.question[0].isupper() and diagnosis.question.endswith("?")
        assert diagnosis.advice[0].isupper() and diagnosis.advice.endswith((".", "}"))
    orders = [diagnosis.order for diagnosis in DIAGNOSES]
    assert orders == sorted(set(orders))


def test_the_page_gives_bounds_of_known_diagnoses() -> None:
    bounds = PAGE.read_text("utf-8").split("Bounds that no years of observations give")[1].split("\n## ")[0]
    listed = {
        name for row in re.findall(r"^\|(.+?)\|", bounds, re.MULTILINE) for name in re.findall(r"`([a-z-]+)`", row)
    }
    own_bounds = {diagnosis.name for diagnosis in DIAGNOSES if not diagnosis.natural_variability_of}
    assert own_bounds <= listed <= set(DIAGNOSES.names())


def made(measurement: Measurement, needs: tuple[Need, ...] = ()) -> Diagnosis:
    return Diagnosis("made-up", 5, "Is {split} it?", "Change {what} on {split}.", lambda _: measurement, needs)


def test_the_places_of_question_and_advice_are_filled() -> None:
    bad = Measurement([Figure("a", 2.0, at_most(0.0, 1.0, "made up"))], note="seen", words={"what": "it"})
    finding = made(bad).finding(evidence_of(split="validation"))
    assert finding.question == "Is validation it?" and finding.advice == "Change it on validation."
    assert finding.verdict == "fail" and finding.note == "seen"
    assert made(bad).finding(evidence_of(), "My own {what}.").advice == "My own it."


def test_what_is_needed_and_missing_leaves_no_verdict_and_says_why() -> None:
    def never(_: object) -> Measurement:
        raise AssertionError("measured although something is missing")

    need = Need("the model has no wings", lambda evidence: False)
    finding = Diagnosis("made-up", 5, "Is it?", "Change {what}.", never, (need,)).finding(evidence_of())
    assert finding.verdict == "n/a" and not finding.figures and finding.note == "the model has no wings"


@pytest.mark.parametrize("name", NEED_A_POSTERIOR)
def test_a_model_without_a_posterior_is_not_asked_about_it(name: str) -> None:
    finding = ask(name, evidence_of(has_posterior=False))
    assert finding.verdict == "n/a" and "no posterior" in finding.note


def test_no_other_diagnosis_needs_a_posterior() -> None:
    assert tuple(diagnosis.name for diagnosis in DIAGNOSES if POSTERIOR in diagnosis.needs) == NEED_A_POSTERIOR


def test_only_known_places_are_in_advice_and_question() -> None:
    """The words of a measurement are checked where it is measured; here, that nobody adds a place without a word."""
    places = {"leakage": {"split"}, "worse-checkpoint": {"best_epoch"}, "suspect-values": {"first_suspects"}}
    for diagnosis in DIAGNOSES:
        text = diagnosis.question + diagnosis.advice
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named == places.get(diagnosis.name, set()), diagnosis.name
