"""What every section of the configuration is, and the types that several sections share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rainsmith.base.errors import UserError
from rainsmith.config.values import Float, Text, Unique


class Section(BaseModel):
    """A part of the configuration: it cannot be changed, and it refuses unknown keys.

    The docstring below a key says what the key is, its unit, and when to change it; docs/configuration.md is made of
    these docstrings.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


Split = Literal["train", "validation", "test"]
Mode = Literal["prior", "posterior"]
SplitNames = Annotated[list[Split], Field(min_length=1), Unique]
Share = Annotated[Float, Field(gt=0, lt=1)]
Precision = Literal["auto", "fp32", "bf16"]


def name_in(registry: str) -> Any:
    """The type of a key that names a record, such as ``name_in("rainsmith.baselines.registry:BASELINES")``.

    The rooms that hold the records lie above the configuration. A registry is therefore found by its dotted name, when
    a name is checked for the first time.
    """
    return Annotated[Text, AfterValidator(partial(_known, registry)), Field(json_schema_extra={"registry": registry})]


def records_of(registry: str) -> Any:
    """The registry of a dotted name ``package.module:NAME``."""
    module, _, name = registry.partition(":")
    return getattr(import_module(module), name)


def names_of(registry: str, chosen: Callable[[Any], bool] = lambda record: True) -> list[str]:
    """Names of the records that ``chosen`` accepts, in their order."""
    return [record.name for record in records_of(registry) if chosen(record)]


def _known(registry: str, name: str) -> str:
    try:
        return str(records_of(registry)[name[:60]].name)
    except UserError as error:
        raise ValueError(str(error)) from None
