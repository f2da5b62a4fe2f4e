"""From files to a proposal: each step takes what the steps before it found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rainsmith.base.errors import UserError
from rainsmith.data.sources.tables import SUFFIXES as TABLES
from rainsmith.init.coarse import choose_grid, uncovered
from rainsmith.init.days_of_predictors import align
from rainsmith.init.evidence import Evidence, gather
from rainsmith.init.look import Variable, look_into
from rainsmith.init.periods import Period, choose_period, lacking
from rainsmith.init.places import root_of
from rainsmith.init.questions import Ask
from rainsmith.init.roles import SAME_SIZE, Roles, tell_apart, types_of
from rainsmith.init.sections import Findings, Proposal, sections_of, summary_of
from rainsmith.init.sources import Source, group
from rainsmith.init.static_maps import choose_maps
from rainsmith.init.target import TargetEntry, target_entry
from rainsmith.init.uses import Use, use_of


def propose(paths: Sequence[Path], config: Path, grid_file: Path, ask: Ask) -> Proposal:
    """Look into files, and propose a configuration.

    Args:
        paths: files of data.
        config: where the configuration will stand.
        grid_file: where a coarse grid is written that no source has.
        ask: answers questions.

    Raises:
        UserError: a file cannot be read, there is no daily precipitation, or no day that all sources have.
    """
    variables, no_tables = _look_into_all(paths)
    roles = tell_apart(group(variables), ask)
    target = roles.target
    assert target.grid is not None  # of a field
    _leave_out_uncovering(roles)
    _leave_out_as_fine(roles)
    _leave_out_types(roles)
    period = choose_period(target, roles.predictors)
    entry = target_entry(target, roles.told, ask)
    uses = [use_of(source, ask, rain=source in roles.coarse_rain) for source in roles.predictors]
    evidence = _evidence(target, entry, uses, period)
    problems = dict(evidence.problems)
    for number, use in enumerate(uses):
        if use.source.grid is not None and (why := uncovered(use.source, target.grid, evidence.valid)):
            problems.setdefault(number, why)
    roles.left_out += [(uses[number].source, problem) for number, problem in sorted(problems.items())]
    kept = [number for number in range(len(uses)) if number not in problems]
    uses, settled = align([uses[number] for number in kept], evidence.only(kept))
    uses = [use.leaving_open(lacking(use.source, period)) for use in uses]
    rain, others = ([use.source for use in uses if use.rain is kind] for kind in (True, False))
    coarse = choose_grid(rain, others, target.grid)
    uses.sort(key=lambda use: (use.source is not coarse.source, use.source.grid is None))
    used = [*target.paths, *(path for use in uses for path in use.source.paths)]
    root = root_of([*used, *(path for source in roles.maps for path in source.paths)], config)
    maps, no_maps = choose_maps(roles.maps, evidence.precip, evidence.settings, target.km, root)
    findings = Findings(
        target=target,
        entry=entry,
        uses=uses,
        coarse=coarse,
        period=period,
        maps=maps,
        mean_rain=evidence.mean,
        settled=settled,
        unused=len(roles.left_out),
        left_out=[f"{source.label}: {why}" for source, why in [*roles.left_out, *no_maps]] + no_tables,
    )
    return Proposal(sections_of(findings, root, grid_file), summary_of(findings), coarse)


def _look_into_all(paths: Sequence[Path]) -> tuple[list[Variable], list[str]]:
    """All variables, and why files of text are no tables.

    Raises:
        UserError: a NetCDF file or Zarr store cannot be read.
    """
    variables: list[Variable] = []
    no_tables: list[str] = []
    for path in paths:
        try:
            variables += look_into(path)
        except UserError as error:
            if path.suffix.lower() not in TABLES:
                raise
            no_tables.append(str(error))
    return variables, no_tables


def _evidence(target: Source, entry: TargetEntry, uses: Sequence[Use], period: Period) -> Evidence:
    """Rain and predictors of some training days, from the files that hold these."""
    days = period.days[period.training]
    files = [str(part.path) for part in target.parts if part.days[-1] >= days[0] and part.days[0] <= days[-1]]
    read = [(use.values(list(map(str, use.source.paths))), use.source.grid) for use in uses]
    assert target.grid is not None
    return gather({"files": files, **entry.values}, read, target.grid, period)


def _leave_out_uncovering(roles: Roles) -> None:
    """Leave out predictors that do not reach the target."""
    assert roles.target.grid is not None
    for held in (roles.coarse_rain, roles.maybe_rain, roles.fields):
        for source in list(held):
            if why := uncovered(source, roles.target.grid):
                held.remove(source)
                roles.left_out.append((source, why))


def _leave_out_as_fine(roles: Roles) -> None:
    """Leave out fields on cells as small as the target's."""
    for source in list(roles.fields):
        if source.km <= SAME_SIZE * roles.target.km:
            roles.fields.remove(source)
            why = (
                f"its cells ({source.km:.3g} km) are as small as the target's, and predictors are the coarse side; "
                "average it over blocks ('cdo gridboxmean') to use it"
            )
            roles.left_out.append((source, why))


def _leave_out_types(roles: Roles) -> None:
    """Leave out columns of types that stand beside columns of amounts; how to add them is said."""
    for source in list(roles.series):
        count = types_of(source.first)
        beside = [other for other in roles.series if other.paths == source.paths and not types_of(other.first)]
        if count and beside:
            roles.series.remove(source)
            why = (
                f"{count} types would be as many channels, beside amounts in the same file; to use them add a source "
                f"with 'variable: {source.name}, categories: [{source.name}]'"
            )
            roles.left_out.append((source, why))
