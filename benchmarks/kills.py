"""Kills every stage at random moments and before random file operations, runs it again, and compares all files.

    python benchmarks/kills.py [--work FOLDER] [--stages sample train] [--seed 0] [--kills 3] [--points 3] [--over 3]
                               [--runs 3]

Each stage is killed with SIGKILL in ways of three kinds, each time in a fresh copy of the run folder as it was before:

  time   after a random part of the seconds that the undisturbed stage takes
  point  just before a random file operation in the run folder: opening to write, rename, remove, mkdir, rmdir
  over   as ``point``, where the stage has been finished before: what it replaces must survive, or the new one be whole

and ``rainsmith run`` as a whole, from an empty folder, after a random part of its seconds (``--runs``).

After the kill every finished file is compared with what was there before and with what the undisturbed stage leaves:
anything else is a half product. Then the stage is run again, a training with ``--resume`` where its state is saved,
until it succeeds, three times at most, and all files are compared; of ``stages/*.json``, which hold the times of the
stages, only the names where the whole run was killed. It prints a line a kill and counts of the verdicts; the exit code
is 1 where one is not ``ok``. Children are forked before any library starts a thread, and to them it is always noon, as
checksums of a checkpoint count the time in it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import products
import yaml

from rainsmith.base import cf, provenance
from rainsmith.cli.main import main as rainsmith
from rainsmith.data import store
from rainsmith.pipeline import BY_NAME
from rainsmith.run_folder import Run

STAGES = ["prepare", "train", "sample", "evaluate", "diagnose", "sweep", "augment", "downscale", "experiment", "report"]
CONFIGURATION: dict[str, Any] = {
    "device": "cpu",
    "data": {
        "kind": "demo",
        "demo": {"ny": 16, "nx": 16, "years": 3, "first_year": 2001},
        "splits": {"train": [2001, 2001], "validation": [2002, 2002], "test": [2003, 2003]},
    },
    "model": {"name": "flat", "base_filters": 8, "d_x": 4, "d_y": 8, "d_z": 4},
    "train": {
        **{"epochs": 2, "validation_days": 20, "precision": "fp32", "save_every": 1, "batch_size": 64},
        "save_last_seconds": 0.2,
    },
    "sampling": {"members": 2, "batch_size": 16, "days": "heavy_x"},
    "evaluate": {"baselines": ["climatology"], "resamples": 50},
    "sweep": {"members": 2},
    "augment": {"ratio": 0.05, "tries": 2, "checks": ["physical_range"]},
    "downscale": {"filters": 4, "blocks": 1, "fine_filters": 4, "steps": 10, "validations": 2},
    "experiment": {"arms": {"q-srdrn": ["real", "prior-25"]}, "seeds": [0], "steps": 6},
}
IN_PROGRESS = ("stages/", "metrics.jsonl", "checkpoints/last.ckpt", "checkpoints/best")
"""Files that a stage changes while it works; they need not be the old or the final ones after a kill."""
WHOLE = "run"
"""All stages in order."""
LONGEST = 600.0
"""[s] A stage that takes longer hangs."""


class Noon(datetime.datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Noon:
        return cls(2001, 1, 1, 12, tzinfo=tz)


def child(work: Callable[[], object], log: Path) -> int:
    """Start a forked process whose output goes to a file, and return its number."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1), os.dup2(out, 2)
        work()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def wait(pid: int, seconds: float = LONGEST) -> int:
    """Exit code of a process, which is killed after some seconds (then -9)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def hooked(folder: Path, arguments: list[str], at: int, count_to: Path) -> Callable[[], None]:
    """A command that is killed just before a file operation in a folder, or counts them where ``at`` is 0."""
    root, seen = os.path.realpath(folder), [0]

    def inside(path: object) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.path.abspath(os.fsdecode(path)).startswith(root)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            if not given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or not inside(given[0]):
                return
        elif event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"):
            relative = any(isinstance(value, int) and value not in (-1, 0o777) for value in given[1:])
            if not relative and not any(inside(path) for path in given[:2]):
                return
        else:
            return
        seen[0] += 1
        if seen[0] == at:
            os.write(2, f"\nkilled before {event} {given[0]}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        sys.addaudithook(hook)
        rainsmith(arguments)
        if not at:
            number = seen[0]
            count_to.write_text(str(number))

    return work


class Trials:
    """Kills, and what came of them.

    Args:
        work: a scratch folder; it is emptied.
        stages: the stages that are killed.
        seed: of the moments.
    """

    def __init__(self, work: Path, stages: list[str], seed: int) -> None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.work, self.stages, self.random = work.resolve(), stages, random.Random(seed)
        self.trial, self.log, self.config = (self.work / name for name in ("trial", "log", "config.yaml"))
        self.config.write_text(yaml.safe_dump(CONFIGURATION))
        self.counts: dict[str, collections.Counter[str]] = {name: collections.Counter() for name in (*stages, WHOLE)}
        self.seconds: dict[str, float] = {}
        self.after: dict[str, dict[str, str]] = {}

    def command(self, stage: str) -> list[str]:
        resume = stage == "train" and Run(self.trial).holds_training
        return [stage, "--config", str(self.config), "--run", str(self.trial), *(["--resume"] if resume else [])]

    def contents(self, stage: str) -> tuple[dict[str, str], list[str]]:
        """Finished files and scratch of the trial, read in a process of its own: readers start threads."""
        answer = self.work / "answer.json"
        work = child(lambda: answer.write_text(json.dumps(products.contents(self.trial))), self.work / "answer.log")
        assert wait(work) == 0, (self.work / "answer.log").read_text()
        finished, scratch = json.loads(answer.read_text())
        if stage == WHOLE:  # what a stage keeps of the stages before it holds their times
            finished |= {name: "" for name in finished if name.startswith("stages/")}
        return finished, scratch

    def fresh(self, source: Path) -> None:
        shutil.rmtree(self.trial, ignore_errors=True)
        shutil.copytree(source, self.trial, symlinks=True)

    def undisturbed(self, stage: str) -> None:
        """Run a stage in the trial; the folder is kept before and after it."""
        shutil.copytree(self.trial, self.work / f"before-{stage}")
        started = time.monotonic()
        command = self.command(stage)
        code = wait(child(lambda: rainsmith(command), self.log))
        assert code == 0, f"{stage}: {code}: {self.log.read_text()[-3000:]}"
        self.seconds[stage], (self.after[stage], _) = time.monotonic() - started, self.contents(stage)
        shutil.copytree(self.trial, self.work / f"after-{stage}")
        print(f"{stage:10s} undisturbed: {self.seconds[stage]:.1f} s, {len(self.after[stage])} files", flush=True)

    def operations(self, stage: str, source: Path) -> int:
        self.fresh(source)
        count = self.work / "count"
        code = wait(child(hooked(self.trial, self.command(stage), 0, count), self.log))
        assert code == 0, self.log.read_text()[-3000:]
        return int(count.read_text())

    def kill(self, stage: str, how: str, source: Path, where: float) -> None:
        """Kill a stage once, run it again, and print the verdict."""
        self.fresh(source)
        before, _ = self.contents(stage)
        command, after = self.command(stage), self.after[stage]
        if how == "time":
            wait(child(lambda: rainsmith(command), self.log), where)
        else:
            wait(child(hooked(self.trial, command, int(where), self.log), self.log))
        said = [line for line in self.log.read_text(errors="replace").splitlines() if line.startswith("killed before")]
        then, scratch = self.contents(stage)
        half = [
            name
            for name, found in then.items()
            if found not in (before.get(name), after.get(name))
            and (found.startswith("unreadable") or not name.startswith(IN_PROGRESS))
        ]
        lost = [name for name in before if name not in then and not name.startswith("stages/")]
        codes = []
        while (not codes or codes[-1] != 0) and len(codes) < 3:
            codes.append(wait(child(lambda: rainsmith(self.command(stage)), self.log)))
        end, left = self.contents(stage)
        different = sorted(name for name in after.keys() | end.keys() if after.get(name) != end.get(name))
        verdict = "ok"
        for name, found in (("half", half), ("lost", lost), ("different", different), ("left", left)):
            if found:
                verdict = f"{name}: {', '.join(found[:3])}"
                break
        if codes != [0]:
            verdict = f"needed {len(codes)} tries (exit codes {codes}): {self.log.read_text()[-200:]}"
        self.counts[stage][verdict.split(":")[0].split(" ")[0]] += 1
        words = f"{len(set(then) - set(before))} new, {len(scratch)} scratch"
        print(f"{stage:10s} {how:5s} {where:8.3f} | {' '.join(said)[-110:]} | {words} | {verdict}", flush=True)

    def whole(self, runs: int) -> None:
        """Kill ``rainsmith run``, which begins with an empty folder."""
        shutil.rmtree(self.trial, ignore_errors=True)
        self.trial.mkdir()
        self.undisturbed(WHOLE)
        for _ in range(runs):
            self.kill(WHOLE, "time", self.work / f"before-{WHOLE}", self.random.uniform(0.0, self.seconds[WHOLE]))
        print(f"{WHOLE:10s} {dict(self.counts[WHOLE])}", flush=True)

    def all(self, kills: int, points: int, over: int) -> None:
        self.trial.mkdir()
        for stage in STAGES[: 1 + max(STAGES.index(stage) for stage in self.stages)]:
            self.undisturbed(stage)
        for stage in self.stages:
            before, after = self.work / f"before-{stage}", self.work / f"after-{stage}"
            for _ in range(kills):
                self.kill(stage, "time", before, self.random.uniform(0.0, self.seconds[stage]))
            for how, source, number in (("point", before, points), ("over", after, over)):
                if number and not (stage == "train" and how == "over"):  # a finished training has nothing to do
                    among = self.operations(stage, source)
                    for at in sorted(self.random.sample(range(1, among + 1), min(number, among))):
                        self.kill(stage, how, source, at)
            print(f"{stage:10s} {dict(self.counts[stage])}", flush=True)


def prepare_forks() -> None:
    """Import all stages before any fork, so that a kill hits the work, and stop the clock of all processes."""
    os.environ |= {"RAINSMITH_QUIET": "1", "OMP_NUM_THREADS": "1"}
    for stage in BY_NAME.values():
        with contextlib.suppress(ImportError):
            stage.load()
    import torch

    torch.set_num_threads(1)
    for module in (cf, provenance, store):
        vars(module)["datetime"] = types.SimpleNamespace(datetime=Noon, UTC=datetime.UTC, timedelta=datetime.timedelta)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("runs/kills"))
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--points", type=int, default=3)
    parser.add_argument("--over", type=int, default=3)
    parser.add_argument("--runs", type=int, default=0)
    given = parser.parse_args()
    prepare_forks()
    trials = Trials(given.work, given.stages, given.seed)
    if given.kills or given.points or given.over:
        trials.all(given.kills, given.points, given.over)
    if given.runs:
        trials.whole(given.runs)
    total = sum(trials.counts.values(), collections.Counter())
    print(f"{sum(total.values())} kills: {dict(total)}")
    sys.exit(int(set(total) != {"ok"}))


if __name__ == "__main__":
    main()
