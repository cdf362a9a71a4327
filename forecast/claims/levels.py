"""The rules for a level and for a growth rate, reporter by reporter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.claims.finding import FAILS, HOLDS, UNKNOWN, Finding, Said, Show, unique
from forecast.claims.views import View, growths_of, levels_of
from forecast.panel import TradePanel
from forecast.releases import Releases

SURE = 0.95
ABOUT = 0.05  # a published figure is "about" a value within five per cent


def find_level(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None, seed: int
) -> Finding:
    """Judge the level of a year, reporter by reporter."""
    views = levels_of(claim, data, date, seed)
    value = claim.value or 0.0
    measure = data.measure
    return _judged(claim, views, value, Show("{:,.0f}", f" {measure}"), "level")


def find_growth(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None, seed: int
) -> Finding:
    """Judge the growth of a year over the year before, reporter by reporter."""
    views = growths_of(claim, data, date, seed)
    return _judged(claim, views, claim.value or 0.0, Show("{:+.1%}"), "growth")


def _judged(
    claim: Said, views: list[View], value: float, show: Show, what: str
) -> Finding:
    rows = [
        _row(view, value) | {"verdict": _verdict(view, value, claim.relation)}
        for view in views
    ]
    evidence = pd.DataFrame(rows)
    verdicts = set(evidence["verdict"])
    verdict = verdicts.pop() if len(verdicts) == 1 else UNKNOWN
    first = views[0]
    return Finding(
        verdict=verdict,
        headline=" ".join(_sentence(view, value, show) for view in views),
        number=first.share_below(value),
        number_is=f"probability that the {what} of {claim.year} is at most {show(value)} ({first.reporter})",
        evidence=evidence,
        sources=unique(view.source for view in views),
        would_change=_level_changes(views, value, show, claim.relation),
    )


def _verdict(view: View, value: float, relation: str) -> str:
    below = view.share_below(value)
    if view.published:
        return _verdict_on_published(
            float(view.draws[0]), view.relation, value, relation
        )
    if relation == "about":
        low, inner_low, inner_high, high = np.quantile(
            view.draws, [0.025, 0.1, 0.9, 0.975]
        )
        return (
            FAILS
            if not low <= value <= high
            else HOLDS
            if inner_low <= value <= inner_high
            else UNKNOWN
        )
    chance = 1 - below if relation == "at least" else below
    return HOLDS if chance >= SURE else FAILS if chance <= 1 - SURE else UNKNOWN


def _verdict_on_published(actual: float, said: str, value: float, relation: str) -> str:
    """Judge by a published figure, which may itself be only a bound ("more than 20")."""
    margin = ABOUT * abs(actual)
    low = {"almost": actual - margin, "up to": -np.inf}.get(said, actual)
    high = np.inf if said in ("more than", "at least") else actual
    if relation == "about":
        if abs(value - actual) <= margin:
            return HOLDS
        return UNKNOWN if low <= value <= high else FAILS
    if relation == "at least":
        short = high < value or (high == value and said == "almost")
        return HOLDS if low >= value else FAILS if short else UNKNOWN
    over = low > value or (low == value and said == "more than")
    return HOLDS if high <= value else FAILS if over else UNKNOWN


def _row(view: View, value: float) -> dict[str, object]:
    quantiles = dict(
        zip(
            ("median", "low_80", "high_80", "low_95", "high_95"),
            np.quantile(view.draws, [0.5, 0.1, 0.9, 0.025, 0.975]).tolist(),
            strict=True,
        )
    )
    return {
        "reporter": view.reporter,
        "what": view.what,
        "claimed": value,
        "probability_at_most_claimed": view.share_below(value),
        **quantiles,
        "source": view.source,
    }


def _sentence(view: View, value: float, show: Show) -> str:
    if view.published:
        return f"{view.reporter} published {show.whole(float(view.draws[0]))}."
    low, middle, high = np.quantile(view.draws, [0.025, 0.5, 0.975])
    return (
        f"{view.reporter}'s figures of {view.months} months give {show.whole(float(middle))} "
        f"(95 % interval {show(float(low))} to {show(float(high))}); "
        f"the chance of at most {show(value)} is {view.share_below(value):.1%}."
    )


def _level_changes(
    views: list[View], value: float, show: Show, relation: str
) -> tuple[str, ...]:
    sentences = []
    for view in views:
        if view.published:
            sentences.append(
                f"A revision of {view.reporter}'s figure to near {show(value)}."
            )
            continue
        low, high = np.quantile(view.draws, [0.1, 0.9])
        edge = low if value < low else high
        sentences.append(
            f"{relation.capitalize()} {show(float(edge))} would "
            f"{'hold' if relation == 'about' else 'be open'} on {view.reporter}'s figures."
            if not low <= value <= high
            else f"The next month of {view.reporter}'s figures narrows the interval."
        )
    return tuple(sentences)
