"""Figures of claims: a level against its interval, a record against the past, a cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.errors import TableError
from forecast.plots.look import (
    ACCENT,
    INK,
    MUTED,
    TINTS,
    Scale,
    axes_of,
    bare,
    interval_row,
    named_rows,
    scale_of,
    source_line,
    titled,
    upright,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from forecast.claims import Card

__all__ = ["plot_ceiling", "plot_claim", "plot_control"]

PALE = "#e6eaee"
GROWTH, DEALS = "growth of the year", "value of the deals signed"
MEMBER, EXCESS = "growth of ", "excess over "


def plot_claim(
    card: Card, ax: Axes | None = None, *, measure: str = "", source: str | None = None
) -> Axes:
    """Draw what a claim was judged by.

    A level or growth is drawn against each reporter's interval, a record against the
    highest earlier years, a cause against the growth of the year (`plot_ceiling`).

    Parameters
    ----------
    card : Card
    ax : Axes, optional
    measure : str
        Unit of the levels.
    """
    if card.claim.kind == "share":
        return plot_ceiling(card, ax, source=source)
    if card.parts:
        return plot_claim(card.parts[0], ax, measure=measure, source=source)
    if "highest" in card.evidence:  # also the record in a claim of a level
        return _plot_highs(card, ax, source)
    return _plot_level(card, ax, measure, source)


def plot_ceiling(
    card: Card,
    ax: Axes | None = None,
    *,
    title: str = "What the signed deals could account for at most",
    source: str | None = None,
) -> Axes:
    """Draw the growth of the year in money and, below it, all deals delivered at once.

    Raises
    ------
    TableError
        The card has no ceiling: no deals or no level were known (F-126).
    """
    growth, deals = _row(card, GROWTH), _row(card, DEALS)
    if growth is None or deals is None:
        raise _nothing(
            "accounting ceiling", "events that have values, figures with levels"
        )
    scale = scale_of(str(growth["unit"]), [float(growth["high"])])
    middle, low, high = (scale.text(float(growth[n])) for n in ("value", "low", "high"))
    precise = Scale(scale.factor, scale.unit, 2)
    ax = axes_of(ax, height=2.0)
    ax.barh([0], scale([growth["value"]]), height=0.5, color=TINTS[80])
    ax.plot(scale([growth["low"], growth["high"]]), [0, 0], color=MUTED, linewidth=1.4)
    write(
        ax,
        float(scale(growth["high"])),
        0,
        f"{middle} (80 %: {low} to {high})",
        right=6,
    )
    ax.barh([-1], scale([deals["value"]]), height=0.5, color=ACCENT)
    share = f"{precise.text(deals['value'])}, which is {100 * card.number:.1f} % of the growth"
    write(ax, float(scale(deals["value"])), -1, share, right=6)
    bare(ax)
    named_rows(ax, [f"growth of {card.claim.year}", "all deals, in one year"])
    ax.set_xlim(0, float(scale(growth["high"])) * 1.5)
    titled(ax, title, scale.unit)
    source_line(ax, source)
    return ax


def plot_control(
    card: Card,
    ax: Axes | None = None,
    *,
    title: str = "Growth of the pair beside its control group",
    source: str | None = None,
) -> Axes:
    """Draw growth of the control group and its members beside that of the pair.

    Raises
    ------
    TableError
        The card has no control group (F-126).
    """
    what = card.evidence["what"].astype(str)
    percent = card.evidence["unit"] == "%"
    members = card.evidence[what.str.startswith(MEMBER) & percent]
    excess = card.evidence[what.str.startswith(EXCESS)]
    if members.empty or excess.empty:
        raise _nothing("control group", "control=..., three members or more")
    bloc = float(members["value"].iloc[0])
    ax = axes_of(ax, height=1.3 + 0.3 * (len(members) + len(excess)))
    for i, value in enumerate(members["value"].astype(float)):
        shape, color = ("D", INK) if i == 0 else ("o", MUTED)
        ax.plot([value], [-i], shape, color=color, markersize=6)
        write(ax, value, -i, f"{value:+.3g} %", right=8)
    for i, row in enumerate(excess.to_dict("records"), start=len(members)):
        own, half = bloc + row["value"], (row["high"] - row["low"]) / 2
        ax.plot([own - half, own + half], [-i, -i], color=TINTS[80], linewidth=3)
        ax.plot([own], [-i], "o", color=ACCENT, markersize=7)
        said = f"{row['value']:+.0f} points (95 %: {row['low']:+.0f} to {row['high']:+.0f})"
        write(ax, own + half, -i, said.replace("-", "−"), right=6)
    ax.axvline(bloc, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    bare(ax)
    names = [str(w).removeprefix(MEMBER) for w in members["what"]]
    named_rows(ax, [*names, *(_whose(str(w)) for w in excess["what"])])
    left, right = ax.get_xlim()
    ax.set_xlim(min(left, 0), right + 0.8 * (right - left))
    titled(ax, title, "growth over the same months of the year before, %")
    source_line(ax, source)
    return ax


# --- parts -------------------------------------------------------------------------


def _plot_level(card: Card, ax: Axes | None, measure: str, source: str | None) -> Axes:
    """Interval of each reporter with the claimed value as a line."""
    grows = card.claim.kind == "growth"
    columns = ["low_95", "low_80", "median", "high_80", "high_95"]
    bounds = (100 if grows else 1) * card.evidence[columns].to_numpy(dtype=float)
    claimed = (100 if grows else 1) * float(card.evidence["claimed"].iloc[0])
    scale = scale_of("%" if grows else measure, [*bounds.ravel(), claimed])
    ax = axes_of(ax, height=1.4 + 0.42 * len(bounds))
    for place, row in enumerate(bounds):
        interval_row(ax, -place, scale(row).tolist())
        write(ax, float(scale(row[-1])), -place, scale.text(row[2]), right=8)
    said = f"claimed: {card.claim.relation} {scale.text(claimed)}"
    upright(ax, float(scale(claimed)), said, y=0.8)
    bare(ax)
    named_rows(
        ax, [f"{r.reporter}, {r.what}" for r in card.evidence.itertuples()], above=1.2
    )
    ax.margins(x=0.2)
    titled(
        ax,
        f"{card.claim.kind.capitalize()} of {card.claim.year}: {card.verdict}",
        scale.unit,
    )
    source_line(ax, source)
    return ax


def _plot_highs(card: Card, ax: Axes | None, source: str | None) -> Axes:
    """Highest earlier year of each source with the claimed record as a line."""
    past = card.evidence.sort_values("highest", ascending=False).reset_index(drop=True)
    claimed = float(past["claimed"].iloc[0])
    scale = scale_of(str(past["unit"].iloc[0]), [*past["highest"], claimed])
    ax = axes_of(ax, height=1.3 + 0.34 * len(past))
    colors = [TINTS[50] if verdict == "fails" else PALE for verdict in past["verdict"]]
    ax.barh(-np.arange(len(past)), scale(past["highest"]), height=0.62, color=colors)
    for i, (high, when) in enumerate(
        zip(past["highest"], past["year_of_it"], strict=True)
    ):
        write(ax, float(scale(high)), -i, f"{scale.text(high)} in {when}", right=6)
    upright(ax, float(scale(claimed)), f"claimed: {scale.text(claimed)}", y=0.8)
    bare(ax)
    named_rows(ax, list(past["reporter"]), above=1.2)
    ax.margins(x=0.2)
    titled(ax, "Highest earlier year of each source", scale.unit)
    source_line(ax, source)
    return ax


def _row(card: Card, what: str) -> pd.Series | None:
    found = card.evidence[card.evidence["what"].astype(str).str.startswith(what)]
    return None if found.empty else found.iloc[0]


def _whose(what: str) -> str:
    """From "excess over EAEU (Russia, Jan–Jul 2021)" to "this pair (Russia, Jan–Jul 2021)"."""
    bracket = what.partition("(")[2]
    return f"this pair ({bracket}" if bracket else "this pair"


def _nothing(what: str, remedy: str) -> TableError:
    return TableError(
        f"the card has no {what}",
        code="F-126",
        remedy=f"Check the claim with {remedy}.",
    )
