"""The options that all commands on a run folder share, and how options become values of the configuration."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import tyro

from rainsmith.config.section import Mode, Split
from rainsmith.config.values import shown

if TYPE_CHECKING:
    from rainsmith.config import Config
    from rainsmith.run_folder import Run


def shown_as(metavar: str) -> Any:
    """How the help shows the value of an option whose default its sentence tells."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


def one_of(choices: Any) -> Any:
    """How the help shows the value of an option that takes one name of a ``Literal``."""
    return shown_as("{" + ",".join(get_args(choices)) + "}")


OptionalFile = Annotated[Path | None, shown_as("FILE")]
OptionalFolder = Annotated[Path | None, shown_as("FOLDER")]
OptionalUrl = Annotated[str | None, shown_as("URL")]
OptionalName = Annotated[str | None, shown_as("NAME")]
OptionalCount = Annotated[int | None, shown_as("COUNT")]
OptionalNumber = Annotated[float | None, shown_as("NUMBER")]
OptionalShard = Annotated[str | None, shown_as("NUMBER/COUNT")]
OptionalMode = Annotated[Mode | None, one_of(Mode)]
OptionalScheduler = Annotated[str | None, shown_as("ADDRESS")]
OptionalSplit = Annotated[Split | None, one_of(Split)]
Days = Annotated[tuple[str, ...], shown_as("DAY ...")]
Numbers = Annotated[tuple[float, ...], shown_as("NUMBER ...")]
Flag = Annotated[bool, tyro.conf.arg(help_behavior_hint="")]
Overrides = Annotated[tuple[str, ...], tyro.conf.arg(name="set", metavar="KEY=VALUE ...", help_behavior_hint="")]


@dataclass(frozen=True)
class Common:
    """A command on one run folder."""

    config: OptionalFile = None
    """YAML file of the data and of everything else that is not a default (docs/configuration.md).
    Without it the run folder's own config.yaml is used, or, in a new folder, the embedded demo data."""
    model_config: OptionalFile = None
    """YAML file that is laid over the configuration, such as configs/models/v3.yaml."""
    run: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("runs/default")
    """Run folder, in which all stages read and write."""
    set: Overrides = ()
    """Single values of the configuration by dotted key, such as --set train.epochs=40 train.lr=0.001."""
    dry_run: Flag = False
    """Check the configuration, print it with all its keys, and do nothing.
    What the stage will take on this machine (time, memory and disk) is said, too, as far as it is known."""

    def open(self, options: Mapping[str, Any] | None = None) -> tuple[Config, Run]:
        """The configuration and the run folder.

        Args:
            options: values of the command's own options by dotted key; None stands for an option that was not given.

        Raises:
            UserError: the configuration is refused.
        """
        from rainsmith.base.console import console
        from rainsmith.config import load_config
        from rainsmith.run_folder import Run

        file, kept = self.config, self.run / "config.yaml"
        if file is None and kept.is_file():
            file = kept
            console.print(f"configuration: {kept}", soft_wrap=True)
        config = load_config(file, self.model_config, parse_overrides(self.set) | given(options or {}))
        self.stop_if_dry(config)
        return config, Run(self.run)

    def stop_if_dry(self, config: Config) -> None:
        """Print the configuration and what the stage takes, and end the program, where ``--dry-run`` asks for it."""
        if self.dry_run:
            from rainsmith.config import dump_yaml

            self.say_costs(config)
            print(dump_yaml(config.model_dump(mode="json", by_alias=True)), end="")
            sys.exit(0)

    def say_costs(self, config: Config) -> None:
        """Say on standard error what the stage will take on this machine."""
        from rainsmith import costs
        from rainsmith.run_folder import Run

        costs.say(type(self).__name__.lower(), config, Run(self.run))

    def run_stage(self, options: Mapping[str, Any] | None = None, **arguments: Any) -> Any:
        """Run the stage of the command's name and return what it returns.

        Args:
            options: as in ``open``.
            arguments: further arguments of the stage.
        """
        from rainsmith import pipeline

        return pipeline.run_stage(type(self).__name__.lower(), *self.open(options), **arguments)

    def execute(self) -> None:
        """Do what the command is for, and print where the result is."""
        self.run_stage()


@dataclass(frozen=True)
class Sharded(Common):
    """A command whose work can be shared out to processes that share nothing but the run folder."""

    shard: OptionalShard = None
    """Do this part of the work only, such as 3/8, the third of eight; the last part joins all of them.
    Each part may run on another machine, and be stopped and run again (docs/how-to/cluster.md)."""

    def run_stage(self, options: Mapping[str, Any] | None = None, **arguments: Any) -> Any:
        """See ``Common.run_stage``; None where other shards have not finished."""
        return super().run_stage(options, **self.part(), **arguments)

    def part(self) -> dict[str, Any]:
        """The argument of a stage that names the shard; none where the option was not given.

        Raises:
            UserError: it names no shard.
        """
        from rainsmith.base.shards import Shard

        return {} if self.shard is None else {"shard": Shard.parse(self.shard)}


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {key: value for key, value in options.items() if value is not None}


def days_or_set(days: tuple[str, ...]) -> str | list[str] | None:
    """Dates, or the name of one set of days; None where nothing was given."""
    return days[0] if len(days) == 1 and "-" not in days[0] else (list(days) or None)


def parse_overrides(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Values by dotted key of texts KEY=VALUE, whose values are read as YAML.

    Raises:
        UserError: a text has no key or no ``=``, or its value is not YAML.
    """
    from rainsmith.base.errors import UserError
    from rainsmith.config import parse_yaml

    values = {}
    for pair in pairs:
        key, separator, text = pair.partition("=")
        if not separator or not key:
            raise UserError(f"--set {shown(pair)} is not KEY=VALUE; write for instance --set train.epochs=40")
        values[key] = parse_yaml(text, f"--set {shown(pair)}: the value")
    return values
