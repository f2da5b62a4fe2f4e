"""Writes what the pages of the docs take from the code: all keys, all commands, and the tables of records.

python docs/make_pages.py

A table stands between two comments, ``<!-- table: NAME -->`` and ``<!-- end -->``; NAME is a function of ``TABLES``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from rainsmith.augment.registry import CHECKS
from rainsmith.augment.source_check import SOURCE
from rainsmith.base.markdown import markdown_table
from rainsmith.baselines.registry import BASELINES
from rainsmith.data.checks.registry import INPUT_CHECKS
from rainsmith.diagnose.registry import DIAGNOSES
from rainsmith.init.reference_keys import KEYS
from rainsmith.metrics.registry import METRICS
from rainsmith.models.registry import MODELS, NETWORKS

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))
import cli_page  # noqa: E402
import configuration_page  # noqa: E402


def diagnoses() -> str:
    """Name, question, figures and origin of the bounds of every diagnosis."""
    rows = [
        [f"`{one.name}`", one.question.replace("{split}", "scored"), one.measured, one.threshold_from]
        for one in DIAGNOSES
    ]
    return markdown_table(["name", "question", "measured", "threshold from"], rows)


def checks() -> str:
    """Name, meaning and columns of every check of synthetic days; the first one always rejects."""
    rows = [
        [f"`{one.name}`", one.meaning, "<br>".join(f"`{name}`: {text}" for name, text in one.columns.items())]
        for one in (SOURCE, *CHECKS)
    ]
    return markdown_table(["check", "rejects", "columns"], rows)


def input_checks() -> str:
    """Title and meaning of every check of input data, and the fields that it looks at."""
    rows = [[one.title, one.meaning, ", ".join(one.looks_at)] for one in INPUT_CHECKS]
    return markdown_table(["check", "what it does", "looks at"], rows)


def baselines() -> str:
    """Name and meaning of every baseline, and whether it needs coarse rain."""
    rows = [
        [
            f"`{one.name}`" + ("" if one.by_default else " (not by default)"),
            one.meaning,
            "one" if one.single_valued else "as many as asked",
            "yes" if one.needs_coarse_rain else "no",
        ]
        for one in BASELINES
    ]
    return markdown_table(["baseline", "how it is made", "members", "needs coarse rain"], rows)


def models() -> str:
    """Name, title and meaning of every generative model."""
    return markdown_table(["`model.name`", "", ""], [[f"`{one.name}`", one.title, one.meaning] for one in MODELS])


def networks() -> str:
    """Name, title and meaning of every downscaling network."""
    rows = [[f"`{one.name}`", one.title, one.meaning] for one in NETWORKS]
    return markdown_table(["`downscale.network`", "", ""], rows)


def scores() -> str:
    """Name, title, units and best value of every score, in the order of metrics.csv."""
    best = {"observed": "that of the observation", "low": "0", "high": "1", "one": "1"}
    rows = [
        [f"`{one.name}`", one.title, one.units, best[one.aim] if isinstance(one.aim, str) else f"{one.aim:g}"]
        for one in METRICS
    ]
    return markdown_table(["score", "", "unit", "best value"], rows)


def reference_keys() -> str:
    """What every key of the reference's configuration becomes, keys with the same answer in one row."""
    rows: dict[tuple[str, str], list[str]] = {}
    for key in KEYS:
        ours = ", ".join(f"`{one}`" for one in key.ours) or "-"
        if key.ours and not key.note:
            ours = (
                "the same name" if key.ours == (key.theirs,) else f"`{key.ours[0].rpartition('.')[0]}`, the same name"
            )
            ours = ours if key.ours[0].rpartition(".")[2] == key.theirs.rpartition(".")[2] else f"`{key.ours[0]}`"
        rows.setdefault((ours, key.note), []).append(key.theirs)
    body = [[", ".join(theirs), ours, note] for (ours, note), theirs in rows.items()]
    return markdown_table(["key of the reference", "ours", ""], body)


TABLES = {
    "diagnoses": diagnoses,
    "checks": checks,
    "input checks": input_checks,
    "baselines": baselines,
    "models": models,
    "networks": networks,
    "scores": scores,
    "reference keys": reference_keys,
}


def pages() -> dict[Path, str]:
    """Every page that takes something from the code, as it should be."""
    made = {DOCS / "configuration.md": configuration_page.page(), DOCS / "cli.md": cli_page.page()}
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        filled = re.sub(
            r"(<!-- table: (.+?) -->\n).*?(\n<!-- end -->)",
            lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}",
            text,
            flags=re.DOTALL,
        )
        if "<!-- table: " in text:
            made[path] = filled
    return made


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
