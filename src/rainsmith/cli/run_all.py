"""The command ``run``: all stages in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rainsmith.cli.options import Common

if TYPE_CHECKING:
    from rainsmith.config import Config


@dataclass(frozen=True)
class RunAll(Common):
    """Run the stages from prepare to report in order; a stage whose inputs have not changed is skipped."""

    def execute(self) -> None:
        from rainsmith import pipeline

        config, folder = self.open()
        pipeline.run(config, folder)
        print(folder.folder / "report.html")

    def say_costs(self, config: Config) -> None:
        from rainsmith import costs
        from rainsmith.run_folder import Run

        costs.say_all(config, Run(self.run))
