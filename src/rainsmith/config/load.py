"""Reads a configuration: the defaults, over them a YAML file, an overlay, and single values of the command line."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from rainsmith.base.errors import UserError
from rainsmith.config.config import Config
from rainsmith.config.data import Data
from rainsmith.config.model import DEFAULT_MODEL, MODELS, ModelSettings, settings_of
from rainsmith.config.section import Section, names_of

AnySection = TypeVar("AnySection", bound=Section)

DATA_ROOT_VARIABLE = "RAINSMITH_DATA"
"""Environment variable that overrides ``data.root``."""


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
    for key in values:
        owners = _models_with(key, section=True) if key not in Config.model_fields else []
        if owners:
            place = f"model.{key} (of name: {', '.join(owners)})"
            raise UserError(f"{origin}: the section '{key}' is now {place}; move its keys there")
    model = values.get("model", {})
    if isinstance(model, Mapping):
        try:
            settings = settings_of(model)
        except UserError as error:
            raise UserError(f"{origin}: 'model.name': {error}") from None
        model = _check(settings, model, origin)
    return _check(Config, {**values, "model": model}, origin)


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


def _models_with(key: str, *, section: bool = False) -> list[str]:
    """Names of the models whose settings have that key, or a section of that name."""

    def has_key(kind: Any) -> bool:
        field = kind.settings.model_fields.get(key)
        return field is not None and (not section or _section_in(field.annotation) is not None)

    return names_of(MODELS, has_key)


def _check(section: type[AnySection], values: Mapping[str, Any], origin: str) -> AnySection:
    """The section of these values; UserError in one line where they are refused."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{origin}: {_explain(error, section)}") from None


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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected sections such as 'data:' and 'train:'")
    return values


def _explain(error: ValidationError, section: type[Section]) -> str:
    """The first thing that is wrong with the values of ``section``, in one line."""
    first = error.errors()[0]
    above = ("model",) if issubclass(section, ModelSettings) else ()
    # pydantic names the members of a union, such as 'tuple[int, int]', and '[key]' as if they were keys
    where = ".".join(str(part) for part in (*above, *first["loc"]) if "[" not in str(part))
    if first["type"] == "extra_forbidden":
        known = _known_keys(section, first["loc"])
        owners = _models_with(str(first["loc"][0])) if above and len(first["loc"]) == 1 else []
        if owners:
            own = section.model_fields["name"].default
            return f"the model '{own}' has no key '{where}'; it belongs to model.name: {', '.join(owners)}"
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.0)
        return f"unknown key '{where}'; did you mean '{near[0]}'? (known here: {', '.join(known)})"
    value = "" if isinstance(first["input"], Mapping) else f" is {first['input']!r}"  # a section would fill the screen
    if first["type"] in ("model_type", "dict_type"):
        return f"'{where}'{value}; expected a section with keys below it"
    others = len(error.errors()) - 1
    rest = f" (and {others} more)" if others else ""
    return f"'{where}'{value}: {' '.join(first['msg'].removeprefix('Value error, ').split())}{rest}"


def _known_keys(section: type[Section], location: tuple[int | str, ...]) -> list[str]:
    """Keys of the section, at or below ``section``, that holds ``location``."""
    for part in location[:-1]:
        fields = {field.alias or name: field for name, field in section.model_fields.items()}
        below = _section_in(fields[part].annotation) if part in fields else None
        section = below or section
    return [field.alias or name for name, field in section.model_fields.items()]


def _section_in(annotation: Any) -> type[Section] | None:
    """The section that a key of this type holds, also in a list or beside None; None where it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        section = _section_in(inner)
        if section is not None:
            return section
    return None
