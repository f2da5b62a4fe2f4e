"""Writes docs/configuration.md, the page of all configuration keys, from the sections in the code and their comments.

python docs/make_configuration.py
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "src" / "rainsmith" / name for name in ("data_sections.py", "sections.py")]
PAGE = Path(__file__).with_name("configuration.md")
HEAD = """# Configuration

All keys, by section. Every key has a default; unknown keys are refused. A file need only name what differs;
`--model-config` lays an overlay over it, `--set section.key=value` single keys over both.

*This page is made from the code by `python docs/make_configuration.py`.*
"""
UNDER = {  # sections that are the value of a key, by the class that describes them
    "Data": "data",
    "Target": "data.target",
    "PredictorSource": "data.predictors (a list)",
    "StaticSource": "data.statics (a list)",
    "Splits": "data.splits",
    "Legacy": "data.legacy",
    "Demo": "data.demo",
    "FlatModel": "model, name: flat",
    "HierarchicalModel": "model, name: hierarchical",
    "Oversample": "downscale.oversample",
}


def comments_of(text: str) -> dict[int, str]:
    """The comment of each line, by its number."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def default_of(value: ast.expr | None) -> str:
    """The default as YAML shows it."""
    if isinstance(value, ast.Call):
        given = next((word.value for word in value.keywords if word.arg == "default"), None)
        return default_of(given) if given is not None else "" if value.args or value.keywords else "its section"
    if value is None:
        return ""
    text = ast.unparse(value)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    names = {"None": "null", "True": "true", "False": "false", "'": "", "(": "[", ")": "]"}
    return re.sub("|".join(map(re.escape, names)), lambda found: names[found.group()], text)


def choices_of(annotation: ast.expr) -> str:
    """The values that a Literal allows, where the annotation holds one."""
    found = [
        node
        for node in ast.walk(annotation)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
    ]
    values = [ast.literal_eval(value) for node in found for value in getattr(node.slice, "elts", [node.slice])]
    return ", ".join(f"`{value}`" for value in values)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        comments, lines = comments_of(text), text.splitlines()
        for node in ast.parse(text).body:
            fields = [item for item in getattr(node, "body", []) if isinstance(item, ast.AnnAssign)]
            if not isinstance(node, ast.ClassDef) or not fields:
                continue
            about = " ".join((ast.get_docstring(node) or "").split())
            title = "seed, device" if node.name == "Config" else UNDER.get(node.name, node.name.lower())
            parts.append(f"## {title}\n\n{about}\n\n| key | default | meaning |\n|---|---|---|")
            for field in fields:
                default = default_of(field.value)
                if node.name == "Config" and default in ("", "its section"):
                    continue
                key = ast.unparse(field.target).rstrip("_")
                above = lines[field.lineno - 2].strip()
                words = [choices_of(field.annotation), comments.get(field.end_lineno or field.lineno, "")]
                words += [above.lstrip("# ")] if above.startswith("#") else []
                meaning = "; ".join(word for word in words if word).replace("|", "\\|").replace("<", "&lt;")
                parts.append(f"| `{key}` | {f'`{default}`' if default else ''} | {meaning} |")
            parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
