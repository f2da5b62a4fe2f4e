"""Runs stages, one or all in order, and skips a stage whose inputs have not changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rainsmith import __version__
from rainsmith.base.checksums import sha256_of_file
from rainsmith.base.console import console
from rainsmith.base.errors import UserError
from rainsmith.base.files import atomic
from rainsmith.base.json_files import Record, read_record, write_json
from rainsmith.base.locks import reading, writing
from rainsmith.base.pieces import Pieces, Unfinished, others_go_on
from rainsmith.base.processes import is_main, world_size
from rainsmith.base.scratch import remove_leftovers
from rainsmith.base.shards import Shard
from rainsmith.config import Config
from rainsmith.run_folder import Run
from rainsmith.stages import BY_NAME as BY_NAME
from rainsmith.stages import ON_REQUEST as ON_REQUEST
from rainsmith.stages import STAGES as STAGES
from rainsmith.stages import Stage as Stage


class _StageRecord(Record):
    """What ``stages/<stage>.json`` holds: the state of the last run of a stage."""

    fingerprint: str
    finished: bool
    stamp: float
    seconds: float | None = None
    request: str | None = None


def run(config: Config, folder: Run) -> None:
    """Run every stage in order; a stage whose inputs have not changed is skipped.

    A training that was stopped goes on where it stopped. Without prior members there is no diagnosis.

    Raises:
        UserError: from a stage, for instance where the folder holds a training of another configuration.
    """
    for stage in to_be_done(config, folder):
        options: dict[str, Any] = {"resume": folder.holds_training} if stage.name == "train" else {}
        run_stage(stage.name, config, folder, **options)


def to_be_done(config: Config, folder: Run) -> Iterator[Stage]:
    """The stages of ``run`` that are not current when their turn comes, in order; of the others it is said why not."""
    for stage in STAGES:
        if stage.name == "diagnose" and "prior" not in config.sampling.modes:
            console.print("diagnose: left out, since it judges prior members and sampling.modes has none")
        elif is_current(stage, config, folder):
            console.print(f"{stage.name}: unchanged, skipped")
        else:
            yield stage


def seconds_of_last_run(name: str, folder: Run) -> float | None:
    """[s] How long a stage took when it last ran in a folder; None where that is unknown."""
    record = _record(name, folder)
    return _read(record).seconds if record.exists() else None


def inspect(config: Config, folder: Run, *, as_it_is: bool = False) -> Any:
    """Look at the data; they are prepared first where the store is not there, or is of another configuration.

    Args:
        config: the whole configuration.
        folder: the run folder.
        as_it_is: look at the store that is there, whatever it was made of.

    Returns:
        What was found.

    Raises:
        UserError: from ``prepare``, or the store of another configuration belongs to a training.
    """
    if not (as_it_is and folder.store.exists()) and not is_current(BY_NAME["prepare"], config, folder):
        if folder.holds_training:
            raise UserError(
                f"{folder.folder} holds a training on data of another configuration, or of files that have changed; "
                "give another --run, or leave out the configuration to look at the data of the training"
            )
        run_stage("prepare", config, folder)
    return run_stage("inspect", config, folder)


def run_stage(name: str, config: Config, folder: Run, *, shard: Shard | None = None, **options: Any) -> Any:
    """Run one stage, whatever its state, and keep its fingerprint in ``stages/<stage>.json``.

    A stage that is refused leaves the record of its last good run as it was. What killed processes left half-written in
    the run folder is removed. Pieces that shards of the same request have finished are not made again.

    Args:
        name: name of the stage.
        config: the whole configuration.
        folder: the run folder.
        shard: do this part of the work alone; the last shard joins all parts, and writes the product and the record.
        options: further arguments of the stage's function.

    Returns:
        What the stage returns; None of a shard that leaves work to others.

    Raises:
        UserError: from the stage, or another process writes what this one reads or writes.
    """
    stage = BY_NAME[name]
    if shard is not None:
        return _run_shard(stage, config, folder, shard, options)
    with _locks(stage, config, folder):
        pieces = _pieces(stage, config, folder, None)
        if pieces is None or not pieces.folder.exists():
            return _run_locked(stage, config, folder, options)
        pieces.begin()
        result = _run_locked(stage, config, folder, options | {"pieces": pieces})
        pieces.remove()
        return result


def _run_shard(stage: Stage, config: Config, folder: Run, shard: Shard, options: dict[str, Any]) -> Any:
    """Do one part of a stage; its record is written by the shard that joins all parts."""
    if world_size() > 1:
        raise UserError(
            f"--shard {shard} was given to torchrun, which shares out work itself; leave out one of the two"
        )
    if options.get("scheduler") is not None:
        raise UserError("--shard and --scheduler both share out the work; expected one of them; leave out the other")
    inputs = [path for pattern in stage.reads for path in sorted(folder.folder.glob(pattern))]
    record, command = _record(stage.name, folder), f"rainsmith {stage.name} --shard {shard}"
    values = {"fingerprint": fingerprint(stage, config, folder), "version": __version__, "finished": True}
    with reading(inputs, command), ExitStack() as at_work:
        pieces = _pieces(stage, config, folder, shard)
        if pieces is None:
            options = options | {"shard": shard}
        elif record.exists() and _read(record).request == pieces.key and pieces.product.exists():
            with reading([pieces.product], command):  # whoever joined them may have been killed then
                pieces.remove()
            remove_leftovers(folder.folder)
            console.print(f"{stage.name}: all shards have finished; without --shard it is done again")
            return None
        else:
            pieces.begin()
            at_work.enter_context(pieces.at_work())
            options, values = options | {"pieces": pieces}, values | {"request": pieces.key}
        console.print(f"[bold]{stage.name}[/bold] {shard}")
        try:
            result = stage.load()(config, folder, **options)
        except Unfinished:
            others_go_on([pieces] if pieces is not None else [])
            return None
        if result is not None and (pieces is not None or not is_current(stage, config, folder)):
            write_json(record, {**values, "stamp": time.time()})
        if result is not None and pieces is not None:
            pieces.remove()
        if result is not None:  # before, others may have been at work whose locks this machine does not see
            remove_leftovers(folder.folder)
        return result


def _pieces(stage: Stage, config: Config, folder: Run, shard: Shard | None) -> Pieces | None:
    """What the shards of a stage must have in common; None of ``sample``, which asks for each of its stores."""
    if not stage.pieces_of or stage.name == "sample":
        return None
    values = config.model_dump(mode="json", by_alias=True)
    values["data"].pop("root")
    files = [path for pattern in stage.pieces_of for path in sorted(folder.folder.glob(pattern))]
    made_from = {str(path.relative_to(folder.folder)): sha256_of_file(path) for path in files}
    request = values | {"version": __version__, "made from": made_from}
    return Pieces(folder.folder / stage.product, request, shard, f"rainsmith {stage.name}")


def _run_locked(stage: Stage, config: Config, folder: Run, options: dict[str, Any]) -> Any:
    record = _record(stage.name, folder)
    before = record.read_bytes() if record.is_file() else None
    values: dict[str, Any] = {"fingerprint": fingerprint(stage, config, folder), "version": __version__}
    console.print(f"[bold]{stage.name}[/bold]")
    started = time.time()
    _write_record(record, {**values, "finished": False, "stamp": started})
    try:
        result = stage.load()(config, folder, **options)
    except UserError:
        _put_back(record, before, started)
        raise
    now = time.time()
    _write_record(record, {**values, "finished": True, "stamp": now, "seconds": round(now - started, 1)})
    return result


@contextmanager
def _locks(stage: Stage, config: Config, folder: Run) -> Iterator[None]:
    """Be the only process that writes the stage's product, and let nobody replace what the stage reads.

    The first of several processes of one training holds the locks. ``sample`` locks its products itself, as it knows
    their names when it has read its checkpoint.
    """
    if not is_main():
        yield
        return
    command = f"rainsmith {stage.name}"
    with ExitStack() as locks:
        if stage.name == "downscale":  # those of other networks and seeds may be written at the same time
            for name in config.downscale.names(config.seed):
                locks.enter_context(writing(folder.folder / "downscale" / name, command))
        elif stage.name != "sample":
            locks.enter_context(writing(folder.folder / stage.product, command))
        inputs = [path for pattern in stage.reads for path in sorted(folder.folder.glob(pattern))]
        locks.enter_context(reading(inputs, command))
        remove_leftovers(folder.folder)
        yield


def _put_back(record: Path, before: bytes | None, started: float) -> None:
    """Write the record of an earlier run again, unless another process has written its own since."""
    if not is_main() or not record.exists() or _read(record).stamp != started:
        return
    if before is None:
        record.unlink(missing_ok=True)
    else:
        with atomic(record) as scratch:
            scratch.write_bytes(before)


def is_current(stage: Stage, config: Config, folder: Run) -> bool:
    """Whether the stage has finished, with the inputs that it would have now, and its product is still there."""
    record = _record(stage.name, folder)
    if not record.exists() or not (folder.folder / stage.product).exists():
        return False
    kept = _read(record)
    return kept.finished and kept.fingerprint == fingerprint(stage, config, folder)


def fingerprint(stage: Stage, config: Config, folder: Run) -> str:
    """A hash of all that the result of a stage depends on.

    That is the version of rainsmith, the stage's sections of the configuration, the files it reads from outside the run
    folder (name, size and time of change), and when the stages before it last ran, with what.
    """
    values = config.model_dump(mode="json", by_alias=True)
    values["data"].pop("root")  # the files count, not the place where they are mounted
    parts: list[Any] = [__version__, stage.name, {section: values[section] for section in stage.sections}]
    if stage.name == "prepare":
        parts.append(_input_files(config))
    areas = config.evaluate.areas
    if stage.name == "evaluate" and areas is not None and areas.is_file():
        parts.append([areas.stat().st_size, areas.stat().st_mtime_ns])
    for name in stage.after:
        record = _record(name, folder)
        kept = _read(record) if record.exists() else None
        parts.append([None] * 3 if kept is None else [kept.fingerprint, kept.finished, kept.stamp])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _record(name: str, folder: Run) -> Path:
    return folder.folder / "stages" / f"{name}.json"


def _read(record: Path) -> _StageRecord:
    return read_record(record, _StageRecord, damaged=f"delete it, and '{record.stem}' runs again")


def _write_record(path: Path, values: dict[str, Any]) -> None:
    if is_main():
        write_json(path, values)


def _input_files(config: Config) -> list[tuple[str, int, int | str]]:
    """Name, size and time of change of every file under ``data.root`` that the configuration names."""
    data = config.data
    if data.kind == "gridded":
        from rainsmith.data.sources.state import state_of_files

        return state_of_files(data)
    files = [] if data.kind == "demo" else sorted([*data.root.rglob("*.npy"), *data.root.rglob("*.json")])
    return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
