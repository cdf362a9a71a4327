"""The door of the event log: a frame of events is checked once and put in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import (
    ColumnError,
    KeyColumnError,
    NumberError,
    TableError,
)
from forecast.events.contradictions import refuse_contradictions
from forecast.events.dates import read_days, read_spans
from forecast.events.statuses import RELATIONS, STATUSES, unknown_words

__all__ = ["COLUMNS", "code_text", "event_table", "in_order"]

COLUMNS = (
    "id",
    "date",
    "date_end",
    "precision",
    "kind",
    "subkind",
    "origin",
    "destination",
    "status",
    "count",
    "value",
    "value_relation",
    "part_of",
    "known_on",
    "ended_on",
    "theme",
    "placebo",
    "source",
)
_TEXTS = ("subkind", "theme", "source", "part_of")
_ORDER = [
    "date",
    "date_end",
    "kind",
    "origin",
    "destination",
    "subkind",
    "status",
    "id",
]
_ORDER += ["known_on", "count", "value", "value_relation", "part_of", "theme", "source"]

_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")


def event_table(
    df: pd.DataFrame, names: Mapping[str, str | None], placebo_themes: Sequence[str]
) -> pd.DataFrame:
    """Return the checked table of events in canonical columns and order.

    Parameters
    ----------
    df : DataFrame
        One row an event, or a later state of it. Not changed.
    names : mapping
        Canonical column to column of `df`; None is the column of that name, if there
        is one.
    placebo_themes : sequence of str
        Events of these themes are placebos, besides those marked.

    Returns
    -------
    DataFrame
        `COLUMNS`, then the other columns of `df`.
    """
    _refuse_shape(df)
    chosen = _present(df, names)
    if df.index.has_duplicates:  # rows are then named by their positions
        df = df.reset_index(drop=True)
    raw = {name: df[column] for name, column in chosen.items()}
    table = read_spans(raw, chosen)
    table["kind"] = _texts(raw["kind"], chosen["kind"], required=True)
    for side in ("origin", "destination"):
        table[side] = _codes(raw[side], chosen[side])
    for name in _TEXTS:
        table[name] = _texts(raw[name], chosen[name]) if name in raw else ""
    table["status"] = _words(raw, chosen, "status", STATUSES) if "status" in raw else ""
    table["count"] = (
        _amounts(raw, chosen, "count").fillna(1.0) if "count" in raw else 1.0
    )
    table["value"] = _amounts(raw, chosen, "value") if "value" in raw else np.nan
    table["value_relation"] = _relations(raw, chosen, table["value"])
    for name in ("known_on", "ended_on"):
        table[name] = read_days(raw.get(name), df.index, chosen.get(name, name))
    table["placebo"] = _placebos(raw, chosen, table["theme"], placebo_themes)
    table["id"] = _texts(raw["id"], chosen["id"], required=True) if "id" in raw else ""
    extras = df[[c for c in df.columns if c not in set(chosen.values())]]
    table = in_order(table[list(COLUMNS)].join(extras))
    if "id" not in raw:
        width = len(str(len(table)))
        table["id"] = [f"E{i:0{width}d}" for i in range(1, len(table) + 1)]
    refuse_contradictions(table)
    return table


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in an order that depends on what they say only."""
    extras = [c for c in table.columns if c not in COLUMNS]
    shadow = table[_ORDER].assign(rest=_joined(table, extras))
    order = shadow.sort_values([*_ORDER, "rest"], kind="stable", na_position="last")
    return table.loc[order.index].reset_index(drop=True)


def _joined(table: pd.DataFrame, names: Sequence[Any]) -> list[str]:
    columns = [table.index, *(table[name] for name in names)]
    return [repr(row[1:]) for row in zip(*columns, strict=True)]


def _refuse_shape(df: pd.DataFrame) -> None:
    if not isinstance(df, pd.DataFrame):
        raise TableError(
            f"a log of events is built from a DataFrame, got {type(df).__name__}",
            code="F-160",
            remedy="Pass a pandas DataFrame with one row an event.",
        )
    if isinstance(df.columns, pd.MultiIndex) or df.columns.has_duplicates:
        repeated = df.columns[df.columns.duplicated()].unique()
        raise TableError(
            "the columns of the events have several levels"
            if isinstance(df.columns, pd.MultiIndex)
            else f"{len(repeated)} column names stand twice in the events",
            code="F-161",
            count=len(repeated),
            examples=[str(name) for name in repeated],
            remedy="Give every column one name of its own.",
        )


def _present(df: pd.DataFrame, names: Mapping[str, str | None]) -> dict[str, str]:
    """Map canonical names to the columns that are there; named ones must be."""
    named = {name: column for name, column in names.items() if column is not None}
    missing = [column for column in named.values() if column not in df.columns]
    if missing:
        raise ColumnError.missing(missing, df.columns)
    clash = [n for n, column in named.items() if n != column and n in df.columns]
    taken = set(named.values())
    clash = [name for name in clash if name not in taken]
    if clash:
        raise ColumnError(
            f"the table has a column {clash[0]!r} beside {named[clash[0]]!r}, which was "
            f"named as {clash[0]!r}",
            code="F-166",
            column=clash[0],
            count=len(clash),
            remedy=f"Drop or rename the column {clash[0]!r}.",
        )
    silent = [n for n, column in names.items() if column is None and n in df.columns]
    return named | {name: name for name in silent if name not in taken}


