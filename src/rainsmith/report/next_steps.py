"""What to do next: at most three steps, the most useful first, each with a key and a value or with a command.

Stages that have not run come first, because without them nothing is known. Then come failures that ``diagnose`` found,
causes before what follows from them, then what is only doubtful, then what makes a sound model better.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from rainsmith.diagnose.finding import Part
from rainsmith.evaluate.criteria import Criterion
from rainsmith.report.criteria import Judged
from rainsmith.report.diagnosis import measured
from rainsmith.report.forecasts import forecast_named
from rainsmith.report.gather import Material
from rainsmith.report.plain_words import about_key, terms_in
from rainsmith.report.summary import hardest_rival
from rainsmith.report.topics import MET

MOST = 3
"""Steps that are shown."""
NETWORKS = 4
"""Networks of the pool that is advised."""
WORTH = 0.01
"""A checkpoint that lowers the tail score of validation days by less than this share is not worth a step."""


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        title: what to do, in a few words.
        reason: why, with the figure that says so.
        change: the key and its value as on the command line, ``train.epochs=24``; "" where no key is to change.
        command: the line to type; "" where there is none.
        beside: what else may help, or "".
        words: the key and the terms of the step, each with what it is in plain words.
    """

    title: str
    reason: str
    change: str = ""
    command: str = ""
    beside: str = ""
    words: Sequence[tuple[str, str]] = ()


def next_steps(material: Material, judged: Judged) -> list[Step]:
    """The three most useful steps; no two change the same key."""
    steps: list[Step] = []
    for step in _every_step(material, judged):
        key = step.change.partition("=")[0] or step.title
        if all(key != (other.change.partition("=")[0] or other.title) for other in steps):
            steps.append(step)
    return _in_plain_words(material, steps[:MOST])


def _in_plain_words(material: Material, steps: Sequence[Step]) -> list[Step]:
    """The steps with their key and their terms in plain words; no term is explained twice."""
    explained, known = [], list[str]()
    for step in steps:
        key = step.change.strip("'").partition("=")[0]
        about = [(key.rpartition(".")[2], meaning)] if (meaning := about_key(material.config, key)) else []
        terms = terms_in(f"{step.title}. {step.reason} {step.beside}", known)
        known += [word for word, _ in terms]
        explained.append(replace(step, words=[*about, *terms]))
    return explained


def _every_step(material: Material, judged: Judged) -> Iterator[Step]:
    yield from _missing_stages(material)
    failed, doubtful = (_findings(material, verdict) for verdict in ("fail", "warn"))
    yield from _advised(material, failed, lambda part: part in ("data", "training"))
    yield from _better_checkpoint(material)
    yield from _advised(material, failed, lambda part: part not in ("data", "training"))
    yield from _rival(material)
    yield from _pool(material, judged.verdict)
    yield from _advised(material, doubtful, lambda part: True)
    yield from _uses(material, judged.verdict)


def _missing_stages(material: Material) -> Iterator[Step]:
    """Commands without which the page cannot judge."""
    run = f"--run {shlex.quote(str(material.folder))}"
    if "prior" not in material.samples:
        yield Step("Draw members", "There are no prior members yet.", command=f"rainsmith sample --mode prior {run}")
    elif material.metrics.empty:
        yield Step("Score the members", "Nothing has been scored yet.", command=f"rainsmith evaluate {run}")
    elif not material.diagnosis:
        reason = "Known failures have not been looked for."
        yield Step("Ask why a check is missed", reason, command=f"rainsmith diagnose {run}")


def _findings(material: Material, verdict: str) -> list[Mapping[str, Any]]:
    """What ``diagnose`` found with a verdict, causes first."""
    found = [one for one in material.diagnosis.get("findings", []) if one["verdict"] == verdict]
    order = get_args(Part)
    return sorted(found, key=lambda one: order.index(one["part"]))


