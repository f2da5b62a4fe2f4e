"""Arms against the better control: differences with intervals over weeks and seeds, and what they mean in words."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rainsmith.experiment.arms import CONTROLS
from rainsmith.metrics.bootstrap import interval

HIGHER = ("csi", "sedi")
"""Scores of which more is better; of all other compared ones less is."""
COMPARED = (
    *["pinball_", "quantile_crps", "mae", "rmse", "twcrps_p99", "mae_tail", "kl_divergence"],
    *["mapped_csi_", "mapped_sedi_", "csi_", "sedi_"],
)
"""Beginnings of the names of scores that say which arm is better."""
COLUMNS = [
    *["network", "arm", "control", "days", "score", "value", "control_value", "difference", "lower", "upper", "p"],
    *["gain", "seeds", "significant"],
]
"""Columns of ``comparisons.csv``; ``gain``: share of the control's loss, or of its distance to 1, that is saved."""


@dataclass(frozen=True)
class Scored:
    """One trial.

    Attributes:
        network: what was trained.
        arm: on which days.
        seed: of the training.
        scores: (resample,) by name, the value itself first.
    """

    network: str
    arm: str
    seed: int
    scores: Mapping[str, np.ndarray]


def compare(found: Sequence[Scored], day_set: str, *, seed: int) -> pd.DataFrame:
    """Every arm with synthetic days against the better of ``real`` and ``oversampled``, score by score.

    The difference is the mean over the seeds that both have; its 90 % interval comes from resampled weeks and, in each
    resample, resampled seeds. *Significant*: the interval of every seed by itself excludes 0, and so does this one.

    Args:
        found: scored trials.
        day_set: the days they were scored on.
        seed: of the draws of seeds.
    """
    rows = []
    by_arm: dict[tuple[str, str], dict[int, Mapping[str, np.ndarray]]] = {}
    for trial in found:
        by_arm.setdefault((trial.network, trial.arm), {})[trial.seed] = trial.scores
    for (network, arm), trials in by_arm.items():
        if arm in CONTROLS:
            continue
        controls = {name: by_arm[network, name] for name in CONTROLS if (network, name) in by_arm}
        for score in next(iter(trials.values())):
            if score.startswith(COMPARED) and controls:
                row = _against_better(trials, controls, score, seed)
                if row is not None:
                    rows.append({"network": network, "arm": arm, "days": day_set, "score": score, **row})
    return pd.DataFrame(rows, columns=COLUMNS)


def _against_better(
    trials: Mapping[int, Mapping[str, np.ndarray]],
    controls: Mapping[str, Mapping[int, Mapping[str, np.ndarray]]],
    score: str,
    seed: int,
) -> dict[str, object] | None:
    """One row without its names; None where the score is undefined (without a hit, say) in every seed of either."""
    sign = 1.0 if higher_is_better(score) else -1.0
    known = {name: [s for s in of if np.isfinite(of[s][score][0])] for name, of in controls.items()}
    means = {name: np.mean([controls[name][s][score][0] for s in seeds]) for name, seeds in known.items() if seeds}
    if not means:
        return None
    control = max(means, key=lambda name: sign * means[name])
    seeds = sorted(s for s in known[control] if s in trials and np.isfinite(trials[s][score][0]))
    if not seeds:
        return None
    ours, theirs = (np.array([of[s][score] for s in seeds]) for of in (trials, controls[control]))
    difference = ours - theirs  # (seed, resample)
    drawn = np.random.default_rng([seed, 6]).integers(0, len(seeds), (difference.shape[1], len(seeds)))
    drawn[0] = np.arange(len(seeds))
    pooled = difference[drawn, np.arange(difference.shape[1])[:, None]].mean(axis=1)
    lower, upper = interval(pooled)
    each = [interval(one) for one in difference]
    resamples = pooled[1:][np.isfinite(pooled[1:])]
    one_sided = (1 + min((resamples <= 0).sum(), (resamples >= 0).sum())) / (1 + len(resamples))
    loss = 1 - theirs[:, 0].mean() if sign > 0 else theirs[:, 0].mean()
    return {
        "control": control,
        "value": ours[:, 0].mean(),
        "control_value": theirs[:, 0].mean(),
        "difference": pooled[0],
        "lower": float(lower),
        "upper": float(upper),
        "p": min(1.0, 2 * one_sided),
        "gain": sign * pooled[0] / loss if loss > 0 else np.nan,
        "seeds": len(seeds),
        "significant": _excludes_zero(lower, upper) and all(_excludes_zero(*bounds) for bounds in each),
    }


def higher_is_better(score: str) -> bool:
    """Whether more of a score is better."""
    return score.removeprefix("mapped_").startswith(HIGHER)


def _excludes_zero(lower: float | np.ndarray, upper: float | np.ndarray) -> bool:
    return bool(lower > 0 or upper < 0)


def sentences(table: pd.DataFrame) -> list[str]:
    """What the comparisons on all days say, in one sentence an arm."""
    said = []
    for network, arm in itertools.product(table["network"].unique(), table["arm"].unique()):
        rows = table[(table["network"] == network) & (table["arm"] == arm) & (table["days"] == "all")]
        if rows.empty:
            continue
        real = rows[rows["significant"]]
        better, worse = (real[real["gain"] > 0], real[real["gain"] < 0])
        parts = [
            f"{what} in {', '.join(_one(row) for _, row in some.iterrows())}"
            for what, some in (("significantly better", better), ("significantly worse", worse))
            if len(some)
        ]
        text = "; ".join(parts) if parts else "no significant difference in any score"
        said.append(f"{network} trained on {arm}, against the better of {' and '.join(CONTROLS)}: {text}.")
    return said


def _one(row: pd.Series) -> str:
    return f"{row['score']} ({100 * row['gain']:+.1f} %)"
