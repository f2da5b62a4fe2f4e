"""What `--dry-run` says of each stage, and what the stage then takes: time, memory and disk.

    python benchmarks/estimates.py [--config configs/demo.yaml] [--set KEY=VALUE ...] [--folder FOLDER] [--out FILE.md]

Every stage is a process of its own. Its time is that of `stages/<stage>.json`, its memory the largest of the process,
and its disk what the run folder grew by. The stages of `rainsmith run` are estimated twice: before the training, and
right before they run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

STAGES = ("prepare", "train", "sample", "evaluate", "diagnose", "augment", "sweep", "downscale", "experiment", "report")
_LINE = re.compile(r"^(\w+): about ([\d.]+ \w+).*\), ([\d.]+) GiB of memory, (\d+) MiB on disk$", re.MULTILINE)


def estimates(command: str, options: list[str]) -> dict[str, tuple[str, ...]]:
    """Time, memory [GiB] and disk [MiB] that a command says of each stage."""
    told = subprocess.run(
        [sys.executable, "-m", "rainsmith.cli.main", command, *options, "--dry-run"],
        check=True,
        capture_output=True,
        text=True,
    )
    return {stage: tuple(figures) for stage, *figures in _LINE.findall(told.stderr)}


def taken(stage: str, options: list[str], folder: Path) -> tuple[str, ...]:
    """Time, memory [GiB] and disk [MiB] that a stage takes."""
    before = size_of(folder)
    process = subprocess.Popen([sys.executable, "-m", "rainsmith.cli.main", stage, *options], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"rainsmith {stage} failed")
    seconds = json.loads((folder / f"stages/{stage}.json").read_text())["seconds"]
    return f"{seconds:.0f} s", f"{usage.ru_maxrss / 2**20:.1f}", f"{(size_of(folder) - before) / 2**20:.0f}"


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="configs/demo.yaml")
    parser.add_argument("--set", nargs="*", default=[])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "rainsmith-estimates")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    options = ["--config", arguments.config, "--run", str(arguments.folder)]
    options += ["--set", *arguments.set] if arguments.set else []
    beforehand: dict[str, tuple[str, ...]] = {}
    rows = ["| | before the training | before the stage | taken |", "|---|---|---|---|"]
    for stage in STAGES:
        before = estimates(stage, options)[stage]
        columns = [beforehand.get(stage), before, taken(stage, options, arguments.folder)]
        rows.append(f"| {stage} | " + " | ".join(_in_words(column) for column in columns) + " |")
        print(rows[-1], flush=True)
        if stage == "prepare":
            beforehand = estimates("run", options)
    if arguments.out:
        arguments.out.write_text("\n".join(rows) + "\n")


def _in_words(figures: tuple[str, ...] | None) -> str:
    return "not known" if figures is None else "{}, {} GiB, {} MiB".format(*figures)


if __name__ == "__main__":
    main()
