"""Indicators for the rows of a panel, and what became of every event on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import KeyColumnError, TableError
from forecast.events.exposure import Exposure
from forecast.events.matching import LINKS, match
from forecast.events.recipes import Recipe
from forecast.events.rows import PanelRows
from forecast.events.telling import named
from forecast.events.timing import entry_periods
from forecast.periods import FREQUENCIES

__all__ = ["coverage", "expose", "indicator_table"]

Floats = NDArray[np.floating[Any]]
_LATER = 10_000  # periods after 1970: later than any


def expose(
    events: pd.DataFrame,
    rows: PanelRows,
    *,
    directed: bool,
    date_rule: str,
    national: str,
) -> Exposure:
    """Match and date the events of a log for the rows of a panel.

    Raises
    ------
    KeyColumnError
        F-366 when a country stands for its regions although this was forbidden.
    """
    matches = match(events, rows.pairs, broadcast=national != "ignore")
    wide = matches["link"].eq(LINKS.index("broadcast"))
    if national == "error" and wide.any():
        concerned = events.iloc[matches.loc[wide, "event"].unique()]
        raise KeyColumnError(
            f"{len(concerned)} events name a country where the panel has its regions",
            code="F-366",
            count=len(concerned),
            examples=named(concerned),
            remedy="Name the regions, or choose national='broadcast' (the event stands "
            "for each region) or national='ignore'.",
        )
    entries = entry_periods(events, rows.freq, date_rule)
    return Exposure(events, matches, entries, rows.freq, directed)


def indicator_table(
    exposure: Exposure, rows: PanelRows, recipes: Mapping[str, Recipe]
) -> pd.DataFrame:
    """Return key columns, period and the indicators, one row for each row of the panel.

    Raises
    ------
    TableError
        F-165 when two columns would have one name.
    """
    _refuse_clashes(rows, recipes)
    involved, place = np.unique(
        exposure.matches["pair"].to_numpy(), return_inverse=True
    )
    compact = replace(exposure, matches=exposure.matches.assign(pair=place))
    # pairs that no event concerns share one last row of zeros
    concerned = np.isin(rows.pair_of, involved)
    row_of = np.where(concerned, np.searchsorted(involved, rows.pair_of), involved.size)
    columns: dict[str, Floats] = {}
    for key, recipe in recipes.items():
        series = _series(compact, rows, recipe, involved.size)
        column_of = rows.period_of - rows.period_of.min(initial=_LATER)
        values = series[:, row_of, column_of]
        columns |= dict(zip(recipe.columns(key), values, strict=True))
    return rows.frame.assign(**columns)


def _series(
    exposure: Exposure, rows: PanelRows, recipe: Recipe, n_pairs: int
) -> Floats:
    """Return the series of a recipe from the first period of the rows on.

    Returns
    -------
    float array of shape (columns, n_pairs + 1, periods)
        The last pair is one without events.
    """
    begin = int(rows.period_of.min(initial=_LATER))
    last = int(rows.period_of.max(initial=begin))
    first = int(min([begin, *exposure.entries["period"]]))
    entered = exposure.entered(recipe, n_pairs, first, last + recipe.reach)
    series = recipe.arrays(entered, FREQUENCIES[rows.freq])[:, :, begin - first :]
    return np.concatenate(
        [series, np.zeros_like(series, shape=(len(series), 1, series.shape[2]))], axis=1
    )


def _refuse_clashes(rows: PanelRows, recipes: Mapping[str, Recipe]) -> None:
    names = [*rows.frame.columns]
    names += [name for key, recipe in recipes.items() for name in recipe.columns(key)]
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise TableError(
            f"{len(twice)} columns would stand twice among keys and indicators",
            code="F-165",
            column=twice[0],
            count=len(twice),
            examples=twice,
            remedy="Give the indicator another name.",
        )


def coverage(exposure: Exposure, rows: PanelRows, recipe: Recipe) -> pd.DataFrame:
    """Return what becomes of each event that passes the filters of a recipe.

    Returns
    -------
    DataFrame
        `id`, `kind`, `origin`, `destination`, `status`, `enters` (the period as text,
        empty if never), `pairs` (how many of the panel), `link` (as `LINKS`, the
        highest) and `reason` why it does not count, empty if it does.
    """
    events, taken = exposure.events, recipe.takes(exposure.events)
    everyone = range(len(events))
    enters = exposure.entries.groupby("event")["period"].min().reindex(everyone)
    links = exposure.concerned(recipe).groupby("event")["link"].agg(["size", "max"])
    links = links.reindex(everyone, fill_value=0)
    last = rows.period_of.max() if rows.period_of.size else -np.inf
    conditions = {
        "no date": enters.isna(),
        "pair not in the panel": links["size"].eq(0),
        "after the panel": enters.gt(last),
    }
    reason = np.select(list(conditions.values()), list(conditions), default="")
    status = "status " + events["status"].to_numpy(dtype=object)
    reason = np.where(recipe.counts(events), reason, status)
    counted = set(events["id"][taken & (reason == "")])
    inside = events["part_of"].isin(counted).to_numpy() & (reason == "")
    link = np.array(LINKS, dtype=object)[links["max"].to_numpy(dtype=np.int64)]
    table = events[["id", "kind", "origin", "destination", "status"]].assign(
        enters=_labels(enters, rows.freq),
        pairs=links["size"].to_numpy(),
        link=np.where(links["size"] > 0, link, ""),
        reason=np.where(inside, "inside a total", reason),
    )
    return table[taken].reset_index(drop=True)


def _labels(ordinals: pd.Series, freq: str) -> list[str]:
    first = pd.Period("1970", freq=freq)
    return ["" if np.isnan(n) else str(first + int(n)) for n in ordinals]
