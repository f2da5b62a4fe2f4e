"""Records: their order, how they are found, and names that are missing or taken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rainsmith.base.errors import UserError
from rainsmith.base.registry import Registry

ADDS = """
from types import SimpleNamespace
from toybox.registry import TOYS
TOYS.add(SimpleNamespace(name={name!r}, order={order}))
"""


@dataclass(frozen=True)
class Toy:
    name: str
    order: int


@pytest.fixture
def toybox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package ``toybox.toys`` of two records, beside the registry ``toybox.registry``; yields its folder."""
    folder = tmp_path / "toybox" / "toys"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder.parent / "registry.py").write_text(
        "from rainsmith.base.registry import Registry\nTOYS = Registry('toy', 'toybox.toys')\n"
    )
    (folder / "ball.py").write_text(ADDS.format(name="ball", order=20))
    (folder / "kite.py").write_text(ADDS.format(name="kite", order=10))
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "toybox"]:
        del sys.modules[name]


def toys() -> Registry[Toy]:
    from toybox.registry import TOYS  # type: ignore[import-not-found]

    return TOYS


def test_a_file_of_the_package_is_found_without_being_named(toybox: Path) -> None:
    (toybox / "drum.py").write_text(ADDS.format(name="drum", order=15))
    assert toys().names() == ("kite", "drum", "ball")
    assert [toy.name for toy in toys()] == ["kite", "drum", "ball"]
    assert len(toys()) == 3 and "drum" in toys() and "doll" not in toys()
    assert toys()["ball"].order == 20


def test_modules_are_imported_when_a_record_is_asked_for_and_not_before(toybox: Path) -> None:
    registry = toys()
    assert "toybox.toys.ball" not in sys.modules
    assert "ball" in registry
    assert "toybox.toys.ball" in sys.modules


def test_records_of_one_order_stay_as_they_were_added(toybox: Path) -> None:
    registry = toys()
    registry.add(Toy("top", 20))  # before the package is imported
    assert registry.names() == ("kite", "top", "ball")


def test_two_records_of_one_name_are_refused(toybox: Path) -> None:
    (toybox / "other.py").write_text(ADDS.format(name="ball", order=30))
    with pytest.raises(ValueError, match="two records of the toy 'ball'; rename one of them"):
        toys().names()


def test_a_module_that_fails_never_leaves_a_registry_that_looks_complete(toybox: Path) -> None:
    (toybox / "broken.py").write_text("raise RuntimeError('broken')")
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            toys().names()
    (toybox / "broken.py").unlink()
    assert toys().names() == ("kite", "ball")


def test_an_unknown_name_lists_the_known_ones_in_their_order(toybox: Path) -> None:
    with pytest.raises(UserError, match=r"^there is no toy 'bal'; expected one of kite, ball$"):
        toys()["bal"]


def test_add_returns_the_record(toybox: Path) -> None:
    top = Toy("top", 5)
    assert toys().add(top) is top and toys()["top"] is top
