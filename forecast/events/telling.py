"""What a caller is told: events that count for nothing, and why."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping

import pandas as pd

from forecast.errors import ForecastWarning, KeyColumnError
from forecast.events.recipes import Recipe
from forecast.events.values import numbered

__all__ = ["leads", "named", "notes", "tell_silent", "tell_unmatched"]


def tell_unmatched(covered: Mapping[str, pd.DataFrame], unmatched: str) -> None:
    """Warn of, refuse or ignore events for pairs that the panel does not have.

    Raises
    ------
    KeyColumnError
        F-365 when `unmatched` is "error".
    """
    together = pd.concat(covered.values()).drop_duplicates("id")
    lost = together[together["reason"] == "pair not in the panel"]
    if lost.empty or unmatched == "ignore":
        return
    verb = "concerns a pair" if len(lost) == 1 else "concern pairs"
    error = KeyColumnError(
        f"{numbered(len(lost), 'event')} {verb} that the panel does not have",
        code="F-365",
        count=len(lost),
        examples=named(lost),
        remedy="Check the codes (`recoded` replaces them); `coverage` lists all events; "
        "say unmatched='ignore' if this is meant.",
    )
    if unmatched == "error":
        raise error
    warnings.warn(str(error), ForecastWarning, stacklevel=3)


def tell_silent(
    table: pd.DataFrame,
    recipes: Mapping[str, Recipe],
    covered: Mapping[str, pd.DataFrame],
    kinds: tuple[str, ...],
) -> None:
    """Warn of indicators that are zero everywhere, and say why (F-564)."""
    for name, recipe in recipes.items():
        if len(table) and not table[list(recipe.columns(name))].to_numpy().any():
            message = f"F-564: indicator {name!r} is zero everywhere: "
            message += _why_silent(recipe, covered[name], kinds)
            warnings.warn(message, ForecastWarning, stacklevel=3)


def _why_silent(recipe: Recipe, covered: pd.DataFrame, kinds: tuple[str, ...]) -> str:
    if covered.empty:
        asked = (
            [recipe.kind] if isinstance(recipe.kind, str) else list(recipe.kind or ())
        )
        close = [
            g for kind in asked for g in difflib.get_close_matches(kind, kinds, n=1)
        ]
        meant = f" Did you mean {close}?" if close else ""
        return f"no event of the log passes the filters of {recipe!r}.{meant}"
    counted = covered["reason"].value_counts().sort_index()
    told = [
        f"{n} × {str(reason) or 'outside the rows'}" for reason, n in counted.items()
    ]
    return f"of {numbered(len(covered), 'event')} that pass its filters: {'; '.join(told)}."


def notes(indicators: pd.DataFrame, covered: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say which events do not count, which stand for regions, and what never varies."""
    told = []
    for name, events in covered.items():
        reasons = events.loc[events["reason"].ne(""), "reason"].value_counts()
        told += [
            f"{name}: {numbered(n, 'event')} left out: {reason}"
            for reason, n in reasons.sort_index().items()
        ]
        wide = events[events["link"].eq("broadcast") & events["reason"].eq("")]
        if len(wide):
            told.append(
                f"{name}: {numbered(len(wide), 'event')} of a whole country stood for "
                f"each of its regions in the panel, e.g. {named(wide)[0]}"
            )
    told += [
        f"{name}: the same value in every row, so that no effect of it can be told"
        for name, values in indicators.items()
        if len(values) and (values == values.iloc[0]).all()
    ]
    return told


def leads(recipes: Mapping[str, Recipe]) -> list[str]:
    """Return the columns that look ahead."""
    return [
        column
        for name, recipe in recipes.items()
        for column in recipe.columns(name)[: recipe.reach]
    ]


def named(events: pd.DataFrame) -> list[str]:
    """Return "E05: KZ – RU-SPE" of each event."""
    return [f"{e.id}: {e.origin} – {e.destination}" for e in events.itertuples()]
