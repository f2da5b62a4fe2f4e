"""Prints the prior and posterior figures of each epoch of a training, from its log, as a Markdown table.

python benchmarks/by_epoch.py RUN [--every 10]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rainsmith.train.log import read_log


def table(run: Path, every: int) -> str:
    """One row for each chosen epoch: share of the observed maximum, mean and P99, diversity, wet fraction and CRPS."""
    lines = [
        "| epoch | KL, nats | prior max, mean, p99 / observed | prior diversity, wet fraction, CRPS mm "
        "| posterior max, mean, p99 / observed | posterior diversity, CRPS mm |",
        "|---|---|---|---|---|---|",
    ]
    rows = [row for row in read_log(run / "metrics.jsonl") if "validation" in row]
    for row in rows:
        if (row["epoch"] + 1) % every and row is not rows[-1]:
            continue
        figures = row["validation"]
        shares = {
            mode: ", ".join(f"{figures[mode][key] / figures['observed'][key]:.2f}" for key in ("max", "mean", "p99"))
            for mode in ("prior", "posterior")
        }
        prior, posterior = figures["prior"], figures["posterior"]
        lines.append(
            f"| {row['epoch'] + 1} | {row['train']['kl']:.1f} | {shares['prior']} "
            f"| {prior['diversity']:.3f}, {prior['wet_fraction']:.2f}, {prior['crps']:.2f} "
            f"| {shares['posterior']} | {posterior['diversity']:.3f}, {posterior['crps']:.2f} |"
        )
    observed = rows[-1]["validation"]["observed"] if rows else {}
    caption = ", ".join(f"{name} {value:.2f}" for name, value in observed.items())
    return "\n".join([*lines, "", f"Observed on these validation days: {caption} (mm/day)."])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--every", type=int, default=10)
    options = parser.parse_args()
    print(table(options.run, options.every))


if __name__ == "__main__":
    main()
