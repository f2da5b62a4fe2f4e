"""The command ``init``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rainsmith.cli.options import Flag, OptionalFile, shown_as


@dataclass(frozen=True)
class Init:
    """Look into files of data, and write a commented configuration that runs with them."""

    files: Annotated[tuple[str, ...], tyro.conf.Positional, shown_as("FILES ...")] = ()
    """Paths, globs or folders of NetCDF files, Zarr stores and CSV tables; URLs too (s3://, gs://, https://)."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"], metavar="FILE")] = Path("my-region.yaml")
    """YAML file that is written."""
    force: Flag = False
    """Replace the file where it exists."""
    from_reference: OptionalFile = None
    """YAML file of the reference's scripts, which is translated; no files of data are given then (docs/legacy.md)."""

    def execute(self) -> None:
        from rainsmith.base.errors import UserError
        from rainsmith.init.stage import init, init_from_reference

        if self.from_reference is None:
            print(init(self.files, self.out, force=self.force))
        elif self.files:
            raise UserError("files of data and --from-reference are both given; expected one of the two")
        else:
            print(init_from_reference(self.from_reference, self.out, force=self.force))
