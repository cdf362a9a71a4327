"""Scenarios from a sheet: one row for each change or event, several scenarios in one file."""

from __future__ import annotations

import datetime as dt
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NoReturn

import pandas as pd

from forecast.errors import ColumnError, FileError, ForecastError, TableError
from forecast.events import EventLog
from forecast.periods import parse_periods
from forecast.reading import read_bytes, read_table
from forecast.scenarios.changes import Change, Several
from forecast.scenarios.limits import ANY
from forecast.scenarios.scenario import Scenario

__all__ = ["COLUMNS", "read_scenarios"]

COLUMNS = (
    "scenario",
    "variable",
    "kind",
    "change",
    "origin",
    "destination",
    "start",
    "end",
    "status",
    "count",
    "value",
    "directed",
    "source",
)
"""What a sheet may hold; only ``scenario`` must be there."""

OF_EVENTS = ("status", "count", "value")
YES = {"yes", "true", "1", "да"}
NO = {"", "no", "false", "0", "нет"}

Row = dict[str, str]


def read_scenarios(path: str | os.PathLike[str]) -> dict[str, Scenario]:
    """Read scenarios from a table, one row for each change or event.

    Parameters
    ----------
    path : path
        CSV, Excel, Parquet, or TOML with one table ``[[scenarios]]`` for each row.
        Columns: ``scenario`` (its name); ``variable`` and ``change`` (a column of the
        panel, and what becomes of it: ``5``, ``+5``, ``*1.1``, ``-10%``), or ``kind``
        (of an event that is added, with ``start`` as its date, ``end`` as the day it
        ends, and ``status``, ``count``, ``value``); ``origin`` and ``destination``
        (either may be left out: then every partner is concerned); ``start`` and ``end``
        (periods); ``directed`` (``yes``: only from origin to destination; of changes
        only, since whether events count in one direction is said by the log, for all
        of them, or by a recipe); ``source``. A row with nothing but a name is a scenario in which nothing changes.

    Returns
    -------
    dict of str to Scenario
        In the order in which they first occur.

    Raises
    ------
    TableError
        F-860 a row that cannot be read, named with its column; F-861 no scenario.
    ColumnError
        F-111 no column ``scenario``, or a column that a sheet does not have.
    FileError
        F-601 to F-632, as `read_table`; F-862 no readable TOML.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> sheet = pathlib.Path(tempfile.mkdtemp()) / "scenarios.csv"
    >>> _ = sheet.write_text('''scenario,variable,change,origin,destination,start
    ... more visits,visits,+5,RU,KZ,2025
    ... more visits,tariff,-10%,,,2026
    ... an agreement,agreement,1,KZ,,2025
    ... ''')
    >>> for scenario in read_scenarios(sheet).values():
    ...     print(scenario)
    Scenario 'more visits': visits +5 (RU–KZ, from 2025), tariff -10% (from 2026)
    Scenario 'an agreement': agreement 1 (KZ–all, from 2025)
    """
    name = PurePath(path).name
    by_name: dict[str, list[tuple[int, Row]]] = {}
    for number, row in _rows(path, first_row(name)):
        if not row["scenario"]:
            if any(row.values()):
                _refuse(number, "scenario", "the scenario has no name")
            continue
        by_name.setdefault(row["scenario"], []).append((number, row))
    if not by_name:
        raise TableError(
            f"{name} holds no scenario",
            code="F-861",
            column="scenario",
            remedy="Give one row for each change: scenario, variable, change, start.",
        )
    return {label: _scenario(label, rows) for label, rows in by_name.items()}


def first_row(name: str) -> int:
    """Return the number of the first row as the file shows it: 2 below a header."""
    return 1 if name.lower().endswith(".toml") else 2


# ------------------------------------------------------------------------------- inside


def _rows(path: str | os.PathLike[str], first: int) -> list[tuple[int, Row]]:
    """Read all cells as text, each row with its number."""
    if PurePath(path).suffix.lower() == ".toml":
        given = _from_toml(path)
    else:
        names = list(read_table(path).columns)
        table = read_table(path, text_columns=names).astype(object)
        given = [*table.where(table.notna(), None).to_dict("records")]
    columns = dict.fromkeys(str(name).strip().lower() for row in given for name in row)
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise ColumnError.missing(unknown, COLUMNS)
    if given and "scenario" not in columns:
        raise ColumnError.missing(["scenario"], columns)
    return [(number, _as_text(number, row)) for number, row in enumerate(given, first)]


