"""A change of one column: set, added, multiplied, computed or given row by row."""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ColumnError, ModelError
from forecast.periods import parse_periods
from forecast.scenarios.limits import EVERYWHERE, Limits, Names

__all__ = ["Change", "Several", "read_change"]

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
SPELT = re.compile(rf"(?P<sign>[-+*/=]?)\s*(?P<minus>-?)\s*{NUMBER}\s*(?P<percent>%?)")
OTHER_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"})


@dataclass(frozen=True, eq=False)
class Change:
    """What becomes of one column of the future.

    Parameters
    ----------
    to : str, number, callable, Series or DataFrame
        ``"5"``, ``5`` or ``"=-5"``: set. ``"+5"``, ``"-5"``: added. ``"*1.1"``,
        ``"/2"``, ``"+10%"``, ``"-10%"``: relative. A function of the rows concerned
        (a frame) returns their values. A Series by period, or a frame with key columns,
        period and the column, gives values; rows that it lacks stay.
    pairs, where, start, end, directed
        Limits, as in `Scenario`.

    Raises
    ------
    ModelError
        F-870 text that says no change.

    Examples
    --------
    >>> frame = pd.DataFrame({"year": [2024, 2025], "visits": [2.0, 3.0]})
    >>> Change("+5", start=2025).apply(frame, "visits", Names("year")).tolist()
    [2.0, 8.0]
    """

    to: Any
    _: KW_ONLY
    pairs: Sequence[tuple[Any, Any]] | None = None
    where: Mapping[str, Any] | None = None
    start: Any = None
    end: Any = None
    directed: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.to, str):
            read_text(self.to)
        elif not (_is_number(self.to) or _is_table(self.to) or callable(self.to)):
            raise _no_change(self.to)

    @property
    def limits(self) -> Limits:
        """Rows that the change is limited to by itself."""
        return Limits(self.pairs, self.where, self.start, self.end, self.directed)

    def apply(
        self, frame: pd.DataFrame, column: str, names: Names, outer: Limits = EVERYWHERE
    ) -> pd.Series:
        """Return the changed column.

        Parameters
        ----------
        frame : DataFrame
            Rows of the future.
        column : str
        names : Names
        outer : Limits
            Of the scenario; used where the change has none of its own.

        Raises
        ------
        ColumnError
            F-111 no such column.
        ModelError
            F-871 nothing there to be changed, or what comes out is no number; F-872
            limits that concern no row.
        """
        if column not in frame.columns:
            raise ColumnError.missing([column], frame.columns)
        rows = (outer if self.limits.free else self.limits).rows(frame, names)
        before = frame[column].to_numpy(dtype=float)
        after = before.copy()
        after[rows] = self._values(frame, before, rows, column, names)
        if bad := int((rows & ~np.isfinite(after) & ~_kept(before, after)).sum()):
            raise _not_there(
                f"{bad:,} changed values of {column!r} are no numbers", column
            )
        return pd.Series(after, frame.index, name=column)

    def _values(
        self,
        frame: pd.DataFrame,
        before: Floats,
        rows: Bools,
        column: str,
        names: Names,
    ) -> Any:
        if _is_table(self.to):
            found = _looked_up(self.to, frame.loc[rows], column, names)
            return np.where(np.isnan(found), before[rows], found)
        if callable(self.to):
            made = self.to(frame.loc[rows].copy())
            return np.asarray(made, dtype=float)
        if not isinstance(self.to, str):
            return float(self.to)
        operation, is_relative = read_text(self.to)
        lacking = int(np.isnan(before[rows]).sum())
        if is_relative and lacking:
            raise _not_there(
                f"{lacking:,} future values of {column!r} are missing, so {self.to!r} "
                "changes nothing",
                column,
            )
        return operation(before[rows])


