"""On which days an event can have happened: dates of every precision, read once.

An event spans ``[date, date_end]``: it happened on some day of this span. "2021-09"
spans a month, "2021" a year; what has no date spans nothing and is never counted.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import KeyColumnError, PeriodError
from forecast.period_labels import Moment, day_comes_first, read_label
from forecast.periods import parse_dates

__all__ = ["MONTHS_OF_PRECISION", "read_days", "read_spans"]

MONTHS_OF_PRECISION = {
    "day": 0,
    "month": 1,
    "two months": 2,
    "season": 3,
    "quarter": 3,
    "half year": 6,
    "year": 12,
    "unknown": -1,
}
"""Length in months of the span that a date of each precision stands for."""

_PRECISION_OF_KIND = {"D": "day", "M": "month", "Q": "quarter", "Y": "year"}
_DAY = np.timedelta64(1, "D")
_NEVER = np.datetime64("NaT", "D")

Days = NDArray[np.datetime64]


def read_spans(raw: Mapping[str, pd.Series], chosen: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns `date`, `date_end` and `precision`, read from the raw ones.

    The end of a span is `date_end` where it is given, else it follows from the
    precision: a month, quarter or year is the calendar one around the date, a season
    or two months begin with the month of the date.

    Raises
    ------
    PeriodError
        F-40x dates that cannot be read, F-471 an end before its beginning, F-472 a
        date that is missing although its precision says that it is known.
    KeyColumnError
        F-360 a precision that is not in the vocabulary.
    """
    dates = raw["date"]
    start, end, kind = _read(dates, chosen["date"])
    precision = _precision(raw.get("precision"), kind, chosen.get("precision", ""))
    _refuse_forgotten(start, precision, dates, chosen)
    first, last = _stretched(start, end, precision)
    if "date_end" in raw:
        _, given, _ = _read(raw["date_end"], chosen["date_end"])
        known = ~np.isnat(given)
        first, last = np.where(known, start, first), np.where(known, given, last)
        if "precision" not in raw:
            precision = np.where(known, _named(first, last), precision)
    _refuse_reversed(first, last, dates, chosen)
    unknown = (precision == "unknown") | np.isnat(first)
    return pd.DataFrame(
        {
            "date": np.where(unknown, _NEVER, first).astype("datetime64[s]"),
            "date_end": np.where(unknown, _NEVER, last).astype("datetime64[s]"),
            "precision": np.where(unknown, "unknown", precision).astype(object),
        },
        index=dates.index,
    )


def read_days(values: pd.Series | None, index: pd.Index, column: str) -> pd.Series:
    """Return days, NaT where there is none; a month or year stands for its last day.

    The last day is the cautious reading of "known in October" and "ended in 2020".
    """
    if values is None:
        return pd.Series(pd.NaT, index=index).astype("datetime64[s]")
    _, last, _ = _read(values, column)
    return pd.Series(last.astype("datetime64[s]"), index=index)


def _read(values: pd.Series, column: str) -> tuple[Days, Days, NDArray[np.object_]]:
    """Return first day, last day and kind of each label; NaT and "" where missing."""
    blank = (values.isna() | values.astype(str).str.strip().eq("")).to_numpy()
    labels = list(dict.fromkeys(_hashable(v, column) for v in values[~blank]))
    day_first = day_comes_first(labels)
    spans: dict[Hashable, tuple[np.datetime64, np.datetime64, str]] = {}
    for label in labels:
        moment = read_label(label, day_first, times_allowed=True)
        if isinstance(moment, str):
            parse_dates(values[~blank], column=column)  # raises, with count and remedy
            raise PeriodError(f"unreadable date {label!r}", code=moment, column=column)
        spans[label] = _span(moment)
    nothing = (_NEVER, _NEVER, "")
    found = [nothing if gap else spans[v] for v, gap in zip(values, blank, strict=True)]
    start = np.array([s for s, _, _ in found], dtype="datetime64[D]")
    end = np.array([e for _, e, _ in found], dtype="datetime64[D]")
    return start, end, np.array([k for _, _, k in found], dtype=object)


