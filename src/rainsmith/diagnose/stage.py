"""The command ``diagnose``: it asks a model every known question and writes ``diagnosis.json``."""

from __future__ import annotations

import xarray as xr
from pydantic import Field

from rainsmith.base import large_arrays
from rainsmith.base.console import console, progress
from rainsmith.base.errors import UserError
from rainsmith.base.json_files import Record, read_record, write_json
from rainsmith.base.provenance import provenance
from rainsmith.base.tables import read_table
from rainsmith.config import Config
from rainsmith.diagnose.evidence import Evidence, Training
from rainsmith.diagnose.registry import DIAGNOSES
from rainsmith.diagnose.result import DiagnosisResult
from rainsmith.evaluate.member_stores import open_members
from rainsmith.evaluate.table import COLUMNS, NUMBERS, MetricTable
from rainsmith.models import checkpoint as checkpoints
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.registry import MODELS
from rainsmith.run_folder import Run
from rainsmith.train.log import read_log


class _Epochs(Record):
    """What the JSON file of a pool's checkpoint says of its networks."""

    epochs: list[int] = Field(default_factory=list)


def diagnose(config: Config, run: Run) -> DiagnosisResult:
    """Ask every question of ``docs/failure-modes.md`` about the model of a run, and write ``diagnosis.json``.

    Reads the store, ``sampling.checkpoint``, ``metrics.jsonl``, ``evaluation/metrics.csv`` and the prior members of the
    first of ``sampling.splits`` that was scored.

    Args:
        config: the configuration of the run.
        run: a run folder with a trained, sampled and scored model.

    Raises:
        UserError: the model was not trained, sampled in prior mode, or scored.
    """
    evidence = gather(config, run)
    checkpoint = evidence.checkpoint
    kind = MODELS[checkpoint.config.model.name]
    findings = []
    with progress() as bar:
        task = bar.add_task("diagnose", total=len(DIAGNOSES), note="")
        for diagnosis in DIAGNOSES:
            bar.update(task, note=diagnosis.name)
            name = diagnosis.name
            findings.append(diagnosis.finding(evidence, kind.advice.get(name, ""), kind.changes.get(name, ())))
            bar.advance(task)
    about = {
        "model": checkpoint.config.model.name,
        "checkpoint": checkpoint.name,
        "epoch": checkpoint.epoch + 1,
        "split": evidence.split,
        "provenance": provenance(config),
    }
    result = DiagnosisResult(findings, about, run.folder / "diagnosis.json")
    write_json(result.path, result.to_json())
    console.print(result.line(), soft_wrap=True)
    return result


def gather(config: Config, run: Run) -> Evidence:
    """Open what the run folder holds of its model.

    Raises:
        UserError: something is missing, or the samples are those of another checkpoint.
    """
    store = with_rain_in_memory(run.open_store())
    loaded = checkpoints.load(run.checkpoints / config.sampling.checkpoint)
    checkpoints.check_fits(loaded, store)
    model = loaded.config.model.name
    table, split = _scores(config, run, model)
    path = run.sample_path(model, "prior", split)
    samples = open_members(path, store)
    if samples.attrs.get("checkpoint_sha256") != loaded.sha256:
        raise UserError(
            f"{path.name} was drawn from another checkpoint than {loaded.name} is now; "
            "run 'rainsmith sample' and 'rainsmith evaluate' again"
        )
    log = read_log(run.metrics_log)
    return Evidence(
        config, store, split, table, samples, loaded, log, trainings_of_pool(run, loaded, config.sampling.checkpoint)
    )


def with_rain_in_memory(store: xr.Dataset) -> xr.Dataset:
    """The store, its rain read once where it is small, since several diagnoses go through all of it."""
    rain = store["precip"]
    return store.assign(precip=rain.load()) if rain.nbytes <= large_arrays.IN_MEMORY else store


def trainings_of_pool(run: Run, loaded: Checkpoint, name: str) -> list[Training]:
    """The training of each network of a pool; none where there is one network."""
    count = len(loaded.networks)
    if count < 2:
        return []
    path = (run.checkpoints / name).with_name(f"{loaded.name}.json")
    epochs = read_record(path, _Epochs, damaged="join the pool again: run 'rainsmith train --resume'").epochs
    logs = [read_log(run.network(number).metrics_log) for number in range(count)]
    return [Training(log, epoch) for log, epoch in zip(logs, epochs or [loaded.epoch] * count, strict=False)]


def _scores(config: Config, run: Run, model: str) -> tuple[MetricTable, str]:
    """Scores of the first split for which prior members of the model were scored, and the split."""
    path = run.evaluation / "metrics.csv"
    if not path.exists():
        raise UserError(f"{path} not found; run 'rainsmith evaluate' first")
    advice = "delete it and run 'rainsmith evaluate' again"
    metrics = read_table(path, advice, columns=COLUMNS, numbers=NUMBERS)
    prior = metrics[(metrics["model"] == model) & (metrics["mode"] == "prior")]
    for split in sorted(config.sampling.splits, key=lambda name: name == "train"):  # training days prove little
        if split in set(prior["split"]):
            return MetricTable(metrics, split), split
    raise UserError(
        f"{path} holds no prior members of {model} for {', '.join(config.sampling.splits)}; "
        "run 'rainsmith sample --mode prior' and 'rainsmith evaluate' first"
    )
