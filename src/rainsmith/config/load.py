"""Reading a configuration: defaults, a YAML file, an overlay, command-line overrides.

Unknown keys are refused with the nearest known one.
"""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rainsmith.base.errors import UserError
from rainsmith.config.data import Data, Section
from rainsmith.config.sections import Config, FlatModel, HierarchicalModel

DATA_ROOT_VARIABLE = "RAINSMITH_DATA"
"""Environment variable that overrides ``data.root``."""


def load_config(
    file: str | Path | None = None,
    model_file: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Read a configuration: defaults, then ``file``, then the overlay ``model_file``, then overrides.

    Args:
        file: YAML file, or None for the embedded demo.
        model_file: YAML overlay with any keys of the contract.
        overrides: values by dotted key, e.g. ``{"train.epochs": 3}``.

    Raises:
        UserError: a file is missing or not YAML, a key is unknown or a value is refused.
    """
    values: dict[str, Any] = {}
    if file is not None:
        values = _read_yaml(Path(file))
    if model_file is not None:
        values = merge(values, _read_yaml(Path(model_file)))
    for key, value in (overrides or {}).items():
        nested: Any = value
        for part in reversed(key.split(".")):
            nested = {part: nested}
        values = merge(values, nested)
    base = Path(file).parent if file is not None else Path.cwd()
    values.setdefault("data", {})
    if isinstance(values["data"], dict):
        root = values["data"].get("root", Data.model_fields["root"].default)
        if os.environ.get(DATA_ROOT_VARIABLE):
            values["data"]["root"] = str(Path(os.environ[DATA_ROOT_VARIABLE]).resolve())
        elif isinstance(root, str | Path):
            values["data"]["root"] = str((base / root).resolve())
    return parse(values, origin=str(file) if file else "configuration")


def parse(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Validate a nested mapping; a refused key or value becomes one line that names what is expected."""
    model = values.get("model")
    if isinstance(model, Mapping) and "name" not in model:
        values = {**values, "model": {"name": HierarchicalModel().name, **model}}
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{origin}: {_explain(error)}") from None


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Nested union of two mappings; the overlay wins. A ``model`` of another name replaces the whole section."""
    result = copy.deepcopy(dict(base))
    for key, value in overlay.items():
        old = result.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and not (key == "model" and _renames(old, value)):
            result[key] = merge(old, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def _renames(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an overlay asks for another kind of model than the section it is laid over."""
    before = old.get("name", HierarchicalModel().name)
    return bool(new.get("name", before) != before)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"configuration file {path} not found; give the path of a YAML file (see configs/)") from None
    except OSError as error:
        raise UserError(f"configuration file {path} cannot be read ({error.strerror}); give a YAML file") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected sections such as 'data:' and 'train:'")
    return values


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """Keys of the section that holds ``location``."""
    section: Any = Config
    for part in location[:-1]:
        if isinstance(part, int) or part in ("flat", "hierarchical"):
            section = {"flat": FlatModel, "hierarchical": HierarchicalModel}.get(str(part), section)
            continue
        fields = {f.alias or name: f for name, f in section.model_fields.items()}
        annotation = fields[part].annotation if part in fields else None
        found = _section_in(annotation)
        section = found or section
    return [f.alias or name for name, f in section.model_fields.items()]


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _section_in(inner)
        if found is not None:
            return found
    return None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("flat", "hierarchical"))
    if first["type"] == "extra_forbidden":
        known = _known_keys(first["loc"])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key '{where}'; did you mean '{near[0]}'? (known here: {', '.join(known)})"
    more = len(error.errors()) - 1
    rest = f" (and {more} more)" if more else ""
    return f"'{where}' is {first['input']!r}: {first['msg']}{rest}"
