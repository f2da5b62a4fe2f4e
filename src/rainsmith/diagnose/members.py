"""Failures that show in the members: collapse, drizzle, tails, blur, noise, mass, spread."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from rainsmith.diagnose.finding import Figure, Finding, Range, at_least, at_most
from rainsmith.diagnose.natural_variability import Natural
from rainsmith.evaluate.table import MetricTable
from rainsmith.metrics import lags, pooled, spatial

COMPARED = (
    *[pooled.mean, pooled.p99, pooled.p999, pooled.max_daily, pooled.wet_fraction],
    *[pooled.light_fraction, spatial.spatial_std, lags.fine_power],
)
"""Metrics whose distance between two samples of observations is the yardstick."""
LISTED = "the list of criteria (minimum and good)"
"""Origin of bounds that observations cannot give, because one observation has no spread: DESIGN 5."""
_SPREAD = Range((0.85, 1.15), (0.7, 1.3), LISTED)
_TAIL = (("p99", "heavy_x", "P99"), ("p999", "all", "P99.9"), ("max_daily", "all", "mean daily maximum"))
_EXCHANGEABLE = Range((0.9, 1.1), (0.8, 1.2), LISTED)


@dataclass(frozen=True)
class Output:
    """Rows of one model in metrics.csv, and what observations allow.

    Attributes:
        table: figures of the split.
        model: a value of the column ``model``.
        natural: differences of observations from themselves.
    """

    table: MetricTable
    model: str
    natural: Natural

    def ratio(
        self, metric: str, days: str, *, mode: str = "prior", low: bool = True, high: bool = True, name: str = ""
    ) -> Figure:
        """Members over observation."""
        value = self.table.value(self.model, days, metric, mode)
        observed = self.table.observed(self.model, days, metric, mode)
        over = value / observed if observed > 0 else math.nan
        text = f"{name or metric}, {mode} members / observed, {days} days"
        return Figure(text, over, self.natural.ratio(days, metric, low=low, high=high))

    def distance(self, metric: str, days: str, *, low: bool = True, high: bool = True, name: str = "") -> Figure:
        """Prior members minus observation."""
        value = self.table.value(self.model, days, metric, "prior")
        observed = self.table.observed(self.model, days, metric, "prior")
        text = f"{name or metric}, prior members - observed, {days} days"
        return Figure(text, value - observed, self.natural.distance(days, metric, low=low, high=high))

    def plain(self, metric: str, days: str, healthy: Range, name: str = "") -> Figure:
        """A score of the prior members by itself, with its interval over weeks."""
        value = self.table.value(self.model, days, metric, "prior")
        interval = self.table.interval(self.model, days, metric, "prior")
        return Figure(f"{name or metric}, prior members, {days} days", value, healthy, interval)


def findings(output: Output) -> Iterator[Finding]:
    """What the scores of the members say.

    Args:
        output: the scored model.
    """
    yield Finding(
        "mean-collapse",
        "Do members vary in space as observed rain does, or are they smooth means?",
        [
            output.ratio("spatial_std", "heavy_x", high=False, name="spatial standard deviation"),
            output.ratio("spatial_std", "all", high=False, name="spatial standard deviation"),
        ],
        "Members fall back on the mean: raise objective.w_prior, lower objective.w_rec, score larger blocks "
        "(objective.pooling).",
    )
    yield Finding(
        "drizzle",
        "Is there rain where it should be dry?",
        [
            output.distance("wet_fraction", "all", low=False, name="wet fraction"),
            output.distance("light_fraction", "all", low=False, name="share of cells below 1 mm but wet"),
        ],
        "Faint rain everywhere: train longer (train.epochs), or hide it with sampling.pixel_threshold, in mm/day; mean "
        "and spread keep what is left of it.",
    )
    yield Finding(
        "tail-deficit",
        "Do prior members reach the observed extremes?",
        [output.ratio(metric, days, high=False, name=name) for metric, days, name in _TAIL],
        "The tail stops short: raise objective.tail_weight or w_prior, train longer, pick the checkpoint by prior "
        "samples (monitor: prior), and do not trust return levels of these members.",
    )
    yield Finding(
        "tail-excess",
        "Do prior members overshoot the observed extremes?",
        [output.ratio(metric, days, low=False, name=name) for metric, days, name in _TAIL],
        "The tail is too long: where noise is found, too, mend that first; set model.power (6 to 12 gives a "
        "shorter tail than the exponential), lower objective.tail_weight, or more weight decay.",
    )
    yield Finding(
        "blur",
        "Do members have observed power at short wavelengths?",
        [output.ratio("fine_power", days, high=False, name="power below 4 cells") for days in ("heavy_x", "all")],
        "Fields are too smooth: score the differences between neighbours (objective.increments: [1, 2, 4]), add a "
        "finer latent level (model.finest: 1), raise sampling.temperature to 1 where it is lower, give prior members "
        "more weight against the reconstruction (w_prior).",
    )
    power = output.ratio("fine_power", "all", low=False, name="power below 4 cells")
    yield Finding(
        "noise",
        "Is there more power at short wavelengths than observed, noise that poses as diversity?",
        [power, *_uncorrelated(output, power)],
        "Diversity that comes from grains instead of storms: score differences between neighbours in training "
        "(objective.increments: [1, 2, 4]), lower sampling.temperature to 1, more training.",
    )
    yield Finding(
        "mass-drift",
        "Do the members rain as much as observed?",
        [output.ratio("mean", days, name="mean rain") for days in ("all", "heavy_x")],
        "The total drifts: set model.mass (hard where coarse rain is an input), score larger blocks "
        "(objective.pooling up to the domain), or look whether training and scored years differ.",
    )
    spread = [output.plain("spread_skill", days, _SPREAD, "spread over error") for days in ("all", "heavy_x")]
    yield Finding(
        "under-dispersion",
        "Is the spread of the members as large as their error?",
        [
            *[_one_sided(figure, low=True) for figure in spread],
            _one_sided(output.plain("diversity_ratio", "heavy_x", _EXCHANGEABLE, "diversity ratio"), low=True),
        ],
        "Members are too alike: raise objective.w_prior, lower w_rec or w_kl, more latent levels up to the size of "
        "the weather systems, more dropout of the predictors; for a few per cent, a sampling.temperature a little "
        "above 1, chosen on validation days.",
    )
    yield Finding(
        "over-dispersion",
        "Is the spread of the members larger than their error?",
        [
            *[_one_sided(figure, low=False) for figure in spread],
            _one_sided(output.plain("diversity_ratio", "heavy_x", _EXCHANGEABLE, "diversity ratio"), low=False),
        ],
        "Members differ more than the truth does from them: set sampling.temperature to 1, train longer, raise w_rec.",
    )


def gap(output: Output) -> Figure:
    """P99 of prior over that of posterior members on heavy_x days."""
    prior, posterior = (output.table.value(output.model, "heavy_x", "p99", mode) for mode in ("prior", "posterior"))
    over = prior / posterior if posterior > 0 else math.nan
    return Figure("P99 of prior / posterior members, heavy_x days", over, output.natural.ratio("heavy_x", "p99"))


def threshold_in_mm(members: xr.DataArray, obs: xr.DataArray, wet_mm: float) -> Finding:
    """Whether cells are cut off far above ``wet_mm``, as they are where a threshold met normalised values.

    Args:
        members: (time, y, x) one member a day [mm/day].
        obs: (time, y, x) the observation [mm/day].
        wet_mm: [mm/day] least rain of a wet cell, or the threshold that members were cut off at if that is higher.
    """
    fields = [np.asarray(field.values, dtype=np.float32) for field in (members, obs)]
    # a cell where it rains far too often has no small amounts either, for another reason
    dry = [(field < wet_mm).mean(axis=0) for field in fields]
    judged = (dry[0] >= 0.5 * dry[1]) & (dry[0] > 0)
    smallest, observed = (_least_wet(field[:, judged], wet_mm) for field in fields)
    name = "least wet amount of a cell, median of cells, members / observed"
    healthy = Range((-math.inf, 1.5), (-math.inf, 3.0), _LEAST_ORIGIN)
    return Finding(
        "normalised-threshold",
        "Was a threshold meant in mm/day applied to normalised values?",
        [Figure(name, smallest / observed if observed > 0 else math.nan, healthy)],
        "Cells lose rain that is far above the threshold of a wet cell: apply sampling.pixel_threshold after the "
        "inverse of the normalisation, in mm/day.",
        note=f"members {smallest:.3g} mm, observed {observed:.3g} mm",
    )


_LEAST_ORIGIN = "a threshold of 0.1 on normalised values of the demo climate (docs/failure-modes.md)"


def _least_wet(values: np.ndarray, wet_mm: float) -> float:
    """[mm/day] median over cells of the smallest amount that counts as wet; ``values`` is (time, cell)."""
    least = np.where(values >= wet_mm, values, np.inf).min(axis=0)
    least = least[np.isfinite(least)]
    return float(np.median(least)) if least.size else math.nan


def _uncorrelated(output: Output, power: Figure) -> list[Figure]:
    """Correlation with the observation against the analogs', where there is more fine power than observed."""
    if power.verdict not in ("warn", "fail"):
        return []
    own = output.table.value(output.model, "heavy_x", "spatial_correlation", "prior")
    for name in ("scaled-analogs", "analogs"):
        reference = output.table.value(name, "heavy_x", "spatial_correlation", "prior")
        if math.isfinite(reference):
            text = f"spatial correlation of prior members - of {name}, heavy_x days"
            return [Figure(text, own - reference, at_least(0.0, -0.1, "the analogs on the same days"))]
    return []


def _one_sided(figure: Figure, *, low: bool) -> Figure:
    """The same figure, with only its lower (or only its upper) bounds."""
    warn, fail, origin = figure.healthy.warn, figure.healthy.fail, figure.healthy.origin
    healthy = at_least(warn[0], fail[0], origin) if low else at_most(warn[1], fail[1], origin)
    return replace(figure, healthy=healthy)