def _hashable(value: Any, column: str) -> Hashable:
    if not isinstance(value, Hashable):
        raise PeriodError(
            f"column {column!r} holds values that are no dates",
            code="F-402",
            column=column,
            examples=[repr(value)],
            remedy="Write dates as 2021-09-30, months as 2021-09, years as 2021.",
        )
    return value


def _span(moment: Moment) -> tuple[np.datetime64, np.datetime64, str]:
    kind = _PRECISION_OF_KIND[moment.kind]
    if kind == "day":
        day = np.datetime64(
            f"{moment.year:04d}-{moment.part:02d}-{moment.day:02d}", "D"
        )
        return day, day, kind
    length = np.timedelta64(MONTHS_OF_PRECISION[kind], "M")
    month = np.datetime64(f"{moment.year:04d}", "M") + (moment.part - 1) * length
    return month.astype("M8[D]"), (month + length).astype("M8[D]") - _DAY, kind


def _precision(
    given: pd.Series | None, kind: NDArray[np.object_], column: str
) -> NDArray[np.object_]:
    inferred = np.where(kind == "", "unknown", kind).astype(object)
    if given is None:
        return inferred
    words = given.astype(object).where(given.notna(), "").astype(str).str.strip()
    words = words.str.lower().str.replace(r"[_-]", " ", regex=True)
    unknown = ~words.isin([*MONTHS_OF_PRECISION, ""])
    if unknown.any():
        raise KeyColumnError(
            f"{int(unknown.sum())} entries of column {column!r} are no precision of a date",
            code="F-360",
            column=column,
            count=int(unknown.sum()),
            examples=[repr(word) for word in sorted(set(words[unknown]))],
            remedy=f"Known are {list(MONTHS_OF_PRECISION)}.",
        )
    return np.where(words == "", inferred, words.to_numpy(dtype=object))


def _stretched(
    start: Days, end: Days, precision: NDArray[np.object_]
) -> tuple[Days, Days]:
    """Widen each day to the span of its precision; never narrow what was read."""
    months = np.array([MONTHS_OF_PRECISION[word] for word in precision], dtype=np.int64)
    step = np.where(np.isin(precision, ["quarter", "half year", "year"]), months, 1)
    month = start.astype("M8[M]").astype(np.int64)
    first = (month // step * step).astype("M8[M]")
    last = (first + months.astype("m8[M]")).astype("M8[D]") - _DAY
    wide = (months > 0) & ~np.isnat(start)
    return (
        np.where(wide, np.minimum(first.astype("M8[D]"), start), start),
        np.where(wide, np.maximum(last, end), end),
    )


def _named(first: Days, last: Days) -> NDArray[np.object_]:
    """Name the precision of a span by its length."""
    days = (last - first).astype(np.int64)
    names = np.array(["day", "month", "two months", "season", "half year", "year"])
    return names[np.minimum(np.searchsorted([0, 30, 61, 92, 183], days), 5)].astype(
        object
    )


def _refuse_forgotten(
    start: Days,
    precision: NDArray[np.object_],
    dates: pd.Series,
    chosen: Mapping[str, str],
) -> None:
    forgotten = np.isnat(start) & (precision != "unknown")
    if forgotten.any():
        raise PeriodError(
            f"{int(forgotten.sum())} events have no date in column {chosen['date']!r} "
            "although their precision says that it is known",
            code="F-472",
            column=chosen["date"],
            count=int(forgotten.sum()),
            examples=[f"row {label}" for label in dates.index[forgotten]],
            remedy="Fill the date in, or write the precision 'unknown'.",
        )


def _refuse_reversed(
    first: Days, last: Days, dates: pd.Series, chosen: Mapping[str, str]
) -> None:
    wrong = last < first
    if wrong.any():
        raise PeriodError(
            f"{int(wrong.sum())} events end before they begin",
            code="F-471",
            column=chosen.get("date_end", "date_end"),
            count=int(wrong.sum()),
            examples=[
                f"row {row}: {a} to {b}"
                for row, a, b in zip(
                    dates.index[wrong], first[wrong], last[wrong], strict=True
                )
            ],
            remedy="`date` to `date_end` is the span of days on which the event can have "
            "happened; the day something stopped working goes to `ended_on`.",
        )
