"""Say why a generative model fails: for each known failure a number, a threshold, a verdict and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import xarray as xr

from rainsmith.base.console import console, progress
from rainsmith.base.dims import in_split
from rainsmith.base.errors import UserError
from rainsmith.base.files import open_zarr, read_jsonl, write_json
from rainsmith.base.provenance import provenance
from rainsmith.config import Config
from rainsmith.diagnose import data, neighbours, reference_advice, training
from rainsmith.diagnose import latents as inside
from rainsmith.diagnose import members as output
from rainsmith.diagnose.finding import Finding, Verdict
from rainsmith.diagnose.natural_variability import natural
from rainsmith.evaluate.stage import settings_of
from rainsmith.evaluate.table import MetricTable
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.run_folder import Run
from rainsmith.sample.sampler import Sampler
from rainsmith.train.validation import choose_days

PROBED_DAYS = 64
"""Validation days, half of them heavy_x, on which the latents are looked at."""
VERDICTS: tuple[Verdict, ...] = ("fail", "warn", "pass", "n/a")


@dataclass(frozen=True)
class Diagnosis:
    """What was found about one model.

    Attributes:
        findings: one a failure, in a fixed order.
        about: model, checkpoint, split, provenance.
    """

    findings: list[Finding]
    about: dict[str, Any]

    def count(self) -> dict[str, int]:
        """How many findings have each verdict."""
        found = [finding.verdict for finding in self.findings]
        return {verdict: found.count(verdict) for verdict in VERDICTS}

    def text(self) -> str:
        """The verdicts in lines, failures first; advice under what has not passed."""
        lines = []
        for finding in sorted(self.findings, key=lambda found: VERDICTS.index(found.verdict)):
            figure = finding.decisive
            number = "" if figure is None or finding.verdict == "n/a" else f": {figure.name} is {figure.value:.3g}"
            lines.append(f"{finding.verdict:4s}  {finding.name}{number}")
            if finding.verdict in ("warn", "fail"):
                lines.append(f"      {finding.advice}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """As ``diagnosis.json`` keeps it."""
        return {**self.about, "count": self.count(), "findings": [finding.to_json() for finding in self.findings]}


def diagnose(config: Config, run: Run) -> Diagnosis:
    """Ask every question of ``docs/failure-modes.md`` of the model of a run.

    Writes ``diagnosis.json``. Reads the store, ``sampling.checkpoint``, ``metrics.jsonl``, ``evaluation/metrics.csv``
    and the prior members of the first of ``sampling.splits`` that was scored.

    Raises:
        UserError: the model was not trained, sampled in prior mode, or scored.
    """
    store = run.open_store()
    loaded = checkpoints.load(run.checkpoints / config.sampling.checkpoint)
    checkpoints.check_fits(loaded, store)
    metrics, split = _scored(config, run, loaded.config.model.name)
    path = run.sample_path(loaded.config.model.name, "prior", split)
    samples = open_zarr(path, "run 'rainsmith sample' first")
    if samples.attrs["checkpoint_sha256"] != loaded.sha256:
        raise UserError(
            f"{path.name} was drawn from another checkpoint than {loaded.name} is now; "
            "run 'rainsmith sample' and 'rainsmith evaluate' again"
        )
    found = []
    with progress() as bar:
        task = bar.add_task("diagnose", total=None, note="")
        for finding in _findings(config, run, store, loaded, metrics, split, samples):
            if loaded.config.model.name == "flat":
                finding = replace(finding, advice=reference_advice.ADVICE.get(finding.name, finding.advice))
            found.append(finding)
            bar.update(task, completed=len(found), note=finding.name)
    about = {"model": loaded.config.model.name, "checkpoint": loaded.name, "epoch": loaded.epoch + 1, "split": split}
    diagnosis = Diagnosis(found, {**about, "provenance": provenance(config)})
    write_json(run.folder / "diagnosis.json", diagnosis.to_json())
    console.print(", ".join(f"{number} {verdict}" for verdict, number in diagnosis.count().items()))
    return diagnosis


def _findings(
    config: Config,
    run: Run,
    store: xr.Dataset,
    loaded: Checkpoint,
    metrics: MetricTable,
    split: str,
    samples: xr.Dataset,
) -> Iterator[Finding]:
    limits = settings_of(store, config)
    yardstick = natural(store, split, output.COMPARED, limits, scored=samples["time"], seed=config.seed)
    scored = output.Output(metrics, loaded.config.model.name, yardstick)
    yield from output.findings(scored)
    one = samples["precip"].isel(member=0).load()
    obs = store["precip"].sel(time=one["time"])
    asked_for = float(samples.attrs.get("pixel_threshold", 0.0))
    yield output.threshold_in_mm(one, obs, max(config.data.wet_mm, asked_for))
    yield from neighbours.findings(store, one, split, seed=config.seed)

    sampler = Sampler(loaded, config.sampling.model_copy(update={"keep_levels": None}), config.device)
    validation = in_split(store, "validation")
    days = validation.isel(time=choose_days(validation, PROBED_DAYS, config.seed))
    yield from inside.findings(sampler, days, output.gap(scored))
    sizes = [size for shape in sampler.model.latent_shapes for size in _values(shape)]
    yield from training.findings(loaded.config, read_jsonl(run.metrics_log), loaded.epoch, sizes)
    yield from data.findings(store, split)


def _values(shape: tuple[int, ...]) -> list[int]:
    """Values of each latent of a level: 1 for each entry of a vector, the cells for each channel of a map."""
    channels, *cells = shape
    size = 1
    for cell in cells:
        size *= cell
    return [size] * channels


def _scored(config: Config, run: Run, model: str) -> tuple[MetricTable, str]:
    path = run.evaluation / "metrics.csv"
    if not path.exists():
        raise UserError(f"{path} not found; run 'rainsmith evaluate' first")
    table = pd.read_csv(path)
    prior = table[(table["model"] == model) & (table["mode"] == "prior")]
    known = set(prior["split"])
    for split in sorted(config.sampling.splits, key=lambda name: name == "train"):  # training days prove little
        if split in known:
            return MetricTable(table, split), split
    raise UserError(
        f"{path} holds no prior members of {model} for {', '.join(config.sampling.splits)}; "
        "run 'rainsmith sample --mode prior' and 'rainsmith evaluate' first"
    )
