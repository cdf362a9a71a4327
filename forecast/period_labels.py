"""One label of a period: what "2021-07", 202107, "Q3 2021" or "июль 2021" says.

`read_label` returns what a label says, or the code of what is wrong with it, so
that a whole column can be complained about at once (`forecast.periods`).
"""

from __future__ import annotations

import datetime as dt
import numbers
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["FREQUENCY_WORDS", "PROBLEMS", "Moment", "day_comes_first", "read_label"]

FIRST_YEAR, LAST_YEAR = 1800, 2200
EXCEL_DAYS = range(25569, 73051)  # 1970 to 2099 counted from 1899-12-30

FREQUENCY_WORDS = {
    **dict.fromkeys(
        ("Y", "A", "YE", "YS", "YEAR", "YEARLY", "ANNUAL", "Y-DEC", "A-DEC"), "Y"
    ),
    **dict.fromkeys(("Q", "QE", "QS", "QUARTER", "QUARTERLY", "Q-DEC"), "Q"),
    **dict.fromkeys(("M", "ME", "MS", "MONTH", "MONTHLY"), "M"),
}

_MONTH_NAMES = (
    ("january", "январь", "января"),
    ("february", "февраль", "февраля"),
    ("march", "март", "марта"),
    ("april", "апрель", "апреля"),
    ("may", "май", "мая"),
    ("june", "июнь", "июня"),
    ("july", "июль", "июля"),
    ("august", "август", "августа"),
    ("september", "сентябрь", "сентября"),
    ("october", "октябрь", "октября"),
    ("november", "ноябрь", "ноября"),
    ("december", "декабрь", "декабря"),
)
_MONTH_OF_PREFIX = {
    name[:length]: month
    for month, names in enumerate(_MONTH_NAMES, start=1)
    for name in names
    for length in range(3, len(name) + 1)
}

_WORD = r"[^\W\d_]{3,}"
_YEAR_TEXT = re.compile(r"(\d+)(?:\.0+)?(?: ?г\.?)?")
_DATE_TEXT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\S+)?")
_SPLIT_DATE_TEXT = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_MONTH_TEXTS = (
    re.compile(r"(?P<y>\d{4})[-/](?P<p>\d{1,2})"),
    re.compile(r"(?P<y>\d{4})\.(?P<p>\d{2})"),
    re.compile(r"(?P<y>\d{4})[- ]?M(?P<p>\d{1,2})", re.IGNORECASE),
    re.compile(r"(?P<p>\d{1,2})[./-](?P<y>\d{4})"),
)
_QUARTER_TEXTS = (
    re.compile(r"(?P<y>\d{4})[- ]?Q(?P<p>\d)", re.IGNORECASE),
    re.compile(r"Q(?P<p>\d)[- /]?(?P<y>\d{4})", re.IGNORECASE),
    re.compile(r"(?P<p>\d)(?:Q| ?кв\.?)[- ]?(?P<y>\d{4})(?: ?г\.?)?", re.IGNORECASE),
)
_NAMED_MONTH_TEXTS = (
    re.compile(rf"(?P<name>{_WORD})\.?[ -](?P<y>\d{{4}})(?: ?г\.?)?"),
    re.compile(rf"(?P<y>\d{{4}})[ -](?P<name>{_WORD})\.?"),
)
_CUMULATED_TEXT = re.compile(
    rf"\d{{4}}[- ]?\d{{1,2}}M|\d{{1,2}}M[- ]?\d{{4}}|{_WORD}\.? ?[-–] ?{_WORD}\.?,? \d{{4}}.*",
    re.IGNORECASE,
)
_OTHER_FREQUENCY_TEXT = re.compile(r"\d{4}[- ]?[HSW]\d{1,2}", re.IGNORECASE)

PROBLEMS = {
    "F-401": ("missing periods", "Fill them in, or drop these rows."),
    "F-402": (
        "values that are no period",
        "Write years as 2021, quarters as 2021Q3, months as 2021-07.",
    ),
    "F-403": (
        f"years outside {FIRST_YEAR}–{LAST_YEAR}",
        "Write years with four digits; a quarter is 2021Q1, a month 2021-01.",
    ),
    "F-405": (
        "dates whose day and month cannot be told apart",
        "Write 2021-04-03, or convert first: pd.to_datetime(df[{column!r}], format='%d.%m.%Y').",
    ),
    "F-406": (
        "numbers that look like Excel's day count",
        "Convert first: pd.to_datetime(df[{column!r}], unit='D', origin='1899-12-30') "
        "(origin '1904-01-01' for workbooks in the 1904 system).",
    ),
    "F-407": (
        "periods that are no calendar years, quarters or months",
        "Add days, weeks and half-years up to months, quarters or calendar years first.",
    ),
    "F-408": (
        "dates with a time of day, or with and without a time zone",
        "Bring them to midnight of one zone first: "
        "df[{column!r}].dt.tz_convert('Europe/Moscow').dt.tz_localize(None).dt.normalize().",
    ),
    "F-410": (
        "labels of cumulated periods such as January–July",
        "Give months (2021-07); cumulated figures go to forecast.Releases, "
        "or to a panel whose .decumulated() is called on purpose.",
    ),
    "F-411": (
        "years with a fraction",
        "Write quarters as 2021Q3 and months as 2021-07: 2021.1 may be January or October.",
    ),
}


class Moment(NamedTuple):
    """What one label says: a year, quarter, month (`part` of a year) or day.

    Attributes
    ----------
    kind : {"Y", "Q", "M", "D"}
    year : int
    part : int
        Quarter or month.
    day : int
    """

    kind: str
    year: int
    part: int = 1
    day: int = 1


