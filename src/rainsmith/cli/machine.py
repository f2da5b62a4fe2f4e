"""The commands that need no data of a user: ``demo`` and ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from rainsmith.cli.options import Flag, OptionalFile, Overrides
from rainsmith.cli.run_all import RunAll


@dataclass(frozen=True)
class Demo:
    """Do the whole job on the embedded climate, which needs no files, and print the path of the report."""

    run: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("runs/demo")
    """Run folder, in which all stages read and write."""
    set: Overrides = ()
    """Single values of the configuration by dotted key, such as --set train.epochs=24."""
    write_config: OptionalFile = None
    """Write the configuration of the demo into this file, and do nothing else."""
    dry_run: Flag = False
    """Check the configuration, print it with all its keys, and do nothing.
    What the stages will take on this machine (time, memory and disk) is said, too, as far as it is known."""

    def execute(self) -> None:
        from rainsmith import pipeline
        from rainsmith.data.demo.configuration import demo_file, write_demo_file

        if self.write_config is not None:
            write_demo_file(self.write_config)
            print(self.write_config)
            return
        with demo_file() as file:
            config, folder = RunAll(config=file, run=self.run, set=self.set, dry_run=self.dry_run).open()
        pipeline.run(config, folder)
        print((folder.folder / "report.html").absolute())


@dataclass(frozen=True)
class Doctor:
    """Say what this machine is: versions, device, number formats, memory, disk, and the speed of a training."""

    speed: Annotated[bool, tyro.conf.arg(help_behavior_hint="")] = True
    """Time a few training steps of the demo's network, which takes about ten seconds."""
    run: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("runs")
    """Folder of the runs, whose free disk is looked at; nothing is written there."""

    def execute(self) -> None:
        from rainsmith.doctor.stage import doctor

        print(doctor(self.run, speed=self.speed))
