"""What the gravity half adds to the fields of data and method that every report states."""

from __future__ import annotations

from forecast.studies.gravity_half.record import GravityHalf

__all__ = ["how_identified", "lead_tests", "standard_errors"]

LEADS = "leads of the indicator"


def standard_errors(half: GravityHalf | None) -> str:
    """Standard errors of the shipped estimates; empty without them."""
    if half is None or half.estimates is None:
        return ""
    row = half.estimates.table.iloc[0]
    return (
        f" Effects of agreements come with the package, from {row['nobs']:,} flows of other "
        f"data ({row['left_out']:,} left out: {row['left_out_because']}), with standard errors "
        f"{row['convention']}."
    )


def how_identified(half: GravityHalf | None) -> str:
    """What the panel identifies, and what stays open; empty without it."""
    if half is None or half.estimates is None:
        return ""
    return (
        " Effects of agreements are identified on a panel, within pairs and beside all that "
        f"moves an exporter or an importer in a year; verdict: {half.estimates.verdict}. "
        "Effects of soft events are not identified and stand as the range of the literature."
    )


def lead_tests(half: GravityHalf | None) -> str:
    """P-values of the lead tests on the panel; none with one pair."""
    if half is None or half.estimates is None:
        return "Not possible with one pair."
    checks = half.estimates.checks
    told = "; ".join(
        f"{row['term']} {row['p_value']:.2f}"
        for row in checks[checks["name"] == LEADS].to_dict("records")
    )
    return (
        f"On the panel of pairs: {told}. For soft events: not possible with one pair."
    )
