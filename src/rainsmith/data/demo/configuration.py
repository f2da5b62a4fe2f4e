"""The configuration of the demo, which travels with the package."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path

from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic


def demo_file() -> AbstractContextManager[Path]:
    """The YAML file, inside a ``with`` block: a package in an archive is unpacked for so long."""
    return resources.as_file(resources.files("rainsmith.data.demo").joinpath("demo.yaml"))


def write_demo_file(path: Path) -> None:
    """Write the configuration of the demo, with its comments, to be read and changed.

    Raises:
        UserError: there is such a file already.
    """
    if path.exists():
        raise UserError(f"{path} is there already; give another name, or move it away")
    with demo_file() as file, atomic(path) as scratch:
        scratch.write_bytes(file.read_bytes())
