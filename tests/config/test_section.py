"""What every section does: it cannot be changed, refuses unknown keys, and names records by their registry."""

from __future__ import annotations

import datetime

import pytest
from pydantic import ValidationError

from rainsmith.baselines.registry import BASELINES
from rainsmith.config import Config, DateSpan, Section, Train
from rainsmith.config.section import name_in, names_of, records_of
from rainsmith.models.registry import MODELS

REGISTRY = "rainsmith.baselines.registry:BASELINES"


class Named(Section):
    baseline: name_in(REGISTRY) = "ratio"  # type: ignore[valid-type]
    """Name of a baseline."""
    period: DateSpan | None = None


def test_a_section_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Train().epochs = 3  # type: ignore[misc]


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Train(epoch=3)  # type: ignore[call-arg]


def test_the_docstring_of_a_key_is_its_description() -> None:
    assert Named.model_fields["baseline"].description == "Name of a baseline."


def test_every_key_has_a_sentence() -> None:
    def undescribed(section: type[Section], path: str) -> list[str]:
        names = []
        for name, field in section.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, Section):
                names += undescribed(inner, f"{path}{name}.")
            elif field.description is None or not field.description.strip().endswith((".", ")")):
                names.append(path + name)
        return names

    parts = {"data.predictors", "data.statics", "model.name"}  # these are described where their own keys are
    assert set(undescribed(Config, "")) <= parts
    assert {key for kind in MODELS for key in undescribed(kind.settings, "")} <= {"name"}


def test_a_date_may_be_a_date_or_its_text() -> None:
    assert Named(period=[datetime.date(2001, 1, 1), "2001-12-31"]).period == ("2001-01-01", "2001-12-31")  # type: ignore[arg-type]


def test_a_name_is_that_of_a_record() -> None:
    assert Named(baseline="climatology").baseline == "climatology"
    with pytest.raises(ValidationError, match="there is no baseline 'mean'; expected one of climatology"):
        Named(baseline="mean")


def test_a_registry_is_known_by_its_dotted_name() -> None:
    assert records_of(REGISTRY) is BASELINES
    assert names_of(REGISTRY) == list(BASELINES.names())
    assert names_of(REGISTRY, lambda baseline: baseline.name.startswith("s")) == ["scaled-analogs"]
