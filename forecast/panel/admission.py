"""The door of a panel: a caller's table in, one canonical table out.

Canonical means: checked columns in a fixed order, rows sorted by keys, period and
release date, plain dtypes, a fresh index. Below this door nothing is checked again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import KeyColumnError, PeriodError, TableError
from forecast.panel.key_columns import KeyColumn, key_column, refuse_lookalikes
from forecast.panel.number_columns import Bools, Ints, flow_column, number_column
from forecast.panel.roles import Roles
from forecast.periods import parse_date, parse_dates, parse_periods

__all__ = ["Admitted", "admit"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """What came through the door.

    Attributes
    ----------
    frame : DataFrame of n rows
        Canonical; columns as ``roles.columns``.
    roles : Roles
    reporters : tuple of str
        Who reported the figures, as far as told.
    notes : tuple of str
        What was repaired.
    """

    frame: pd.DataFrame
    roles: Roles
    reporters: tuple[str, ...]
    notes: tuple[str, ...]


def admit(
    df: pd.DataFrame,
    roles: Roles,
    *,
    freq: str | None = None,
    known_codes: Iterable[Any] | None = None,
) -> Admitted:
    """Check every column, sort the rows and return the canonical table.

    Raises
    ------
    NumberError, KeyColumnError, PeriodError
        As the readers of columns say.
    TableError
        F-105 two rows for one unit, period and release.
    """
    keys = {name: key_column(df[name], name) for name in roles.keys}
    _refuse_lookalike_codes(keys, roles)
    periods = parse_periods(df[roles.period], freq=freq, column=roles.period)
    if known_codes is not None:
        _refuse_unknown_codes(keys, roles, periods, known_codes)
    released = _release_dates(df, roles, periods)
    flow, notes = flow_column(df[roles.flow], roles.flow)
    ranks = [key.codes for key in keys.values()] + [periods.asi8]
    ranks += [] if released is None else [released.asi8]
    order = np.lexsort(ranks[::-1])
    _refuse_duplicates(df, roles, ranks, order)

    columns: dict[str, Any] = {
        n: k.labels.take(k.codes[order]) for n, k in keys.items()
    }
    columns[roles.period] = periods.take(order)
    if released is not None:
        columns[str(roles.as_of)] = released.take(order)
    columns[roles.flow] = flow[order]
    columns |= {name: number_column(df[name], name)[order] for name in roles.covariates}
    columns |= {name: _plain(df[name]).array.take(order) for name in roles.labels}
    frame = pd.DataFrame(columns, copy=False)
    roles = roles.settled(frame)
    reporters = keys[roles.reporter].labels if roles.reporter else ()
    for key in keys.values():
        notes += key.notes
    return Admitted(
        frame[list(roles.columns)], roles, tuple(map(str, reporters)), notes
    )


def _plain(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(values.cat.categories.dtype)
    return values


def _refuse_lookalike_codes(keys: Mapping[str, KeyColumn], roles: Roles) -> None:
    ends = [name for name in (roles.origin, roles.destination) if name]
    if ends:
        refuse_lookalikes({name: keys[name].labels for name in ends})
    for name, key in keys.items():
        if name not in ends:
            refuse_lookalikes({name: key.labels})


def _release_dates(
    df: pd.DataFrame, roles: Roles, periods: pd.PeriodIndex
) -> pd.DatetimeIndex | None:
    """Read release dates; a figure cannot be out before its period has ended."""
    if roles.as_of is None:
        return None
    released = parse_dates(df[roles.as_of], column=roles.as_of)
    early = np.asarray(released < periods.end_time.normalize())
    if not early.any():
        return released
    shown = [
        f"{periods[i]} released {released[i].date()}" for i in np.flatnonzero(early)[:5]
    ]
    raise PeriodError(
        f"{early.sum():,} rows were released in {roles.as_of!r} before their period ended",
        code="F-420",
        column=roles.as_of,
        count=int(early.sum()),
        examples=shown,
        remedy="Forecasts are no observations: drop them. Part-year figures belong to "
        "forecast.Releases.",
    )


def _refuse_duplicates(
    df: pd.DataFrame, roles: Roles, ranks: Sequence[Ints], order: Ints
) -> None:
    """Refuse a second row for the same unit, period and release; never add it silently."""
    same = np.ones(max(order.size - 1, 0), dtype=bool)
    for rank in ranks:
        ranked = rank[order]
        same &= ranked[1:] == ranked[:-1]
    if not same.any():
        return
    names = [*roles.keys, roles.period, *([roles.as_of] if roles.as_of else [])]
    again = order[1:][same]
    shown = [" ".join(str(value) for value in df[names].iloc[i]) for i in again[:5]]
    first = np.sort(np.concatenate([again, order[:-1][same]]))
    differs = [
        name
        for name in (*roles.labels, *roles.covariates)
        if len(df[name].iloc[first].drop_duplicates()) > 1
    ]
    tells = f" Does {differs[0]!r} tell them apart?" if differs else ""
    raise TableError(
        f"{same.sum():,} rows repeat the keys {names} of another row",
        code="F-105",
        column=roles.period,
        count=int(same.sum()),
        examples=shown,
        remedy="Name the column that tells them apart (sector=, reporter=, as_of=), drop "
        f"the copies, or add them up on purpose with df.groupby(...).sum().{tells}",
    )


# -------------------------------------------------------------------- known codes


def _refuse_unknown_codes(
    keys: Mapping[str, KeyColumn],
    roles: Roles,
    periods: pd.PeriodIndex,
    known_codes: Iterable[Any],
) -> None:
    """Check regions against a list of codes, or against codes with their dates."""
    regions = [
        name for name in roles.keys if name not in (roles.sector, roles.reporter)
    ]
    known = list(known_codes)
    for name in regions:
        unknown = sorted(set(keys[name].labels) - set(known))
        if unknown:
            raise _unknown_codes_error(name, unknown, known)
        if isinstance(known_codes, Mapping):
            _refuse_out_of_time(keys[name], name, periods, known_codes)


def _unknown_codes_error(
    column: str, unknown: Sequence[Any], known: Sequence[Any]
) -> KeyColumnError:
    words = [str(code) for code in known]
    guesses = [
        difflib.get_close_matches(str(code), words, n=1, cutoff=0.5)
        for code in unknown[:5]
    ]
    meant = sorted({guess[0] for guess in guesses if guess})
    return KeyColumnError(
        f"{len(unknown):,} unknown codes in column {column!r}",
        code="F-306",
        column=column,
        count=len(unknown),
        examples=[repr(code) for code in unknown],
        remedy="Correct them, or add them to known_codes."
        + (f" Did you mean {meant}?" if meant else ""),
    )


def _refuse_out_of_time(
    key: KeyColumn,
    column: str,
    periods: pd.PeriodIndex,
    validity: Mapping[Any, tuple[Any, Any] | None],
) -> None:
    """Refuse rows whose period ends before a code began or starts after it ended."""
    spans = [validity[label] or (None, None) for label in key.labels]
    begin = [pd.Timestamp.min if b is None else parse_date(b) for b, _ in spans]
    until = [pd.Timestamp.max if e is None else parse_date(e) for _, e in spans]
    starts, ends = periods.start_time, periods.end_time
    early = np.asarray(ends < pd.DatetimeIndex(begin).take(key.codes))
    late = np.asarray(starts > pd.DatetimeIndex(until).take(key.codes))
    wrong: Bools = early | late
    if wrong.any():
        labels = key.labels.take(key.codes)
        where = np.flatnonzero(wrong)[:5].tolist()
        shown = [f"{labels[i]} in {periods[i]}" for i in where]
        raise KeyColumnError(
            f"{wrong.sum():,} rows use codes of column {column!r} outside their time",
            code="F-307",
            column=column,
            count=int(wrong.sum()),
            examples=list(dict.fromkeys(shown)),
            remedy="Recode these rows to the region that existed then.",
        )
