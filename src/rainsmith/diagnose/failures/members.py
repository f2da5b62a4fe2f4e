"""Failures that show in the members: collapse, drizzle, tails, blur, noise, mass, spread, a wrong threshold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from rainsmith.config.change import Change
from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.finding import Figure, Range, at_least, at_most
from rainsmith.diagnose.member_scores import MemberScores, only_high, only_low
from rainsmith.diagnose.registry import DIAGNOSES, Diagnosis, Measurement
from rainsmith.metrics import lags, pooled, spatial

_CRITERIA = "the list of criteria (minimum and good)"
"""Origin of the bounds on spread, which observations cannot give, because one observation has no spread."""
_SPREAD_OVER_ERROR = Range((0.85, 1.15), (0.7, 1.3), _CRITERIA)
_DIVERSITY_RATIO = Range((0.9, 1.1), (0.8, 1.2), _CRITERIA)
_LEAST_WET = at_most(1.5, 3.0, "a threshold of 0.1 on normalised values of the demo climate (docs/thresholds.md)")
_TAIL = (("p99", "heavy_x", "P99"), ("p999", "all", "P99.9"), ("max_daily", "all", "mean daily maximum"))
_TAIL_METRICS = (pooled.p99, pooled.p999, pooled.max_daily)
_FINE_POWER = "power below 4 cells"
_FACTOR = 1.5
"""More or less power than this, as a factor, is never healthy, however much short records differ from themselves."""


def _mean_collapse(evidence: Evidence) -> Measurement:
    title = "spatial standard deviation"
    scores = evidence.scores
    return Measurement([scores.ratio("spatial_std", days, high=False, title=title) for days in ("heavy_x", "all")])


DIAGNOSES.add(
    Diagnosis(
        name="mean-collapse",
        order=10,
        question="Do members vary in space as observed rain does, or are they smooth means?",
        measured="standard deviation over cells, members / observed",
        threshold_from="observed years",
        advice="Members fall back on the mean: train on a proper score of several members, not on the error of one.",
        measure=_mean_collapse,
        natural_variability_of=(spatial.spatial_std,),
    )
)


def _drizzle(evidence: Evidence) -> Measurement:
    titles = {"wet_fraction": "wet fraction", "light_fraction": "share of cells below 1 mm but wet"}
    scores = evidence.scores
    return Measurement([scores.difference(metric, "all", low=False, title=title) for metric, title in titles.items()])


DIAGNOSES.add(
    Diagnosis(
        name="drizzle",
        order=20,
        question="Is there rain where it should be dry?",
        measured="wet fraction, and share of cells with less than 1 mm but wet, members − observed",
        threshold_from="observed years",
        advice="Faint rain everywhere: train longer (train.epochs), or hide it with sampling.pixel_threshold, in "
        "mm/day; mean and spread keep what is left of it.",
        changes=(Change("train.epochs", times=2.0),),
        measure=_drizzle,
        natural_variability_of=(pooled.wet_fraction, pooled.light_fraction),
    )
)


def _tail_deficit(evidence: Evidence) -> Measurement:
    return Measurement([evidence.scores.ratio(metric, days, high=False, title=title) for metric, days, title in _TAIL])


DIAGNOSES.add(
    Diagnosis(
        name="tail-deficit",
        order=30,
        question="Do prior members reach the observed extremes?",
        measured="P99 on `heavy_x`, P99.9 and mean daily maximum on all days, members / observed",
        threshold_from="observed years",
        advice="The tail stops short: train longer (train.epochs), pick the checkpoint by prior samples "
        "(train.monitor: prior), and do not trust return levels of these members.",
        changes=(Change("train.monitor", to="prior"), Change("train.epochs", times=2.0)),
        measure=_tail_deficit,
        natural_variability_of=_TAIL_METRICS,
    )
)


def _tail_excess(evidence: Evidence) -> Measurement:
    return Measurement([evidence.scores.ratio(metric, days, low=False, title=title) for metric, days, title in _TAIL])


DIAGNOSES.add(
    Diagnosis(
        name="tail-excess",
        order=40,
        question="Do prior members overshoot the observed extremes?",
        measured="P99 on `heavy_x`, P99.9 and mean daily maximum on all days, members / observed",
        threshold_from="observed years",
        advice="The tail is too long: where noise is found, too, mend that first; raise train.weight_decay.",
        changes=(Change("train.weight_decay", times=2.0),),
        measure=_tail_excess,
        natural_variability_of=_TAIL_METRICS,
    )
)


def _fine_power(evidence: Evidence, days: str, *, low: bool = True, high: bool = True) -> Figure:
    """The power at short wavelengths; on a short record its healthy range is no wider than ``_FACTOR`` on each side."""
    figure = evidence.scores.ratio("fine_power", days, low=low, high=high, title=_FINE_POWER)
    (lowest, highest), healthy = figure.healthy.warn, figure.healthy
    if math.isnan(lowest) or math.isnan(highest):
        return figure
    warn = (max(lowest, 1 / _FACTOR) if low else lowest, min(highest, _FACTOR) if high else highest)
    return replace(figure, healthy=replace(healthy, warn=warn))


def _blur(evidence: Evidence) -> Measurement:
    """Too little power fails; too much is no blur, and not healthy either: it is warned about."""
    figures = []
    for days in ("heavy_x", "all"):
        figure = _fine_power(evidence, days)
        fail = (figure.healthy.fail[0], math.inf)
        figures.append(replace(figure, healthy=replace(figure.healthy, fail=fail)))
    excess = [figure.value for figure in figures if figure.value > figure.healthy.warn[1]]
    if not excess:
        return Measurement(figures)
    note = f"members have {max(excess):.2g} times the observed power: that is no blur, and not healthy"
    return Measurement(
        figures, note=note, advice="There is too much power, not too little: follow the advice of noise."
    )


DIAGNOSES.add(
    Diagnosis(
        name="blur",
        order=50,
        question="Do members have observed power at short wavelengths?",
        measured="power below a wavelength of 4 cells, members / observed",
        threshold_from="observed years",
        advice="Fields are too smooth: train longer (train.epochs), raise sampling.temperature to 1 where it is "
        "lower, or train on a score of the differences between neighbours.",
        changes=(Change("train.epochs", times=2.0),),
        measure=_blur,
        natural_variability_of=(lags.fine_power,),
    )
)


def _noise(evidence: Evidence) -> Measurement:
    power = _fine_power(evidence, "all", low=False)
    # only where there is more fine power than observed does it matter whether it is noise
    uncorrelated = _correlation_beside_analogs(evidence.scores) if power.verdict in ("warn", "fail") else []
    return Measurement([power, *uncorrelated])


def _correlation_beside_analogs(scores: MemberScores) -> list[Figure]:
    """Spatial correlation with the observation, less that of the analogs; empty where no analogs were scored."""
    own = scores.value("spatial_correlation", "heavy_x")
    for analogs in ("scaled-analogs", "analogs"):
        reference = scores.table.value(analogs, "heavy_x", "spatial_correlation", "prior")
        if math.isfinite(reference):
            name = f"spatial correlation of prior members - of {analogs}, heavy_x days"
            return [Figure(name, own - reference, at_least(0.0, -0.1, "the analogs on the same days"))]
    return []


DIAGNOSES.add(
    Diagnosis(
        name="noise",
        order=60,
        question="Is there more power at short wavelengths than observed, noise that poses as diversity?",
        measured="power below a wavelength of 4 cells, members / observed; and where there is too much, the spatial "
        "correlation with the observation against the analogs'",
        threshold_from="observed years; the analogs",
        advice="Diversity that comes from grains instead of storms: lower sampling.temperature to 1, train longer "
        "(train.epochs), or on a score of the differences between neighbours.",
        changes=(Change("train.epochs", times=2.0),),
        measure=_noise,
        natural_variability_of=(lags.fine_power,),
    )
)


def _mass_drift(evidence: Evidence) -> Measurement:
    return Measurement([evidence.scores.ratio("mean", days, title="mean rain") for days in ("all", "heavy_x")])


DIAGNOSES.add(
    Diagnosis(
        name="mass-drift",
        order=70,
        question="Do the members rain as much as observed?",
        measured="mean rain, members / observed",
        threshold_from="observed years",
        advice="The total drifts: train longer (train.epochs), and look whether training and scored years differ.",
        changes=(Change("train.epochs", times=2.0),),
        measure=_mass_drift,
        natural_variability_of=(pooled.mean,),
    )
)


def _spread_figures(scores: MemberScores) -> list[Figure]:
    title = "spread over error"
    return [
        *[scores.score("spread_skill", days, _SPREAD_OVER_ERROR, title=title) for days in ("all", "heavy_x")],
        scores.score("diversity_ratio", "heavy_x", _DIVERSITY_RATIO, title="diversity ratio"),
    ]


DIAGNOSES.add(
    Diagnosis(
        name="under-dispersion",
        order=80,
        question="Is the spread of the members as large as their error?",
        measured="spread over error, diversity ratio",
        threshold_from="the list of criteria: one observation has no spread; warned or failed only where the whole "
        "90 % interval over weeks is",
        advice="Members are too alike: train on a proper score of several members, with more dropout of the "
        "predictors; for a few per cent, set a sampling.temperature a little above 1, chosen on validation days.",
        changes=(Change("train.pool", to=4, only_if=1), Change("sampling.temperature", to=1.05, only_if=1.0)),
        measure=lambda evidence: Measurement([only_low(figure) for figure in _spread_figures(evidence.scores)]),
    )
)
DIAGNOSES.add(
    Diagnosis(
        name="over-dispersion",
        order=90,
        question="Is the spread of the members larger than their error?",
        measured="spread over error, diversity ratio",
        threshold_from="the list of criteria: one observation has no spread; warned or failed only where the whole "
        "90 % interval over weeks is",
        advice="Members differ more than the truth does from them: set sampling.temperature to 1, train longer "
        "(train.epochs).",
        changes=(Change("train.epochs", times=2.0),),
        measure=lambda evidence: Measurement([only_high(figure) for figure in _spread_figures(evidence.scores)]),
    )
)


def _normalised_threshold(evidence: Evidence) -> Measurement:
    """Cells are cut off far above ``wet_mm`` where a threshold was applied to normalised values."""
    wet_mm, rain = evidence.wet_mm, (evidence.first_member, evidence.observation)
    fields = [np.asarray(field.values, dtype=np.float32) for field in rain]
    # a cell where it rains far too often has no small amounts either, for another reason
    dry = [(field < wet_mm).mean(axis=0) for field in fields]
    judged = (dry[0] >= 0.5 * dry[1]) & (dry[0] > 0)
    drawn, observed = (_least_wet(field[:, judged], wet_mm) for field in fields)
    name = "least wet amount of a cell, median of cells, members / observed"
    return Measurement(
        [Figure(name, drawn / observed if observed > 0 else math.nan, _LEAST_WET)],
        note=f"members {drawn:.3g} mm, observed {observed:.3g} mm",
    )


def _least_wet(values: np.ndarray, wet_mm: float) -> float:
    """[mm/day] median over cells of the smallest amount that counts as wet; ``values`` is (time, cell)."""
    least = np.where(values >= wet_mm, values, np.inf).min(axis=0)
    least = least[np.isfinite(least)]
    return float(np.median(least)) if least.size else math.nan


DIAGNOSES.add(
    Diagnosis(
        name="normalised-threshold",
        order=100,
        question="Was a threshold meant in mm/day applied to normalised values?",
        measured="the least wet amount of a cell, median of cells, members / observed",
        threshold_from="a threshold of 0.1 on normalised values of the demo",
        advice="Cells lose rain that is far above the threshold of a wet cell: apply sampling.pixel_threshold after "
        "the inverse of the normalisation, in mm/day.",
        measure=_normalised_threshold,
    )
)
