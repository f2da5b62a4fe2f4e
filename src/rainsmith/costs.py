"""What stages will take on this machine: minutes, memory and disk, said before they run (``--dry-run``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from rainsmith import pipeline
from rainsmith.base.console import console
from rainsmith.base.durations import in_time
from rainsmith.base.needs import Needs
from rainsmith.config import Config
from rainsmith.run_folder import Run


@dataclass(frozen=True)
class _Estimate:
    """How the needs of a stage are found.

    Attributes:
        module: holds ``needs(config, run)``.
        after: the stage that must have run before; None for the first.
    """

    module: str
    after: str | None = "prepare"


ESTIMATES = {
    "prepare": _Estimate("rainsmith.prepare.estimate", after=None),
    "train": _Estimate("rainsmith.train.stage"),
    "sample": _Estimate("rainsmith.sample.estimate"),
    "quantiles": _Estimate("rainsmith.quantiles.estimate"),
    "evaluate": _Estimate("rainsmith.evaluate.estimate"),
    "diagnose": _Estimate("rainsmith.diagnose.estimate"),
    "augment": _Estimate("rainsmith.augment.estimate", after="train"),
    "sweep": _Estimate("rainsmith.sweep.estimate", after="train"),
    "downscale": _Estimate("rainsmith.downscale.estimate"),
    "experiment": _Estimate("rainsmith.experiment.estimate", after="train"),
    "report": _Estimate("rainsmith.report.estimate"),
}
"""The stages whose needs can be known beforehand, from a piece of their work."""


def say(stage: str, config: Config, run: Run) -> Needs | None:
    """Say on standard error, in one line, what a stage will take on this machine.

    Args:
        stage: its name.
        config: the configuration.
        run: the run folder.

    Returns:
        The same; None where nothing can be said.

    Raises:
        UserError: the stage would be refused, for instance for want of memory.
    """
    needs = _needs(stage, config, run)
    _line(stage, str(needs))
    return needs if isinstance(needs, Needs) else None


def say_all(config: Config, run: Run) -> None:
    """Say what each stage of ``rainsmith run`` that is still to be done will take, and all of them together.

    Raises:
        UserError: as ``say``.
    """
    if not run.store.exists():
        say("prepare", config, run)
        _line("run", "what the other stages take can be said when 'rainsmith prepare' has run")
        return
    known, unknown = list[Needs](), list[str]()
    for stage in pipeline.to_be_done(config, run):
        needs = say(stage.name, config, run)
        if needs is None:
            unknown.append(stage.name)
        else:
            known.append(needs)
    if known:
        most, disk = max(needs.memory for needs in known), sum(needs.disk for needs in known)
        without = f"without {', '.join(unknown)}" if unknown else "all stages that are to be done"
        _line("run", str(Needs(sum(needs.seconds for needs in known), most, disk, without)))


def _needs(stage: str, config: Config, run: Run) -> Needs | str:
    """The needs of a stage, found in silence, or why they are not known."""
    estimate = ESTIMATES.get(stage)
    if estimate is None:
        took = pipeline.seconds_of_last_run(stage, run)
        last = "" if took is None else f"; it took {in_time(took)} when it last ran here"
        return f"its time, memory and disk are not known before it runs{last}"
    if estimate.after is not None and not (run.folder / pipeline.BY_NAME[estimate.after].product).exists():
        return f"what it takes can be said when 'rainsmith {estimate.after}' has run"
    if stage == "train" and run.holds_training:
        return "a training is there, which '--resume' goes on with; nothing is measured"

    if estimate.after is not None:
        from rainsmith.train.recipe import settled

        config, _ = settled(config, run.open_store())
    function: Callable[[Config, Run], Needs | str] = import_module(estimate.module).needs
    was_quiet, console.quiet = console.quiet, True
    try:
        return function(config, run)
    finally:
        console.quiet = was_quiet


def _line(stage: str, text: str) -> None:
    console.print(f"{stage}: {text}", soft_wrap=True, highlight=False, markup=False)
