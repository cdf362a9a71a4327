"""A panel in words: the sentence that `repr` says, and the facts behind it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from forecast.panel.reshaping import run_codes
from forecast.panel.roles import Roles
from forecast.periods import FREQUENCY_NOUNS, frequency_of

__all__ = ["facts_of", "html_of", "sentence_of"]


def sentence_of(
    frame: pd.DataFrame,
    roles: Roles,
    *,
    measure: str,
    reporters: Sequence[str],
    cut: pd.Timestamp | None,
) -> str:
    """Describe a panel in one sentence without a full stop."""
    flow = frame[roles.flow].to_numpy()
    parts = [
        f"TradePanel: {_units_in_words(frame, roles)} x {_periods_in_words(frame, roles)}",
        f"flow {roles.flow!r} in {measure or 'a unit not stated'}",
    ]
    if len(reporters) > 1:
        parts.append(f"reporters {' and '.join(reporters[:5])}")
    elif reporters:
        parts.append(f"reporter {reporters[0]}")
    parts.append(f"{_percent(np.mean(flow == 0))} zeros")
    if np.isnan(flow).any():
        parts.append(f"{_percent(np.isnan(flow).mean())} missing")
    parts.append(_count(len(roles.covariates), "covariate"))
    if roles.as_of is not None and cut is None:
        releases = frame[roles.as_of].drop_duplicates()
        parts.append(
            f"{_count(len(releases), 'release date')} up to {releases.max().date()}"
        )
    if cut is not None:
        parts.append(f"as known on {cut.date()}")
    return ", ".join(parts)


def _units_in_words(frame: pd.DataFrame, roles: Roles) -> str:
    count = int(run_codes(frame, roles.keys)[-1]) + 1
    if roles.is_directed and len(roles.keys) == 2:
        return _count(count, "pair")
    return f"{_count(count, 'unit')} ({' x '.join(roles.keys)})"


def _periods_in_words(frame: pd.DataFrame, roles: Roles) -> str:
    periods = pd.PeriodIndex(frame[roles.period])
    first, last = periods.min(), periods.max()
    noun = FREQUENCY_NOUNS[frequency_of(periods)]
    occurring, span = len(periods.unique()), last.ordinal - first.ordinal + 1
    if span == 1:
        return f"1 {noun} ({first})"
    many = _count(span, noun)
    if occurring < span:
        many = f"{occurring:,} of {many}"
    return f"{many} ({first}–{last})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _percent(share: float) -> str:
    """Write a share; what is not nothing never reads as 0."""
    if share == 0:
        return "no"
    return "<0.1%" if share < 0.0005 else f"{100 * share:.1f}%"


def facts_of(
    frame: pd.DataFrame, roles: Roles, *, measure: str, reporters: Sequence[str]
) -> pd.Series:
    """Return the facts of a panel, one per row, by name."""
    flow = frame[roles.flow]
    periods = pd.PeriodIndex(frame[roles.period])
    units = int(run_codes(frame, roles.keys)[-1]) + 1
    occurring = periods.unique()
    cells = units * len(occurring)
    facts: dict[str, object] = {
        "units": units,
        "keys": ", ".join(roles.keys),
        "rows": len(frame),
        "frequency": FREQUENCY_NOUNS[frequency_of(periods)],
        "first period": str(periods.min()),
        "last period": str(periods.max()),
        "periods that occur": len(occurring),
        "absent cells": cells
        - int(np.bincount(run_codes(frame, [*roles.keys, roles.period])).size),
        "flow": roles.flow,
        "unit of measurement": measure or "not stated",
        "reporters": ", ".join(reporters) or "not stated",
        "missing flows": int(flow.isna().sum()),
        "zero flows": int((flow == 0).sum()),
        "smallest positive": float(flow[flow > 0].min())
        if (flow > 0).any()
        else np.nan,
        "median": float(flow.median()),
        "mean": float(flow.mean()),
        "largest": float(flow.max()),
        "covariates": ", ".join(roles.covariates),
        "release dates": 0
        if roles.as_of is None
        else len(frame[roles.as_of].drop_duplicates()),
    }
    return pd.Series(facts, name=roles.flow, dtype=object)


def html_of(sentence: str, frame: pd.DataFrame, rows: int = 5) -> str:
    """Show the sentence and the first rows; every name and value is escaped."""
    head = frame.head(rows).to_html(index=False, escape=True, border=0)
    return f"<div><p>{escape(sentence)}</p>{head}</div>"
