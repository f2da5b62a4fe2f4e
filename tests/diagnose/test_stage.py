"""`rainsmith diagnose` on a small training: the file, the words, the report's section, and errors."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path

import pytest
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Config
from rainsmith.diagnose.estimate import needs
from rainsmith.diagnose.registry import DIAGNOSES
from rainsmith.diagnose.stage import diagnose, trainings_of_pool
from rainsmith.evaluate.stage import evaluate
from rainsmith.models.checkpoint import Checkpoint
from rainsmith.models.registry import MODELS
from rainsmith.prepare.stage import prepare
from rainsmith.report.stage import report
from rainsmith.run_folder import Run
from rainsmith.sample.stage import sample
from tests.conftest import copy_of
from tests.foretold import foretold_and_done
from tests.small import WHOLE_YEARS, small_config


def config() -> Config:
    """Whole years are scored: what years differ by is no failure."""
    return small_config(data__splits=WHOLE_YEARS, evaluate__baselines=[], evaluate__climate=False)


@pytest.fixture(scope="module")
def run(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    scored = copy_of(trained, tmp_path_factory.mktemp("diagnose"))
    prepare(config(), scored)
    sample(config(), scored)
    evaluate(config(), scored)
    return scored


def test_every_failure_has_an_answer(run: Run) -> None:
    _, result = foretold_and_done(needs, diagnose, config(), run)
    assert result.path == run.folder / "diagnosis.json"
    kept = json.loads(result.path.read_text())
    assert tuple(finding["name"] for finding in kept["findings"]) == DIAGNOSES.names()
    assert len(result.findings) == len(DIAGNOSES) and sum(kept["count"].values()) == len(DIAGNOSES)
    verdicts = {finding["name"]: finding["verdict"] for finding in kept["findings"]}
    # two epochs of the reference on one year: its smooth drizzle has to be seen, and the data are in order; three
    # observed years are too few to call what the members show a failure
    assert verdicts["drizzle"] == verdicts["blur"] == "warn" and verdicts["ignores-z"] == "fail"
    assert verdicts["leakage"] == verdicts["suspect-values"] == verdicts["memorisation"] == "pass"
    for finding in kept["findings"]:
        assert bool(finding["advice"]) == (finding["verdict"] in ("fail", "warn"))
        assert finding["origin"] or finding["verdict"] == "n/a"
        assert not finding["change"] or finding["verdict"] in ("fail", "warn")
    changes = {finding["name"]: finding["change"] for finding in kept["findings"]}
    assert changes["drizzle"] == {"train.epochs": 2 * config().train.planned_epochs}
    advice = {finding["name"]: finding["advice"] for finding in kept["findings"]}
    own = MODELS["flat"].advice
    assert advice["drizzle"] == own["drizzle"] and advice["ignores-z"] == own["ignores-z"]
    text = result.text().splitlines()
    assert text[0].startswith("fail") and text[-1].startswith(("pass", "n/a"))


def test_the_report_says_what_was_found(run: Run, tmp_path: Path) -> None:
    path = diagnose(config(), run).path
    bare = Run(tmp_path)  # without samples, curves and training log, whose pictures take long
    shutil.copytree(run.store, bare.store)
    shutil.copy(path, bare.folder)
    page = report(config(), bare, days=1).read_text(encoding="utf-8")
    assert all(html.escape(diagnosis.question.format(split="test")) in page for diagnosis in DIAGNOSES)
    assert "sampling.pixel_threshold" in page


def test_members_of_another_checkpoint_are_refused(run: Run, tmp_path: Path) -> None:
    other = copy_of(run, tmp_path)
    for suffix in ("safetensors", "json"):
        for path in other.checkpoints.glob(f"best_prior*{suffix}"):
            path.unlink()
    for path in list(other.checkpoints.glob("epoch_001*")):
        path.rename(path.with_name(path.name.replace("epoch_001", "best_prior")))
    with pytest.raises(UserError, match="drawn from another checkpoint"):
        diagnose(config(), other)


def test_a_run_that_was_not_scored_is_refused(trained: Run, tmp_path: Path) -> None:
    bare = copy_of(trained, tmp_path)
    with pytest.raises(UserError, match="rainsmith evaluate"):
        diagnose(config(), bare)


def test_each_network_of_a_pool_has_its_log_and_its_epoch(tmp_path: Path) -> None:
    pool = Run(tmp_path)
    for number, epochs in enumerate((3, 5)):
        rows = [json.dumps({"epoch": epoch, "train": {}}) + "\n" for epoch in range(epochs)]
        log = pool.network(number).metrics_log
        log.parent.mkdir(parents=True)
        log.write_text("".join(rows), encoding="utf-8")
    (pool.checkpoints / "best_prior.json").write_text(json.dumps({"epochs": [2, 4]}), encoding="utf-8")
    joined = Checkpoint(({}, {}), small_config(), xr.Dataset(), 2, "best_prior", "")
    trainings = trainings_of_pool(pool, joined, "best_prior")
    assert [(len(one.rows), one.epoch_in_use) for one in trainings] == [(3, 2), (5, 4)]
    assert trainings_of_pool(pool, Checkpoint(({},), small_config(), xr.Dataset(), 2, "x", ""), "x") == []
