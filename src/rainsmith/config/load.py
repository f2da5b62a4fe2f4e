"""Reading a configuration: defaults, a YAML file, an overlay, then single values of the command line."""

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
from rainsmith.config.config import Config
from rainsmith.config.data import Data
from rainsmith.config.model import DEFAULT_MODEL, ModelSettings, settings_of
from rainsmith.config.section import Section

DATA_ROOT_VARIABLE = "RAINSMITH_DATA"
"""Environment variable that overrides ``data.root``."""
MOVED = {"loss": "model.loss (of name: flat)", "objective": "model.objective (of name: hierarchical)"}
"""Sections of earlier versions, and where their keys stand now."""


def load_config(
    file: str | Path | None = None,
    model_file: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Config:
    """Read a configuration: the defaults, over them ``file``, the overlay ``model_file`` and single values.

    Args:
        file: YAML file, or None for the embedded demo.
        model_file: YAML file laid over it, with any keys.
        overrides: values by dotted key, such as ``{"train.epochs": 3}``.

    Raises:
        UserError: a file is missing or no YAML, a key is unknown, or a value is refused.

    Example:
        >>> load_config(overrides={"train.epochs": 3}).train.epochs
        3
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
    """Check a nested mapping and make a configuration of it.

    Args:
        values: sections and keys, as in a YAML file.
        origin: where the values are from, for messages.

    Raises:
        UserError: a key is unknown or a value is refused; the message names what is expected.
    """
    for key, place in MOVED.items():
        if key in values:
            raise UserError(f"{origin}: the section '{key}' is now {place}; move its keys there")
    model = values.get("model", {})
    section: type[Section] = Config
    try:
        if isinstance(model, Mapping):
            section = settings_of(model)
            model = section.model_validate(model)
        section = Config
        return Config.model_validate({**values, "model": model})
    except UserError as error:
        raise UserError(f"{origin}: 'model.name': {error}") from None
    except ValidationError as error:
        raise UserError(f"{origin}: {_explain(error, section)}") from None


def merge(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """The nested union of two mappings, in which the overlay wins.

    A section ``model`` of another name replaces the whole section.
    """
    result = copy.deepcopy(dict(base))
    for key, value in overlay.items():
        before = result.get(key)
        if not isinstance(value, Mapping) or not isinstance(before, Mapping):
            result[key] = copy.deepcopy(value)
        elif key == "model" and _renames(before, value):
            result[key] = copy.deepcopy(dict(value))
        else:
            result[key] = merge(before, value)
    return result


def _renames(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an overlay asks for another model than the section that it is laid over."""
    name = before.get("name", DEFAULT_MODEL)
    return bool(after.get("name", name) != name)


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


def _explain(error: ValidationError, section: type[Section]) -> str:
    """The first thing that is wrong, in one line; ``section`` is what was checked."""
    first = error.errors()[0]
    above = ("model",) if issubclass(section, ModelSettings) else ()
    where = ".".join(str(part) for part in (*above, *first["loc"]))
    if first["type"] == "extra_forbidden":
        known = _known_keys(section, first["loc"])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key '{where}'; did you mean '{near[0]}'? (known here: {', '.join(known)})"
    more = len(error.errors()) - 1
    rest = f" (and {more} more)" if more else ""
    return f"'{where}' is {first['input']!r}: {first['msg']}{rest}"


def _known_keys(section: type[Section], location: tuple[int | str, ...]) -> list[str]:
    """Keys of the section, at or below ``section``, that holds ``location``."""
    for part in location[:-1]:
        fields = {field.alias or name: field for name, field in section.model_fields.items()}
        below = _section_in(fields[part].annotation) if part in fields else None
        section = below or section
    return [field.alias or name for name, field in section.model_fields.items()]


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        section = _section_in(inner)
        if section is not None:
            return section
    return None