def _from_toml(path: str | os.PathLike[str]) -> list[Mapping[Any, Any]]:
    try:
        document = tomllib.loads(read_bytes(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise FileError(
            f"{PurePath(path).name} is no readable TOML: {wrong}", code="F-862"
        ) from wrong
    rows = document.get("scenarios")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise TableError(
            f"{PurePath(path).name} has no tables [[scenarios]]",
            code="F-861",
            column="scenarios",
            remedy='Give one [[scenarios]] for each change: scenario = "more visits", '
            'variable = "visits", change = "+5".',
        )
    return rows


def _as_text(number: int, row: Mapping[Any, Any]) -> Row:
    found = dict.fromkeys(COLUMNS, "")
    for name, value in row.items():
        column = str(name).strip().lower()
        found[column] = _cell(number, column, value)
    return found


def _cell(number: int, column: str, value: Any) -> str:
    """Return one cell as text; TOML has lists, tables and numbers that are none."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float):
        if not math.isfinite(value):
            _refuse(number, column, f"{value} is no number")
        return str(int(value) if value.is_integer() else value)
    if not isinstance(value, int | dt.date | dt.time):
        _refuse(number, column, f"one value is needed, not a {type(value).__name__}")
    return str(value)


def _scenario(label: str, rows: list[tuple[int, Row]]) -> Scenario:
    changes: dict[str, list[Change]] = {}
    events: list[dict[str, Any]] = []
    sources: dict[str, None] = {}
    for number, row in rows:
        if row["variable"] and row["kind"]:
            _refuse(number, "kind", "a row is a change of a variable or an event")
        if row["kind"]:
            events.append(_event(number, row))
        elif row["variable"]:
            changes.setdefault(row["variable"], []).append(_change(number, row))
        elif stray := [c for c in COLUMNS[3:-1] if row[c]]:
            _refuse(number, stray[0], "there is neither a variable nor a kind")
        if row["source"]:
            sources[row["source"]] = None
    merged = {
        variable: parts[0] if len(parts) == 1 else Several(tuple(parts))
        for variable, parts in changes.items()
    }
    return Scenario(label, merged, events or None, source="; ".join(sources))


def _change(number: int, row: Row) -> Change:
    for column in OF_EVENTS:
        if row[column]:
            _refuse(number, column, f"a change of a variable has no {column}")
    if not row["change"]:
        _refuse(number, "change", f"{row['variable']!r} is not changed to anything")
    pairs = None
    if row["origin"] or row["destination"]:
        pairs = [(row["origin"] or ANY, row["destination"] or ANY)]
    directed = _flag(number, row)
    try:
        change = Change(
            row["change"],
            pairs=pairs,
            start=row["start"] or None,
            end=row["end"] or None,
            directed=directed,
        )
    except ForecastError as wrong:
        _refuse(number, "change", wrong.problem, wrong)
    for column in ("start", "end"):
        _check_period(number, column, row[column])
    return change


def _event(number: int, row: Row) -> dict[str, Any]:
    if row["change"]:
        _refuse(number, "change", "an event changes no variable by itself")
    if _flag(number, row):
        _refuse(
            number,
            "directed",
            "one event cannot be limited to a direction: read the log with "
            "directed=True, or give the recipe directed=True",
        )
    if not row["start"]:
        _refuse(number, "start", "an event has no date")
    for column in ("origin", "destination"):
        if not row[column]:
            _refuse(number, column, f"an event has no {column}")
    event: dict[str, Any] = {
        "date": row["start"],
        "kind": row["kind"],
        "origin": row["origin"],
        "destination": row["destination"],
        "status": row["status"] or "held",
    }
    for column in ("count", "value"):
        if row[column]:
            event[column] = _number(number, column, row[column])
    more = {"ended_on": row["end"], "source": row["source"]}
    event |= {name: text for name, text in more.items() if text}
    try:
        EventLog.from_frame(pd.DataFrame([event]))
    except ForecastError as wrong:
        back = {"date": "start", "ended_on": "end"}
        column = str(wrong.column or "kind")
        _refuse(number, back.get(column, column), wrong.problem, wrong)
    return event


def _flag(number: int, row: Row) -> bool:
    text = row["directed"].lower()
    if text not in YES | NO:
        _refuse(number, "directed", f"{row['directed']!r} is neither yes nor no")
    return text in YES


def _number(number: int, column: str, text: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError as wrong:
        _refuse(number, column, f"{text!r} is no number", wrong)
    if not math.isfinite(found):
        _refuse(number, column, f"{text!r} is no number")
    return found


def _check_period(number: int, column: str, text: str) -> None:
    if not text:
        return
    try:
        parse_periods([text], column=column)
    except ForecastError as wrong:
        _refuse(number, column, wrong.problem, wrong)


def _refuse(
    number: int, column: str, problem: str, cause: Exception | None = None
) -> NoReturn:
    raise TableError(
        f"row {number}, column {column!r}: {problem}",
        code="F-860",
        column=column,
        count=1,
        examples=getattr(cause, "examples", ()),
        remedy="A row changes a variable (variable, change) or adds an event (kind, "
        "origin, destination, start as its date).",
    ) from cause
