"""Reads a configuration: the defaults, over them a YAML file, an overlay, and single values of the command line."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from rainsmith.base.errors import UserError
from rainsmith.base.urls import shown as shown_path
from rainsmith.base.urls import url_of
from rainsmith.config.config import Config
from rainsmith.config.data import Data
from rainsmith.config.model import DEFAULT_MODEL, settings_of
from rainsmith.config.refusals import explain, models_with
from rainsmith.config.section import Section
from rainsmith.config.values import CONTROL, shown
from rainsmith.config.yaml_text import MOST_DEPTH, read_yaml

AnySection = TypeVar("AnySection", bound=Section)

AUTO: Mapping[str, dict[str, Any]] = {"model": {"auto": True}, "train": {"epochs": "auto"}}
"""What ``auto`` in the place of a section stands for."""
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
        values = _sections_of(Path(file))
    if model_file is not None:
        values = merge(values, _sections_of(Path(model_file)))
    for key, value in (overrides or {}).items():
        values = merge(values, written_out(_nested(key, value)))
    base = Path(file).parent if file is not None else Path.cwd()
    values.setdefault("data", {})
    if isinstance(values["data"], dict):
        given = values["data"].get("root", Data.model_fields["root"].default)
        root = os.environ.get(DATA_ROOT_VARIABLE) or given
        if isinstance(root, str | Path) and not CONTROL.search(str(root)):  # else it is refused like any other value
            values["data"]["root"] = _resolved(root, Path.cwd() if root is not given else base)
    return parse(values, origin=str(file) if file else "configuration")


def parse(values: Mapping[str, Any], origin: str = "configuration") -> Config:
    """Check a nested mapping and make a configuration of it.

    Args:
        values: sections and keys, as in a YAML file.
        origin: where the values are from, for messages.

    Raises:
        UserError: a key is unknown or a value is refused; the message names what is expected.
    """
    values = written_out(values)
    for key in values:
        owners = models_with(key, section=True) if key not in Config.model_fields else []
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


def written_out(values: Mapping[str, Any]) -> dict[str, Any]:
    """Sections and keys, with ``model: auto`` and ``train: auto`` written out, so that other keys can be laid over."""
    return {key: AUTO.get(key, value) if value == "auto" else value for key, value in values.items()}


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


def _check(section: type[AnySection], values: Mapping[str, Any], origin: str) -> AnySection:
    """The section of these values; UserError in one line where they are refused."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise UserError(f"{origin}: {explain(error, section, values)}") from None


def _nested(key: str, value: Any) -> dict[str, Any]:
    """A value by dotted key as nested sections."""
    parts = key.split(".")
    if not all(parts) or len(parts) > MOST_DEPTH:
        raise UserError(f"{shown(key)} is no key; expected words with dots between them, such as train.epochs")
    for part in reversed(parts):
        value = {part: value}
    return dict(value)


def _resolved(root: str | Path, base: Path) -> str:
    if url_of(root) is not None:
        return shown_path(root)
    try:
        return str((base / root).resolve())
    except (OSError, RuntimeError) as error:  # a link to itself
        raise UserError(
            f"data.root {shown(str(root))} cannot be found ({error}); give the folder of the data"
        ) from None


def _renames(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an overlay asks for another model than the section that it is laid over."""
    name = before.get("name", DEFAULT_MODEL)
    return bool(after.get("name", name) != name)


def _sections_of(path: Path) -> dict[str, Any]:
    """What a configuration file holds."""
    values = read_yaml(path)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{path} holds a {type(values).__name__}; expected sections such as 'data:' and 'train:'")
    return written_out(values)
