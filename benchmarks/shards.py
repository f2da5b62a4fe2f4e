"""Shares out stages to shards that are killed at random moments, and compares all files with those of one process.

    python benchmarks/shards.py [--work FOLDER] [--data FILE] [--stages sample evaluate] [--shards 8] [--at-once 2]
                                [--kills 8] [--joins 0] [--seed 0]

A small network is trained first, on the embedded climate or on the data of a configuration (``--data``). Then each
stage runs once in one process, and once in shards, each in a folder of its own. Shards begin in any order, some at the
same time; each is killed with SIGKILL at a random moment, once or more often, as long as there are kills left, and
started again. The last shard joins the pieces. With ``--joins`` the last of two shards is killed so often just before a
random file operation of its end, where it joins, and then both are started again. All files must be those of the one
process, apart from times, and nothing else may be left. For all processes it is noon. It prints a line a stage; the
exit code is 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import kills
import products
import yaml

from rainsmith.cli.main import main as rainsmith
from rainsmith.run_folder import Run

STAGES = ("sample", "evaluate", "sweep", "augment")
CONFIGURATION: dict[str, Any] = {
    **kills.CONFIGURATION,
    "sampling": {"members": 4, "batch_size": 8, "days": "all", "splits": ["test"]},
    "evaluate": {"baselines": ["climatology", "bilinear", "scaled-analogs"], "resamples": 100},
    "augment": {"ratio": 0.5, "tries": 2},
}


def data_of(file: Path) -> dict[str, Any]:
    """The section ``data`` of a configuration, with the place of its files."""
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["data"]
    return data | {"root": str((file.parent / data.get("root", ".")).resolve())}


class Trial:
    """A stage in one process and in shards.

    Args:
        work: a scratch folder; it is emptied.
        data: a configuration file whose data are taken; None takes the embedded climate.
        shards: number of shards.
        at_once: shards that run at the same time.
        seed: of the order and of the moments.
    """

    def __init__(self, work: Path, data: Path | None, *, shards: int, at_once: int, seed: int) -> None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.work, self.shards, self.at_once, self.random = work.resolve(), shards, at_once, random.Random(seed)
        self.config = self.work / "config.yaml"
        self.config.write_text(yaml.safe_dump(CONFIGURATION | ({} if data is None else {"data": data_of(data)})))
        self.one, self.shared = Run(self.work / "one"), Run(self.work / "shared")

    def start(self, stage: str, run: Run, *more: str) -> int:
        """Start a command in a forked process, and return its number."""
        arguments = [stage, "--config", str(self.config), "--run", str(run.folder), *more]
        return kills.child(lambda: rainsmith(arguments), self.log(more[-1] if more else "one"))

    def log(self, name: str) -> Path:
        return self.work / f"log-{name.replace('/', '-of-')}"

    def alone(self, stage: str, *more: str) -> float:
        """[s] A stage in one process."""
        started = time.monotonic()
        code = kills.wait(self.start(stage, self.one, *more), 3600)
        assert code == 0, self.log(more[-1] if more else "one").read_text()[-3000:]
        return time.monotonic() - started

    def in_shards(self, stage: str, seconds: float, kills_left: int) -> tuple[float, int, int]:
        """[s] A stage in shards, the number of kills, and that of processes."""
        waiting = [f"{number}/{self.shards}" for number in range(1, self.shards + 1)]
        self.random.shuffle(waiting)
        working: dict[int, tuple[str, float]] = {}
        killed, begun, started = 0, 0, time.monotonic()
        while waiting or working:
            while waiting and len(working) < self.at_once:
                shard = waiting.pop(0)
                is_killed = killed + len(working) < kills_left
                moment = self.random.uniform(0.0, seconds / self.shards) if is_killed else kills.LONGEST
                working[self.start(stage, self.shared, "--shard", shard)] = (shard, time.monotonic() + moment)
                begun += 1
            time.sleep(0.005)
            for pid, (shard, until) in list(working.items()):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    del working[pid]
                    code = os.waitstatus_to_exitcode(status)
                    assert code == 0, f"{shard}: {code}: {self.log(shard).read_text()[-3000:]}"
                elif time.monotonic() > until:
                    kills.wait(pid, 0)
                    del working[pid]
                    killed += 1
                    waiting.insert(self.random.randint(0, len(waiting)), shard)
        return time.monotonic() - started, killed, begun

    def joined(self, stage: str, before: Path, wanted: dict[str, str], number: int) -> list[str]:
        """What went wrong where the last of two shards was killed while it joined."""
        half, wrong = self.work / "half", list[str]()
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(before, half, symlinks=True)
        self.shared = Run(half)
        assert kills.wait(self.start(stage, self.shared, "--shard", "1/2")) == 0, self.log("1/2").read_text()
        self.shared, count = Run(self.work / "trial"), self.work / "count"
        command = [stage, "--config", str(self.config), "--run", str(self.shared.folder), "--shard", "2/2"]
        for trial in range(number + 1):
            shutil.rmtree(self.shared.folder, ignore_errors=True)
            shutil.copytree(half, self.shared.folder, symlinks=True)
            at = 0 if not trial else self.random.randint(int(count.read_text()) // 3, int(count.read_text()))
            kills.wait(kills.child(kills.hooked(self.shared.folder, command, at, count), self.log("2/2")))
            again = self.random.choice(["1/2", "2/2"])
            codes = [kills.wait(self.start(stage, self.shared, "--shard", shard)) for shard in (again, "2/2") if trial]
            found, left = self.contents(self.shared)
            if found != wanted or left or any(codes):
                wrong.append(f"killed before operation {at}, then {again}: {codes}, left {left[:3]}")
        return wrong

    def contents(self, run: Run) -> tuple[dict[str, str], list[str]]:
        """Finished files and scratch of a run folder, read in a process of its own: readers start threads."""
        answer = self.work / "answer.json"
        reader = kills.child(lambda: answer.write_text(json.dumps(products.contents(run.folder))), self.log("answer"))
        assert kills.wait(reader) == 0, self.log("answer").read_text()
        finished, scratch = json.loads(answer.read_text())
        return {name: found for name, found in finished.items() if not name.startswith("stages/")}, scratch


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("runs/shards"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--joins", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    kills.prepare_forks()
    trial = Trial(given.work, given.data, shards=given.shards, at_once=given.at_once, seed=given.seed)
    for stage in ("prepare", "train"):
        trial.alone(stage)
    print("| stage | one process | shards | kills | processes | files | |\n|---|---|---|---|---|---|---|", flush=True)
    same = True
    for stage in STAGES[: 1 + max(STAGES.index(stage) for stage in given.stages)]:
        trial.shared, before = Run(given.work.resolve() / "shared"), given.work.resolve() / f"before-{stage}"
        shutil.rmtree(trial.shared.folder, ignore_errors=True)
        for copy in (trial.shared.folder, before):
            shutil.copytree(trial.one.folder, copy, symlinks=True)
        alone = trial.alone(stage)
        if stage not in given.stages:
            continue
        seconds, killed, begun = trial.in_shards(stage, alone, given.kills)
        (wanted, _), (found, left) = trial.contents(trial.one), trial.contents(trial.shared)
        different = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        verdict = f"differ: {', '.join(different[:3])}" if different else f"left: {left[:3]}" if left else "the same"
        if given.joins:
            wrong = trial.joined(stage, before, wanted, given.joins)
            verdict += f"; {given.joins - len(wrong)} of {given.joins} kills in the join, too"
            print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
            same &= not wrong
        same &= verdict.startswith("the same")
        figures = f"{alone:.1f} s | {given.shards}, {given.at_once} at once: {seconds:.1f} s | {killed} | {begun}"
        print(f"| {stage} | {figures} | {len(wanted)} | {verdict} |", flush=True)
    sys.exit(int(not same))


if __name__ == "__main__":
    main()