def _advised(material: Material, findings: list[Mapping[str, Any]], wanted: Callable[[str], bool]) -> Iterator[Step]:
    for finding in findings:
        if not wanted(finding["part"]):
            continue
        value, bounds = measured(finding, digits=3)
        figure = (
            f"{value.small[:1].upper()}{value.small[1:]}: {value.text}; in order: {bounds.text}." if value.text else ""
        )
        what, _, how = finding["advice"].partition(": ")
        title = what if how else f"{finding['name'].replace('-', ' ').capitalize()} was found"
        advice = how or finding["advice"]
        change = next(iter(finding["change"].items()), None)
        of_change = _set(material, *change) if change else ("", "")
        yield Step(title, figure, *of_change, beside=advice[:1].upper() + advice[1:])


def _better_checkpoint(material: Material) -> Iterator[Step]:
    """The checkpoint that a sweep ranks first, where it is another one than that in use and clearly better."""
    table, used = material.sweep, material.config.sampling.checkpoint
    if table.empty:
        return
    best = table.iloc[0]
    names = str(best["checkpoint"]).split()
    in_use = table[table["checkpoint"].map(lambda text: used in str(text).split())]
    if used in names or in_use.empty:
        return
    gain = 1 - float(best["prior_tail_score"]) / float(in_use.iloc[0]["prior_tail_score"])
    if gain >= WORTH:
        reason = f"On validation days its tail score is {100 * gain:.3g} % lower than that of {used}, which is in use."
        title = f"Take the checkpoint of epoch {int(best['epoch'])}"
        yield Step(title, reason, *_set(material, "sampling.checkpoint", names[0]))


def _rival(material: Material) -> Iterator[Step]:
    hardest = hardest_rival(material)
    if hardest is not None and hardest["lower"] > 0:
        rival = forecast_named(hardest["b"]).title
        reason = (
            "Its CRPS over all days is lower by more than chance. Give the model more training years or predictors "
            f"that say more, or use {rival}: rainsmith.api.baseline draws it."
        )
        yield Step(f"Do not use this model yet: {rival} is better", reason)


def _pool(material: Material, verdict: Sequence[Criterion]) -> Iterator[Step]:
    """Several networks instead of one, where something is missed and the input leaves much open."""
    missed = any(line.grade not in (*MET, "n/a") for line in verdict)
    if missed and material.config.train.pool == 1 and not material.is_super_resolution:
        reason = (
            "Single networks of the same settings differ: a pool is never worse than their mean, and its members know "
            "how sure the training is. It takes as many times longer."
        )
        yield Step(f"Train {NETWORKS} networks instead of one", reason, *_set(material, "train.pool", NETWORKS))


def _uses(material: Material, verdict: Sequence[Criterion]) -> Iterator[Step]:
    """What a model that is in order is for."""
    run = f"--run {shlex.quote(str(material.folder))}"
    if material.sweep.empty:
        reason = "It scores all saved checkpoints on validation days, and says whether another one is better."
        yield Step("Compare the saved checkpoints", reason, command=f"rainsmith sweep {run}")
    if material.judged_days.empty:
        reason = "Synthetic heavy days are drawn, judged and mixed with the real ones."
        yield Step("Make a training set for a downscaler", reason, command=f"rainsmith augment {run}")
    if not len(material.trials.columns):
        reason = "It trains downscalers with and without synthetic days: do not rely on them before."
        yield Step("Ask whether synthetic days help", reason, command=f"rainsmith experiment {run}")
    if verdict and all(line.grade in (*MET, "n/a") for line in verdict):
        reason = "Every check is met on these days. Years that nobody has looked at are the proof that is left."
        yield Step("Judge it on other years", reason, "data.splits.test=[FIRST, LAST]")


def _set(material: Material, key: str, value: Any) -> tuple[str, str]:
    """The change as text, and the command that makes it: in the same folder, or where it trains anew in another one."""
    number = f"{value:g}" if isinstance(value, float) else json.dumps(value, separators=(",", ":"))
    text = value if isinstance(value, str) else number
    change, run = shlex.quote(f"{key}={text}"), shlex.quote(str(material.folder))
    if key.startswith("sampling."):
        return change, f"rainsmith run --run {run} --set {change}"
    endings = ("/config.yaml", f"-{key.rpartition('.')[2]}")  # a folder a step: none finds the training of another
    of_config, of_next = (shlex.quote(f"{material.folder}{ending}") for ending in endings)
    return change, f"rainsmith run --config {of_config} --run {of_next} --set {change}"
