"""How the gain of an arm depends on the number of its synthetic days."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from rainsmith.models.registry import NETWORKS


def gains_by_ratio(comparisons: pd.DataFrame) -> pd.DataFrame:
    """The gains of every network and mode that was tried with two or more numbers of synthetic days, on all days.

    The score is the pinball loss of the 0.99 quantile. In its place stands, of a network without that quantile, the
    CRPS of its quantiles, and of one without any the RMSE where it forecasts the mean, or else the absolute error.

    Args:
        comparisons: rows of ``experiment/comparisons.csv``.

    Returns:
        A row for each network, mode and number of days, which rises within a mode, with the columns ``network, mode,
        ratio`` (synthetic days for a hundred real ones), ``score, gain, lower, upper`` (of 1; the better control is 0,
        the bounds are those of the 90 % interval) and ``significant``.
    """
    rows = comparisons[comparisons["days"] == "all"].reset_index(drop=True)
    named = rows["arm"].astype(str).str.extract("^(?P<mode>prior|posterior)-(?P<ratio>[0-9]+)$")
    scores = {name: main_score(str(name), set(of["score"])) for name, of in rows.groupby("network")}
    is_main = rows["score"] == rows["network"].map(scores)
    kept = is_main & named["ratio"].notna() & rows["gain"].notna()
    table = pd.concat([rows, named], axis=1)[kept].astype({"ratio": int, "significant": bool})
    loss = table["control_value"]  # the difference is in the loss, which a gain lowers
    table = table.assign(lower=-table["upper"] / loss, upper=-table["lower"] / loss)
    table = table[table.groupby(["network", "mode"])["ratio"].transform("size") > 1]
    order = table.assign(network=pd.Categorical(table["network"], table["network"].unique()))
    places = order.sort_values(["network", "mode", "ratio"], ascending=[True, False, True]).index
    columns = ["network", "mode", "ratio", "score", "gain", "lower", "upper", "significant"]
    return table.loc[places, columns].reset_index(drop=True)


def main_score(network: str, columns: Collection[str]) -> str:
    """The proper score by which a network is judged first, among those that it has.

    Args:
        network: its name.
        columns: names of the scores in ``comparisons.csv``.
    """
    mean = network in NETWORKS and NETWORKS[network].forecasts_mean
    single = "rmse" if mean else "mae"
    return next((score for score in ("pinball_p99", "quantile_crps") if score in columns), single)
