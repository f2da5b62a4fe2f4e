"""The SLURM scripts of docs/how-to/cluster.md: an array of shards makes the product, and jobs wait for each other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rainsmith.cli.commands import COMMANDS

SCRIPTS = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "slurm"
SBATCH = """#!/bin/bash
# writes down what was submitted, and gives it a number
echo "$@" >> "$SUBMITTED"
wc -l < "$SUBMITTED"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables in which ``rainsmith`` is this one, and ``sbatch`` a program that submits nothing."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text(SBATCH)
    (programs / "rainsmith").write_text(f'#!/bin/bash\nexec "{sys.executable}" -m rainsmith.cli.main "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "RAINSMITH_QUIET": "1", "SUBMITTED": str(tmp_path / "submitted")}


def _write_down(environment: dict[str, str]) -> None:
    """Let ``rainsmith`` print its threads and arguments alone."""
    program = Path(environment["PATH"].split(os.pathsep)[0]) / "rainsmith"
    program.write_text('#!/bin/bash\necho "$OMP_NUM_THREADS $@"\n')


def script(name: str, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    line = ["bash", str(SCRIPTS / name), *arguments]
    return subprocess.run(line, capture_output=True, text=True, env=environment)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_each_task_of_an_array_is_one_shard(environment: dict[str, str]) -> None:
    """What is run is written down by a program in the place of rainsmith."""
    _write_down(environment)
    array = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_CPUS_PER_TASK": "1"}
    done = script("shards.sh", "evaluate", "--run", "runs/a", environment=environment | array)
    assert (done.returncode, done.stdout) == (0, "1 evaluate --run runs/a --shard 2/3\n"), done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_some_tasks_can_be_submitted_again(tmp_path: Path, environment: dict[str, str]) -> None:
    """Of an array of two tasks that are shards of eight, each is its own shard; here it is refused for want of a run."""
    array = {"SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_COUNT": "2", "SHARDS": "8"}
    done = script("shards.sh", "sample", "--run", str(tmp_path / "run"), environment=environment | array)
    assert done.returncode == 2 and "--shard '9/8' is not one of several parts" in done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_every_stage_waits_for_those_that_it_reads(environment: dict[str, str]) -> None:
    done = script("whole.sh", "my-region.yaml", "runs/my-region", environment=environment)
    assert done.returncode == 0, done.stderr
    submitted = Path(environment["SUBMITTED"]).read_text().replace(f"{SCRIPTS}/", "").splitlines()
    waits = {}
    for line in submitted:
        words = line.split()
        name = next((word for word in words if word in COMMANDS), "train" if "train.sh" in words else "")
        after = next((word for word in words if word.startswith("--dependency=afterok:")), "")
        waits[name] = [list(waits)[int(job) - 1] for job in after.split(":")[1:]]
    assert waits == {
        "prepare": [],
        "train": ["prepare"],
        "sample": ["train"],
        "augment": ["train"],
        "sweep": ["train"],
        "evaluate": ["sample"],
        "diagnose": ["evaluate"],
        "report": ["diagnose", "augment", "sweep"],
    }
    assert all(
        ("shards.sh" in line) == (name in ("sample", "augment", "sweep", "evaluate"))
        for name, line in zip(waits, submitted, strict=True)
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_training_that_begins_again_resumes(tmp_path: Path, environment: dict[str, str]) -> None:
    """What is run is written down by a program in the place of rainsmith."""
    _write_down(environment)
    run = tmp_path / "run"
    one = environment | {"SLURM_CPUS_PER_TASK": "4"}
    assert script("train.sh", str(run), environment=one).stdout == f"4 train --run {run}\n"
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "last.ckpt").touch()
    done = script("train.sh", str(run), "--pool", "2", environment=one)
    assert done.stdout == f"4 train --run {run} --pool 2 --resume\n", done.stderr