def read_label(
    value: Any, day_first: bool | None, *, times_allowed: bool
) -> Moment | str:
    """Return what `value` says, or the code of what is wrong with it.

    Parameters
    ----------
    value : object
        One label, not missing.
    day_first : bool or None
        The order of "03.04.2021" in its column (`day_comes_first`), None if unknown.
    times_allowed : bool
        Whether a time of day may stand beside a date (it is dropped).

    Returns
    -------
    Moment or str
        The code is a key of `PROBLEMS`.

    Examples
    --------
    >>> read_label("Q3 2021", None, times_allowed=False)
    Moment(kind='Q', year=2021, part=3, day=1)
    >>> read_label("2021-7M", None, times_allowed=False)
    'F-410'
    """
    if isinstance(value, pd.Period):
        return _read_period(value)
    if isinstance(value, (dt.date, np.datetime64)):  # Timestamp and datetime are dates
        return _read_timestamp(value, times_allowed=times_allowed)
    if isinstance(value, str):
        return _read_text(value.strip(), day_first, times_allowed=times_allowed)
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)):
        return _read_number(float(value))
    return "F-402"


def _read_period(period: pd.Period) -> Moment | str:
    letter = FREQUENCY_WORDS.get(str(period.freqstr).upper(), period.freqstr)
    if letter == "Y":
        return _dated("Y", period.year)
    if letter == "Q":
        return _dated("Q", period.year, period.quarter)
    if letter == "M":
        return _dated("M", period.year, period.month)
    if letter == "D":
        return _dated("D", period.year, period.month, period.day)
    return "F-407"


def _read_timestamp(
    value: dt.date | np.datetime64, *, times_allowed: bool
) -> Moment | str:
    stamp = pd.Timestamp(value)
    # Period.end_time is one tick before midnight: still its own day
    midnight = (stamp.hour, stamp.minute, stamp.second) in {(0, 0, 0), (23, 59, 59)}
    if not (midnight or times_allowed):
        return "F-408"
    return _dated("D", stamp.year, stamp.month, stamp.day)


def _read_number(value: float) -> Moment | str:
    if int(value if np.isfinite(value) else 0) in EXCEL_DAYS:
        return "F-406"
    if not np.isfinite(value) or value < 0:
        return "F-402"
    if value != int(value):
        return "F-411" if FIRST_YEAR <= value <= LAST_YEAR else "F-402"
    return _read_digits(str(int(value)))


def _read_digits(digits: str) -> Moment | str:
    """Read 2021, 202107 and 20210731."""
    if len(digits) == 6 and FIRST_YEAR <= int(digits[:4]) <= LAST_YEAR:
        return _dated("M", int(digits[:4]), int(digits[4:]))
    if len(digits) == 8 and FIRST_YEAR <= int(digits[:4]) <= LAST_YEAR:
        return _dated("D", int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    if len(digits) <= 10 and int(digits) in EXCEL_DAYS:
        return "F-406"
    return _dated("Y", int(digits)) if len(digits) == 4 else "F-403"


def _read_text(
    text: str, day_first: bool | None, *, times_allowed: bool
) -> Moment | str:
    if match := _YEAR_TEXT.fullmatch(text):
        return _read_digits(match[1])
    if _DATE_TEXT.fullmatch(text):
        return _read_iso(text, times_allowed=times_allowed)
    if match := _SPLIT_DATE_TEXT.fullmatch(text):
        return _read_split_date(match, day_first)
    for kind, patterns in (("Q", _QUARTER_TEXTS), ("M", _MONTH_TEXTS)):
        for pattern in patterns:
            if match := pattern.fullmatch(text):
                return _dated(kind, int(match["y"]), int(match["p"]))
    return _read_words(text)


def _read_iso(text: str, *, times_allowed: bool) -> Moment | str:
    try:
        stamp = pd.Timestamp(text)
    except ValueError:
        return "F-402"
    return _read_timestamp(stamp, times_allowed=times_allowed)


def _read_split_date(match: re.Match[str], day_first: bool | None) -> Moment | str:
    first, second, year = (int(part) for part in match.groups())
    if day_first is None and first != second:
        return "F-405"
    day, month = (first, second) if day_first else (second, first)
    return _dated("D", year, month, day)


def _read_words(text: str) -> Moment | str:
    for pattern in _NAMED_MONTH_TEXTS:
        match = pattern.fullmatch(text)
        month = _MONTH_OF_PREFIX.get(match["name"].lower()) if match else None
        if match and month:
            return _dated("M", int(match["y"]), month)
    if _CUMULATED_TEXT.fullmatch(text):
        return "F-410"
    return "F-407" if _OTHER_FREQUENCY_TEXT.fullmatch(text) else "F-402"


def _dated(kind: str, year: int, part: int = 1, day: int = 1) -> Moment | str:
    """Return the moment when it exists in the calendar, else the code why not."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return "F-403"
    if not 1 <= part <= (4 if kind == "Q" else 12):
        return "F-402"
    try:
        dt.date(year, part, day)
    except ValueError:
        return "F-402"
    return Moment(kind, year, part, day)


def day_comes_first(distinct: Sequence[Any]) -> bool | None:
    """Tell the order of 31.07.2021 for the whole column; None where nothing tells.

    Examples
    --------
    >>> day_comes_first(["03.04.2021", "31.07.2021"]), day_comes_first(["03.04.2021"])
    (True, None)
    """
    matches = [
        _SPLIT_DATE_TEXT.fullmatch(v.strip()) for v in distinct if isinstance(v, str)
    ]
    pairs = [(int(m[1]), int(m[2])) for m in matches if m]
    first = any(a > 12 for a, _ in pairs)
    second = any(b > 12 for _, b in pairs)
    return None if first == second else first
