"""The record of a metric: its formula, and all that the rest of the program says and asks about it.

A metric is added by one decorated formula in any module of this folder (docs/method.md, "Adding a score").
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import xarray as xr

from rainsmith.base.dims import MEMBER, TIME, X, Y
from rainsmith.base.registry import Registry
from rainsmith.metrics.arrays import kept_dims, score_by_place, with_our_dims
from rainsmith.metrics.core import MODES, SERIES, Formula, Settings, Terms, daily_terms, pair, pool

Aim = Literal["observed", "low", "high", "one"] | float
"""The best value: that of the observation, as low or as high as can be, 1 as a ratio, or a number."""


@dataclass(frozen=True, repr=False)
class Metric:
    """A score, what it takes to compute it from sums over days, and how it is shown.

    Attributes:
        name: as in ``metrics.csv``.
        formula: pooled terms to score; with a dimension ``series`` where it is measured on the observation, too.
        terms: the daily terms that the formula needs.
        units: of the score.
        perfect: its best value; None where the best value is that of the observation.
        order: its place among the rows of ``metrics.csv``, in steps of 10; 0 for a metric that is not in the table.
        title: its name in the report.
        aim: its best value, as the report judges it.
        percent: it is shown as a percentage.
        signed: it is shown with its sign.
        beside: it is measured on each member and on the observation; the value is the median member's.
        threshold: the setting that is its threshold, or "".
        spread: it needs at least two members.
        modes: the sampling modes in which it means something.
        needs: the setting that must not be 0, or "".
        of_single_cells: it takes each cell by itself, so that it can score means over areas, too.
        compared_by: the daily term whose mean over cell-days it is, for paired comparisons of forecasts, or "".
        single_extreme: it is so uncertain that the range of the members is given, too, in a row ``<name>_range``.
    """

    name: str
    formula: Formula
    terms: tuple[Terms, ...]
    units: str
    perfect: float | None
    order: int = 0
    title: str = ""
    aim: Aim = "observed"
    percent: bool = False
    signed: bool = False
    beside: bool = False
    threshold: str = ""
    spread: bool = False
    modes: tuple[str, ...] = MODES
    needs: str = ""
    of_single_cells: bool = False
    compared_by: str = ""
    single_extreme: bool = False

    def __repr__(self) -> str:
        signature = inspect.signature(self)
        plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
        return f"{self.name}{signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)}"

    @property
    def heading(self) -> str:
        """The title with the units behind it, as figures are headed."""
        return self.title if self.units == "1" else f"{self.title} [{self.units}]"

    def __call__(
        self,
        fcst: xr.DataArray,
        obs: xr.DataArray,
        *,
        member_dim: str = MEMBER,
        time_dim: str = TIME,
        space_dims: tuple[str, str] = (Y, X),
        preserve_dims: str | Iterable[str] | None = None,
        **settings: Any,
    ) -> xr.DataArray:
        """The score of a forecast; ``help(metric)`` says what it measures, and describes the arguments."""
        kept = kept_dims(preserve_dims, time_dim=time_dim, space_dims=space_dims)
        if not self.of_single_cells and set(kept) - {time_dim}:
            raise ValueError(
                f"found preserve_dims {list(kept)}; {self.name} is a score of whole fields; keep '{time_dim}' or None"
            )
        members, truth = with_our_dims(fcst, obs, member_dim=member_dim, time_dim=time_dim, space_dims=space_dims)
        known = self._settings(settings)
        if self.spread and members.sizes.get(MEMBER, 1) < 2:
            raise ValueError(f"found one member; {self.name} is a score of spread; give two members or more")
        if not kept:
            return self.value(self.sums(members, truth, **settings))
        ours = dict(zip((time_dim, *space_dims), (TIME, Y, X), strict=True))
        score = score_by_place(self.terms, self.value, pair(members, truth), known, [ours[dim] for dim in kept])
        score = score.rename({ours[dim]: dim for dim in kept})
        return score.assign_coords({dim: obs[dim] for dim in kept if dim in obs.coords})

    def _settings(self, given: dict[str, Any]) -> Settings:
        """The settings of a call.

        Raises:
            ValueError: a name is not known, or the metric needs a setting that is 0.
        """
        names = [field.name for field in fields(Settings)]
        if unknown := sorted(set(given) - set(names)):
            raise ValueError(f"found settings {unknown}; expected some of {', '.join(names)}; rename or leave out")
        settings = Settings(**given)
        if self.needs and not getattr(settings, self.needs):
            raise ValueError(f"found {self.needs} = 0; {self.name} needs it; give {self.needs}=...")
        return settings

    def sums(self, fcst: xr.DataArray, obs: xr.DataArray, **settings: Any) -> xr.Dataset:
        """The pooled terms of all days."""
        terms = daily_terms(self.terms, pair(fcst, obs), Settings(**settings))
        weights = np.ones((1, terms.sizes[TIME]))
        return pool(terms, weights).isel(resample=0)

    def value(self, sums: xr.Dataset) -> xr.DataArray:
        """The score; the median over members where it is measured on each."""
        return self.by_member(sums).median(MEMBER) if self.beside else self.formula(sums)

    def by_member(self, sums: xr.Dataset) -> xr.DataArray:
        """(..., member), for metrics that are measured on each member."""
        return self.each(sums)[1]

    def observed(self, sums: xr.Dataset) -> xr.DataArray:
        """The same formula on the observation, for metrics that are measured on each member."""
        return self.each(sums)[0]

    def each(self, sums: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
        """The formula on the observation (...) and on each member (..., member)."""
        series = self.formula(sums)
        return series.isel({SERIES: -1}), series.isel({SERIES: slice(None, -1)}).rename({SERIES: MEMBER})

    def applies(self, members: int, mode: str, settings: Settings) -> bool:
        """Whether it means something for this number of members, this mode and these settings."""
        known = not self.needs or bool(getattr(settings, self.needs))
        return known and mode in self.modes and (members > 1 or not self.spread)


METRICS = Registry[Metric]("metric", "rainsmith.metrics")
"""Every metric of ``metrics.csv``, in the order of its rows."""


def metric(*terms: Terms, name: str = "", order: int | None = None, **fields: Any) -> Callable[[Formula], Metric]:
    """Make a ``Metric`` of a formula, and add it to ``METRICS`` if it has an order.

    Args:
        *terms: the daily terms that the formula needs.
        name: of the metric; the name of the formula unless another is given.
        order: place among the rows of ``metrics.csv``; None for a metric that is not in the table.
        **fields: the other fields of ``Metric``.
    """

    def wrap(formula: Formula) -> Metric:
        called = name or formula.__name__
        record = Metric(called, formula, terms, order=order or 0, **{"title": called, **fields})
        object.__setattr__(record, "__doc__", _docstring(record))
        return METRICS.add(record) if order is not None else record

    return wrap


def compared_metrics() -> dict[str, str]:
    """Names of the scores by which forecasts are compared in pairs, each with the daily term of its comparison."""
    return {record.name: record.compared_by for record in METRICS if record.compared_by}


_ARGUMENTS = """\
Args:
    fcst: (time, member, y, x) [mm/day], NaN where invalid; without members it is a single-valued forecast.
    obs: (time, y, x) [mm/day], NaN where invalid, on the same days and cells.
    member_dim: name of the dimension of members.
    time_dim: name of the dimension of days.
    space_dims: names of the two dimensions of the grid, rows first.
    preserve_dims: {preserve}
    **settings: fields of ``rainsmith.metrics.core.Settings``, such as ``wet_mm`` and ``thresholds_mm``{needs}.

Returns:
    {returns}; NaN where it is undefined.

Raises:
    ValueError: the arrays differ in days or cells, a dimension is not there or cannot be kept, or a setting is missing.
"""


def _docstring(record: Metric) -> str:
    """The text of the formula, with the arguments that all metrics share before its references."""
    text, heading, references = (inspect.getdoc(record.formula) or "").partition("References:")
    kept = 'time_dim, one or both of space_dims, or "all", for a score of each day or cell; None pools all cell-days.'
    one_day = "time_dim, for a score of each day, or None, which pools all days; the score takes whole fields."
    best = "that of the observation" if record.perfect is None else f"{record.perfect:g}"
    member = ", of the median member" if record.beside else ""
    shared = _ARGUMENTS.format(
        preserve=kept if record.of_single_cells else one_day,
        needs=f"; this score needs ``{needed}`` [mm/day]" if (needed := record.threshold or record.needs) else "",
        returns=f"The score [{record.units}]{member}, best value {best}",
    )
    return f"{text.rstrip()}\n\n{shared}" + (f"\n{heading}{references}" if heading else "")