def _blank(values: pd.Series) -> pd.Series:
    """Tell which cells are missing or empty; the text "NA" is a region, not a gap."""
    return values.isna() | values.astype(str).str.strip().eq("")


def _rows(where: pd.Series, values: pd.Series | None = None) -> list[str]:
    labels = where.index[where.to_numpy()][:5]
    if values is None:
        return [f"row {label}" for label in labels]
    shown = values[where.to_numpy()].to_numpy()[:5]
    return [f"row {row}: {value!r}" for row, value in zip(labels, shown, strict=True)]


def _texts(values: pd.Series, column: str, *, required: bool = False) -> pd.Series:
    blank = _blank(values)
    if required and blank.any():
        raise KeyColumnError(
            f"{int(blank.sum())} events have no entry in column {column!r}",
            code="F-361",
            column=column,
            count=int(blank.sum()),
            examples=_rows(blank),
            remedy="Fill them in, or drop these rows.",
        )
    texts = values.map(code_text).astype(object)
    return texts.mask(blank, "")


def code_text(value: Any) -> str:
    """Spell codes alike: 643.0 and 643, a no-break space and a space."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def _codes(values: pd.Series, column: str) -> pd.Series:
    codes = _texts(values, column, required=True)
    latin = codes.str.translate(_LOOK_ALIKES)
    odd = codes.ne(latin) & latin.map(lambda text: bool(_CODE.fullmatch(text)))
    if odd.any():
        raise KeyColumnError(
            f"{int(odd.sum())} region codes in column {column!r} hold Cyrillic letters "
            "that look like Latin ones",
            code="F-362",
            column=column,
            count=int(odd.sum()),
            examples=_rows(odd, codes),
            remedy=f"Write them in Latin letters, such as {latin[odd].iloc[0]!r}.",
        )
    return codes


def _words(
    raw: Mapping[str, pd.Series],
    chosen: Mapping[str, str],
    name: str,
    vocabulary: Sequence[str],
) -> pd.Series:
    words = _texts(raw[name], chosen[name], required=True)
    words = words.str.lower().str.replace(r"[_-]", " ", regex=True)
    unknown = ~words.isin(vocabulary)
    if unknown.any():
        raise unknown_words(chosen[name], words[unknown], vocabulary)
    return words


def _amounts(
    raw: Mapping[str, pd.Series], chosen: Mapping[str, str], name: str
) -> pd.Series:
    """Return positive numbers, NaN where the cell is empty."""
    values, column = raw[name], chosen[name]
    blank = _blank(values)
    numbers = pd.to_numeric(values.mask(blank), errors="coerce").astype(float)
    lowest = np.nextafter(0.0, 1.0) if name == "count" else 0.0
    wrong = ~blank & ~(np.isfinite(numbers) & (numbers >= lowest))
    if wrong.any():
        raise NumberError(
            f"{int(wrong.sum())} entries of column {column!r} are no "
            + ("positive numbers" if name == "count" else "amounts of zero or more"),
            code="F-260" if name == "count" else "F-261",
            column=column,
            count=int(wrong.sum()),
            examples=_rows(wrong, values),
            remedy="Write plain numbers; leave the cell empty where it is not known.",
        )
    return numbers


def _relations(
    raw: Mapping[str, pd.Series], chosen: Mapping[str, str], values: pd.Series
) -> pd.Series:
    default = pd.Series("exactly", index=values.index, dtype=object).mask(
        values.isna(), ""
    )
    if "value_relation" not in raw:
        return default
    blank = _blank(raw["value_relation"])
    given = _words(
        {"value_relation": raw["value_relation"].astype(object).mask(blank, "exactly")},
        chosen,
        "value_relation",
        RELATIONS,
    )
    return given.mask(values.isna(), "")


def _placebos(
    raw: Mapping[str, pd.Series],
    chosen: Mapping[str, str],
    themes: pd.Series,
    placebo_themes: Sequence[str],
) -> pd.Series:
    marked = themes.isin(list(placebo_themes))
    if "placebo" in raw:
        marked |= _flags(raw["placebo"], chosen["placebo"])
    if "trade_content" in raw:
        marked |= ~_flags(raw["trade_content"], chosen["trade_content"])
    return marked.astype(bool)


def _flags(values: pd.Series, column: str) -> pd.Series:
    spelt = {
        "true": True,
        "yes": True,
        "1": True,
        "false": False,
        "no": False,
        "0": False,
    }
    flags = values.map(code_text).str.lower().map(spelt)
    unknown = flags.isna()
    if unknown.any():
        raise KeyColumnError(
            f"{int(unknown.sum())} entries of column {column!r} are neither true nor false",
            code="F-364",
            column=column,
            count=int(unknown.sum()),
            examples=_rows(unknown, values),
            remedy="Write true or false.",
        )
    return flags.astype(bool)
