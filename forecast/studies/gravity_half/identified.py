"""The list of what identifies an effect, and what is at hand for agreements and events."""

from __future__ import annotations

import pandas as pd

from forecast.attribution import PanelEstimates

__all__ = ["identification_table"]

ONE = "not possible with one pair"
FEATURES = (
    ("pair effects", "yes: each directed pair has its own", ONE),
    ("origin-time and destination-time effects", "yes: both", ONE),
    ("domestic flows with border effects", "no: the panel has none", "none"),
)
CHECKS = (
    ("leads of the indicator", ONE),
    ("event study, periods before", ONE),
    ("placebo dates, earlier", ONE),
    ("own growth of the pairs", ONE),
    ("placebo pairs, histories permuted", "{single}"),
    ("cohorts of first events", ONE),
    ("synthetic pair", "no yearly flows of other pairs are at hand"),
)


def identification_table(
    estimates: PanelEstimates | None, single: pd.DataFrame
) -> pd.DataFrame:
    """Say for each feature what the panel has of agreements, and the pair of soft events.

    Returns
    -------
    DataFrame
        ``feature``, ``agreements (panel)``, ``soft events (this pair)``.
    """
    rows = [(name, panel, pair) for name, panel, pair in FEATURES]
    told = _told(single)
    for name, pair in CHECKS:
        rows.append((name, _status(estimates, name), pair.format(single=told)))
    rows.append(("verdict", _verdict(estimates), "cannot be told"))
    table = pd.DataFrame(
        rows, columns=["feature", "agreements (panel)", "soft events (this pair)"]
    )
    if estimates is None:
        table["agreements (panel)"] = "no estimates known on that day"
    return table


def _status(estimates: PanelEstimates | None, name: str) -> str:
    if estimates is None:
        return ""
    rows = estimates.checks[estimates.checks["name"] == name]
    return "; ".join(
        f"{row['term']}: {row['status']}, {row['note']}"
        for row in rows.to_dict("records")
    )


def _verdict(estimates: PanelEstimates | None) -> str:
    return "" if estimates is None else f"{estimates.verdict}. {estimates.because}"


def _told(single: pd.DataFrame) -> str:
    """Tell what dealing the years of the events over all years showed."""
    row = single.iloc[0]
    if pd.isna(row["p_value"]):
        return f"not possible: {row['with']} years with and {row['without']} without events"
    return (
        f"years dealt at random: {row['difference_%']:+.0f} % growth in the {row['with']} years "
        f"with a forum against the {row['without']} without, p = {row['p_value']:.2f}; "
        f"{row['detectable_%']:.0f} % would have been seen"
        + (
            f"; no mixture of years but two epochs, {row['years_without']} without and "
            f"{row['years_with']} with, so that p says little"
            if row["one_split"]
            else ""
        )
    )
