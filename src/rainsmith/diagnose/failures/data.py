"""Failures of the data: statistics that are not those of the training days, unknown predictors, suspect values."""

from __future__ import annotations

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, in_split
from rainsmith.config.change import Change
from rainsmith.data.checks.suspect_values import find_suspects
from rainsmith.diagnose.evidence import Evidence
from rainsmith.diagnose.finding import Figure, at_most
from rainsmith.diagnose.registry import DIAGNOSES, Diagnosis, Measurement
from rainsmith.sample.training_range import outside_training_range

_RECOMPUTED = "the statistics of the training days themselves"


def _normalisation(evidence: Evidence) -> Measurement:
    """Compute the statistics of the training days again, and compare them with those that the store holds."""
    store, split = evidence.store, evidence.split
    logs: xr.DataArray = xr.apply_ufunc(np.log1p, in_split(store, "train")["precip"].load())
    mean, std = logs.mean(TIME), logs.std(TIME)
    typical_std = float(std.median())
    shift = float((abs(store["log_mean"] - mean) / np.maximum(std, max(0.1 * typical_std, 1e-4))).max())
    varies = std > max(0.1 * typical_std, 1e-4)  # below, it is rounding: nan where all days are alike
    ratio = float(np.exp(abs(np.log((store["log_std"] / std).where(varies))).max()))
    outside = max(outside_training_range(in_split(store, split), store).values(), default=0.0)
    return Measurement(
        [
            Figure("mean of log1p rain, farthest cell [standard deviations]", shift, at_most(0.05, 0.5, _RECOMPUTED)),
            Figure("standard deviation of log1p rain, farthest cell [ratio]", ratio, at_most(1.05, 1.5, _RECOMPUTED)),
            Figure(
                f"share of the predictors of {split} days outside the training range, worst channel",
                outside,
                at_most(0.01, 0.05, "a climate like the training's leaves a few values in ten thousand"),
            ),
        ]
    )


DIAGNOSES.add(
    Diagnosis(
        name="normalisation",
        order=200,
        question="Do the statistics of the normalisation belong to these data?",
        measured="recomputed mean and standard deviation against the store's; share of predictors outside the "
        "training range",
        threshold_from="the training days themselves",
        advice="Prepare the data again; with legacy files give the statistics that they were normalised with; do not "
        "sample periods or models whose predictors the training never saw without saying so.",
        part="data",
        measure=_normalisation,
    )
)


def _suspect_values(evidence: Evidence) -> Measurement:
    suspects = find_suspects(evidence.store["precip"])
    number = Figure("suspect values in use", float(len(suspects)), at_most(0.0, 10.0, "the check of data.suspect"))
    return Measurement(
        [number],
        note=str(evidence.store.attrs.get("suspect_values", "")),
        words={"first_suspects": "; ".join(str(suspect) for suspect in suspects[:3])},
    )


DIAGNOSES.add(
    Diagnosis(
        name="suspect-values",
        order=210,
        question="Are there observed values that stand alone among their neighbours?",
        measured="number of values that `data.suspect` would flag and that are in use",
        threshold_from="that check",
        advice="Look at these days; correct the files or set data.suspect: mask: {first_suspects}",
        part="data",
        changes=(Change("data.suspect", to="mask"),),
        measure=_suspect_values,
    )
)
