"""What to do next: missing stages first, then causes before what follows from them, three steps at most."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from rainsmith.report.criteria import judge
from rainsmith.report.gather import Material
from rainsmith.report.next_steps import Step, next_steps
from tests.report.test_sweep import sweep_table


def _steps(material: Material, **changes: Any) -> list[Step]:
    changed = replace(material, **{"folder": Path("runs/one"), **changes})
    return next_steps(changed, judge(changed))


def _finding(name: str, verdict: str, part: str, **change: Any) -> dict[str, Any]:
    figure = {"name": "figure, heavy_x days", "value": 2.0, "verdict": verdict, "warn": [None, 1.0], "origin": "years"}
    finding = {"name": name, "question": "?", "verdict": verdict, "part": part, "change": change, "figures": [figure]}
    return {**finding, "advice": f"{name} is wrong: mend it."}


def test_the_first_step_is_the_stage_that_is_missing(material: Material) -> None:
    assert _steps(material, samples={})[0].command == "rainsmith sample --mode prior --run runs/one"
    assert _steps(material, metrics=pd.DataFrame())[0].command == "rainsmith evaluate --run runs/one"
    assert _steps(material)[0].command == "rainsmith diagnose --run runs/one", "the run has no diagnosis"
    spaced = _steps(material, folder=Path("my runs/one"))
    assert spaced[0].command == "rainsmith diagnose --run 'my runs/one'"


def test_causes_come_before_what_follows_and_failures_before_doubts(material: Material) -> None:
    findings = [
        _finding("noise", "fail", "members", **{"model.objective.increments": [1, 2, 4]}),
        _finding("drizzle", "warn", "data", **{"train.lr": 1e-4}),
        _finding("unfinished", "fail", "training", **{"train.epochs": 24}),
        _finding("blur", "fail", "members", **{"train.epochs": 24}),
        _finding("suspect", "fail", "data", **{"data.suspect": "mask"}),
    ]
    steps = _steps(material, diagnosis={"findings": findings})
    assert [step.change for step in steps] == [
        "data.suspect=mask",
        "train.epochs=24",
        "'model.objective.increments=[1,2,4]'",
    ], "no key twice, and three at most"
    assert steps[1].title == "unfinished is wrong" and steps[1].beside == "Mend it."
    assert steps[1].reason == "Figure, days heavy by the input: 2.00; in order: at most 1.00."
    assert steps[1].command == "rainsmith run --config runs/one/config.yaml --run runs/one-epochs --set train.epochs=24"


def test_a_better_checkpoint_is_taken_without_training(material: Material) -> None:
    steps = _steps(material, diagnosis={"findings": [_finding("x", "pass", "data")]}, sweep=sweep_table())
    assert steps[0].change == "sampling.checkpoint=epoch_009" and "9.09 % lower" in steps[0].reason
    assert steps[0].command == "rainsmith run --run runs/one --set sampling.checkpoint=epoch_009"
    near = sweep_table().assign(prior_tail_score=[1.0, 1.005, 1.4])
    others = _steps(material, diagnosis={"findings": [_finding("x", "pass", "data")]}, sweep=near)
    assert not any("checkpoint" in step.change for step in others), "within the noise"


def test_a_simple_method_that_is_better_is_said(material: Material) -> None:
    row = {"metric": "crps", "days": "all", "a": "flat-prior", "b": "scaled-analogs", "difference": 0.2, "upper": 0.3}
    worse = pd.DataFrame([{**row, "lower": 0.1}])
    found = {"findings": [_finding("x", "pass", "data")]}
    assert "scaled analogs is better" in _steps(material, diagnosis=found, comparisons=worse)[0].title
    noise = pd.DataFrame([{**row, "lower": -0.1}])
    assert not any("is better" in step.title for step in _steps(material, diagnosis=found, comparisons=noise))


def test_a_sound_model_is_put_to_use(material: Material) -> None:
    found = {"findings": [_finding("x", "pass", "data")]}
    commands = [step.command.split(" --run")[0] for step in _steps(material, diagnosis=found)]
    assert commands == ["rainsmith sweep", "rainsmith augment", "rainsmith experiment"]


def test_keys_and_terms_stand_beside_in_plain_words_and_figures_have_three_digits(material: Material) -> None:
    finding = _finding("noise", "fail", "members", **{"train.weight_decay": 0.1})
    finding["advice"] = "Grains: lower the KL divergence of the latents, heavy by the input, or train more epochs."
    near = {"name": "power", "value": 0.89951, "verdict": "fail", "warn": [0.9, None], "origin": "years"}
    other = _finding("blur", "warn", "members", **{"train.lr": 1e-4})
    first, second, *_ = _steps(material, diagnosis={"findings": [finding | {"figures": [near]}, other]})
    assert first.reason == "Power: 0.900, just outside; in order: at least 0.900."
    assert first.words[0] == ("weight_decay", "Weight decay of AdamW.")
    assert [word for word, _ in first.words[1:]] == [
        "Spectrum, RALSD",
        "KL divergence",
        "Latents",
        "Heavy by the input",
    ]
    assert all(meaning and "`" not in meaning for _, meaning in first.words)
    assert second.words[0][0] == "lr" and "Heavy by the input" not in dict(second.words), "said before"
