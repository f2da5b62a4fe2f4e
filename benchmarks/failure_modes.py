"""Trains healthy and spoilt models of the embedded climate, and tabulates what `rainsmith diagnose` says of each.

    python benchmarks/failure_modes.py --out benchmarks/results/failure_modes.md [--runs DIR] [--only NAME ...]

The models are the default demo model, the same model with one thing spoilt at a time, and the reference's models. The
table has a row for each figure and a column for each run; failed figures are bold, doubtful ones in italics. The bounds
on the inside of a model (docs/thresholds.md) should lie between the healthy columns and the spoilt ones. A finished
run is not made again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rainsmith import api
from rainsmith.config import load_config
from rainsmith.run_folder import Run

ROOT = Path(__file__).resolve().parent.parent
FLAT = {"train.epochs": 60, "train.validate_every": 5, "train.max_minutes": None, "model.loss.warmup_epochs": 15}
RUNS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "healthy": (None, {}),
    "healthy, seed 1": (None, {"seed": 1}),
    "no weight on KL": (None, {"model.objective.w_kl": 0.0}),
    "KL times 100": (None, {"model.objective.w_kl": 100.0}),
    "no prior members": (None, {"model.objective.w_prior": 0.0, "model.objective.w_mixed": 0.0}),
    "one epoch of five": (None, {"train.max_minutes": 1e-3}),
    "learning rate times 20": (None, {"train.lr": 0.04, "train.grad_clip": 100.0}),
    "V1": ("v1", FLAT),
    "V2": ("v2", FLAT),
    "V3": ("v3", {**FLAT, "model.base_filters": 16}),
    "mean-collapse": ("mean-collapse", {**FLAT, "model.base_filters": 16}),
}
BASELINES = ["climatology", "analogs"]

TITLE = "# What `rainsmith diagnose` says of healthy and spoilt runs of the demo"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("runs/failure-modes"))
    parser.add_argument("--only", nargs="*", default=list(RUNS))
    arguments = parser.parse_args()
    by_run = {
        name: diagnosed(name, arguments.runs / name.replace(" ", "-").replace(",", "")) for name in arguments.only
    }
    arguments.out.write_text(f"{TITLE}\n\n{table(by_run)}", encoding="utf-8")
    print(table(by_run))


def diagnosed(name: str, folder: Path) -> dict[str, Any]:
    """The diagnosis of one run, which is made if it is missing."""
    overlay, overrides = RUNS[name]
    config = load_config(
        ROOT / "configs/demo.yaml",
        None if overlay is None else ROOT / f"configs/models/{overlay}.yaml",
        {"evaluate.baselines": BASELINES, **overrides},
    )
    run = Run(folder)
    if not (folder / "diagnosis.json").exists():
        if not run.store.exists():
            api.prepare(config, run)
        try:
            api.train(config, run, resume=run.holds_training)
        except api.UserError as error:  # a training that diverges has made its point with what it had saved
            print(f"{name}: {error}")
        api.sample(config, run)
        api.evaluate(config, run)
        api.diagnose(config, run)
    return json.loads((folder / "diagnosis.json").read_text(encoding="utf-8"))


def table(by_run: dict[str, dict[str, Any]]) -> str:
    """A Markdown table with a row for each figure and a column for each run."""
    lines = ["| failure | figure | " + " | ".join(by_run) + " |", "|---" * (2 + len(by_run)) + "|"]
    first = next(iter(by_run.values()))
    for place, finding in enumerate(first["findings"]):
        names = [figure["name"] for figure in finding["figures"]]
        for number, name in enumerate(names):
            cells = []
            for diagnosis in by_run.values():
                figures = diagnosis["findings"][place]["figures"]
                cells.append(_cell(figures[number]) if number < len(figures) else "-")
            lines.append(f"| {finding['name']} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "n/a"
    mark = {"fail": "**", "warn": "*"}.get(figure["verdict"], "")
    return f"{mark}{figure['value']:.3g}{mark}"


if __name__ == "__main__":
    main()