@dataclass(frozen=True, eq=False)
class Several:
    """Changes of one column in different rows.

    Parameters
    ----------
    parts : tuple of Change

    Examples
    --------
    >>> frame = pd.DataFrame({"year": [2024, 2025], "visits": [2.0, 3.0]})
    >>> both = Several((Change("+5", end=2024), Change("*2", start=2025)))
    >>> both.apply(frame, "visits", Names("year")).tolist()
    [7.0, 6.0]
    """

    parts: tuple[Change, ...]

    def apply(
        self, frame: pd.DataFrame, column: str, names: Names, outer: Limits = EVERYWHERE
    ) -> pd.Series:
        """Return the changed column; as `Change.apply`.

        Raises
        ------
        ModelError
            F-870 two changes of one cell.
        """
        touched = np.zeros(len(frame), dtype=bool)
        out = frame[column].astype(float) if column in frame else None
        for part in self.parts:
            after = part.apply(frame, column, names, outer)
            rows = (outer if part.limits.free else part.limits).rows(frame, names)
            if (twice := int((rows & touched).sum())) > 0:
                raise ModelError(
                    f"{twice:,} values of {column!r} are changed twice",
                    code="F-870",
                    column=column,
                    count=twice,
                    remedy="Limit the changes of one column to different rows.",
                )
            assert out is not None  # `part.apply` refuses what is not there
            touched |= rows
            out = out.mask(rows, after)
        assert out is not None
        return out


def read_change(given: Any) -> Change | Several:
    """Return a `Change`, whatever way it was written."""
    return given if isinstance(given, (Change, Several)) else Change(given)


def read_text(text: str) -> tuple[Callable[[Floats], Floats], bool]:
    """Read ``"+5"``; returns what it does to values, and whether it needs any.

    Raises
    ------
    ModelError
        F-870 text that says no change.

    Examples
    --------
    >>> read_text("-10%")[0](np.array([200.0]))
    array([180.])
    """
    spelt = SPELT.fullmatch(text.translate(OTHER_SIGNS).strip())
    if spelt is None:
        raise _no_change(text)
    sign, size = spelt["sign"], float(spelt[3])
    if spelt["minus"] and sign != "=":
        raise _no_change(text)
    if spelt["percent"]:
        if sign not in {"+", "-"}:
            raise _no_change(text)
        factor = 1 + (size if sign == "+" else -size) / 100
        return lambda x: x * factor, True
    if sign == "/" and size == 0:
        raise _no_change(text)
    value = -size if spelt["minus"] else size
    return {
        "": (lambda x: np.full(x.shape, value), False),
        "=": (lambda x: np.full(x.shape, value), False),
        "+": (lambda x: x + size, True),
        "-": (lambda x: x - size, True),
        "*": (lambda x: x * size, True),
        "/": (lambda x: x / size, True),
    }[sign]


def _kept(before: Floats, after: Floats) -> Bools:
    """Tell which values are missing as they were."""
    return np.asarray(np.isnan(before) & np.isnan(after))


def _looked_up(table: Any, rows: pd.DataFrame, column: str, names: Names) -> Floats:
    """Find each row's value in a Series by period or a frame; NaN where it has none."""
    if isinstance(table, pd.Series):
        table = pd.DataFrame({names.period: table.index, column: table.to_numpy()})
    lacking = [name for name in (names.period, column) if name not in table.columns]
    if lacking:
        raise ColumnError.missing(lacking, table.columns)
    keys = [
        name
        for name in table.columns
        if name in rows.columns and name not in {names.period, column}
    ]
    wanted, given = (
        part[keys].assign(**{"\0at": _stamps(part, names.period)})
        for part in (rows, table)
    )
    given["\0value"] = table[column].to_numpy(dtype=float)
    twice = given.duplicated([*keys, "\0at"])
    if twice.any():
        raise _not_there(
            f"{int(twice.sum()):,} rows of the table are there twice", column
        )
    found = wanted.merge(given, how="left", on=[*keys, "\0at"])["\0value"]
    return np.asarray(found.to_numpy(dtype=float))


def _stamps(table: pd.DataFrame, period: str) -> Any:
    return parse_periods(table[period], column=period).start_time.to_numpy()


def _is_number(value: Any) -> bool:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and bool(np.isfinite(float(value)))


def _is_table(value: Any) -> bool:
    return isinstance(value, (pd.Series, pd.DataFrame))


def _no_change(given: Any) -> ModelError:
    return ModelError(
        f"{given!r} says no change",
        code="F-870",
        remedy='Write "5" or "=-5" to set, "+5" or "-5" to add, "*1.1", "/2", "+10%" or '
        '"-10%" to scale; or give a function, a Series by period or a frame.',
    )


def _not_there(problem: str, column: str) -> ModelError:
    return ModelError(
        problem,
        code="F-871",
        column=column,
        remedy="Fill in the future first, with held(panel, horizon) or from the log of "
        "events, or set the values.",
    )
