"""Periods and dates: every spelling of a year, quarter or month, read once.

A period is a pandas ``Period`` of frequency ``Y`` (calendar year), ``Q`` or ``M``
from here on. What is ambiguous is refused with the spelling that would not be;
nothing is guessed from the order of rows.
"""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import PeriodError
from forecast.period_labels import (
    FREQUENCY_WORDS,
    PROBLEMS,
    Moment,
    day_comes_first,
    read_label,
)

__all__ = [
    "FREQUENCIES",
    "FREQUENCY_NOUNS",
    "frequency_of",
    "parse_date",
    "parse_dates",
    "parse_periods",
    "periods_after",
]

FREQUENCIES = {"Y": 1, "Q": 4, "M": 12}
"""Periods in a year, by frequency."""

FREQUENCY_NOUNS = {"Y": "year", "Q": "quarter", "M": "month"}
"""What one period is called, by frequency."""

LONGEST_HORIZON = 1200

# ------------------------------------------------------------------ public verbs


def parse_periods(
    values: Iterable[Any], *, freq: str | None = None, column: str = "period"
) -> pd.PeriodIndex:
    """Read years, quarters or months, however they are written.

    Understood are 2021, 2021.0, "2021", 202107, "2021-07", "2021M07", "07.2021",
    "July 2021", "июль 2021", "2021Q3", "Q3 2021", ISO dates, datetimes and pandas
    Periods. The frequency of dates is read off them: all on the first of January
    or last of December are years, quarter starts or ends are quarters, one date a
    month are months; `freq` overrides this. A zone is dropped at local midnight.
    "31.07.2021" decides the order of day and month for its whole column; where no
    value decides, "03.04.2021" is refused.

    Parameters
    ----------
    values : iterable of length n
        Labels of periods, in any order, repeated or not.
    freq : {"Y", "Q", "M"}, optional
        Only needed when dates leave it open.
    column : str
        Name used in messages.

    Returns
    -------
    PeriodIndex of length n
        Of frequency ``Y-DEC``, ``Q-DEC`` or ``M``.

    Raises
    ------
    PeriodError
        F-401 missing, F-402 unreadable, F-403 year out of range, F-404 mixed
        frequencies, F-405 day and month ambiguous, F-406 Excel day count, F-407 other
        frequency, F-408 zones or times of day, F-409 irregular dates, F-410 cumulated
        label, F-411 fraction of a year.

    Examples
    --------
    >>> parse_periods(["2021-07", "2021M08", 202109])
    PeriodIndex(['2021-07', '2021-08', '2021-09'], dtype='period[M]')
    >>> parse_periods([2021.0, 2020.0]).freqstr
    'Y-DEC'
    """
    wanted = None if freq is None else _frequency_word(freq)
    codes, distinct = _distinct(values, column)
    moments = _read_all(distinct, codes, column)
    freq = _common_frequency(moments, distinct, wanted, column)
    ordinals = np.array([_ordinal(moment, freq) for moment in moments], dtype=np.int64)
    return _from_ordinals(ordinals[codes], freq)


def parse_dates(values: Iterable[Any], *, column: str = "date") -> pd.DatetimeIndex:
    """Read days: ISO text, ``31.07.2021``, datetimes; times and zones are dropped.

    Parameters
    ----------
    values : iterable of length n
        Dates with a day.
    column : str
        Name used in messages.

    Returns
    -------
    DatetimeIndex of length n, without zone, at midnight

    Raises
    ------
    PeriodError
        F-401 missing, F-403 year out of range, F-405 day and month ambiguous,
        F-406 Excel day count, F-412 no date with a day.

    Examples
    --------
    >>> parse_dates(["2021-09-30", "2021-11-02 10:15"])[1]
    Timestamp('2021-11-02 00:00:00')
    """
    codes, distinct = _distinct(values, column)
    moments = _read_all(distinct, codes, column, times_allowed=True)
    other = [i for i, moment in enumerate(moments) if moment.kind != "D"]
    if other:
        raise PeriodError(
            f"{_rows(codes, other)} values in column {column!r} are no dates with a day",
            code="F-412",
            column=column,
            count=_rows(codes, other),
            examples=[repr(distinct[i]) for i in other],
            remedy="Write them as 2021-09-30.",
        )
    days = [dt.datetime(moment.year, moment.part, moment.day) for moment in moments]
    return pd.DatetimeIndex(np.array(days, dtype="datetime64[s]")[codes])


def parse_date(value: Any, *, column: str = "as_of") -> pd.Timestamp:
    """Read one day, as `parse_dates` does.

    Examples
    --------
    >>> parse_date("2021-09-30")
    Timestamp('2021-09-30 00:00:00')
    """
    return parse_dates([value], column=column)[0]


def frequency_of(index: pd.PeriodIndex) -> str:
    """Return "Y", "Q" or "M".

    Examples
    --------
    >>> frequency_of(pd.period_range("2020", "2021", freq="Y"))
    'Y'
    """
    letter = FREQUENCY_WORDS.get(str(index.freqstr).upper())
    if letter is None:
        raise PeriodError(
            f"frequency {index.freqstr!r} is not supported",
            code="F-407",
            remedy="Periods are calendar years, quarters or months.",
        )
    return letter


def periods_after(last: pd.Period, horizon: int | str | pd.Period) -> pd.PeriodIndex:
    """Return the periods that follow `last`: a number of them, or up to a period.

    Raises
    ------
    PeriodError
        F-421 when the horizon is no positive whole number, ends before it begins or
        is longer than 1,200 periods.

    Examples
    --------
    >>> periods_after(pd.Period("2021", freq="Y"), "2023").astype(str).to_list()
    ['2022', '2023']
    """
    if isinstance(horizon, (str, pd.Period)):
        target = parse_periods([horizon], column="horizon")
        if frequency_of(target) != FREQUENCY_WORDS[str(last.freqstr).upper()]:
            raise _horizon_error(
                horizon, f"Give it as a {_noun(last)}, such as {last + 1}."
            )
        steps = int(target[0].ordinal - last.ordinal)
    elif isinstance(horizon, numbers.Integral) and not isinstance(
        horizon, (bool, np.bool_)
    ):
        steps = int(horizon)
    else:
        raise _horizon_error(
            horizon, "Give a whole number of periods, or the last period."
        )
    if not 1 <= steps <= LONGEST_HORIZON:
        raise _horizon_error(
            horizon, f"It must lie 1 to {LONGEST_HORIZON:,} periods after {last}."
        )
    return pd.period_range(last + 1, periods=steps, freq=last.freq)


def _horizon_error(horizon: object, remedy: str) -> PeriodError:
    return PeriodError(
        f"horizon {horizon!r} is not possible",
        code="F-421",
        column="horizon",
        remedy=remedy,
    )


def _noun(period: pd.Period) -> str:
    return FREQUENCY_NOUNS[FREQUENCY_WORDS[str(period.freqstr).upper()]]


def _distinct(values: Iterable[Any], column: str) -> tuple[np.ndarray, list[Any]]:
    """Return codes of shape (n,) and the distinct labels, none missing."""
    series = (
        values if isinstance(values, (pd.Series, pd.Index)) else pd.Series(list(values))
    )
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    try:
        codes, labels = pd.factorize(series)
    except TypeError:
        raise _problem(
            "F-402", column, len(series), [repr(v) for v in series[:5]]
        ) from None
    distinct = list(labels)
    blank = [i for i, v in enumerate(distinct) if isinstance(v, str) and not v.strip()]
    missing = np.flatnonzero((codes < 0) | np.isin(codes, blank))
    if missing.size:
        rows = [f"row {label}" for label in pd.Series(series).index[missing[:5]]]
        raise _problem("F-401", column, missing.size, rows)
    return np.asarray(codes, dtype=np.intp), distinct


def _read_all(
    distinct: Sequence[Any],
    codes: np.ndarray,
    column: str,
    *,
    times_allowed: bool = False,
) -> list[Moment]:
    """Read each distinct label, or raise for the first kind of problem met."""
    day_first = day_comes_first(distinct)
    read = [
        read_label(value, day_first, times_allowed=times_allowed) for value in distinct
    ]
    for code in sorted({answer for answer in read if isinstance(answer, str)}):
        where = [i for i, answer in enumerate(read) if answer == code]
        raise _problem(
            code, column, _rows(codes, where), [repr(distinct[i]) for i in where]
        )
    moments = [answer for answer in read if isinstance(answer, Moment)]
    zoned = {v.tzinfo is not None for v in distinct if isinstance(v, dt.datetime)}
    if len(zoned) > 1 and not times_allowed:
        raise _problem("F-408", column, codes.size, [repr(v) for v in distinct])
    return moments


# ---------------------------------------------------------- from labels to periods


def _frequency_word(freq: str) -> str:
    letter = FREQUENCY_WORDS.get(str(freq).upper())
    if letter is None:
        raise PeriodError(
            f"frequency {freq!r} is not supported",
            code="F-407",
            remedy='Use freq="Y", "Q" or "M".',
        )
    return letter


def _common_frequency(
    moments: Sequence[Moment], distinct: Sequence[Any], wanted: str | None, column: str
) -> str:
    """Return the one frequency of all labels; dates follow the others or themselves."""
    kinds = {moment.kind for moment in moments} - {"D"}
    dates = [moment for moment in moments if moment.kind == "D"]
    found = kinds | ({wanted} if wanted else set())
    if dates and wanted is None:
        found.add(_frequency_of_dates(dates, column))
    if len(found) == 1:
        return found.pop()
    if not found:
        raise PeriodError(
            f"no periods in column {column!r}", code="F-401", column=column
        )
    names = sorted(found, key=list(FREQUENCIES).index)
    examples = {
        moment.kind: repr(value)
        for moment, value in zip(moments, distinct, strict=True)
    }
    raise PeriodError(
        f"column {column!r} mixes {' and '.join(FREQUENCY_NOUNS[n] + 's' for n in names)}"
        + (f" where freq={wanted!r} is asked for" if wanted else ""),
        code="F-404",
        column=column,
        count=len(found),
        examples=[examples[kind] for kind in sorted(examples)],
        remedy="Build one panel for each frequency; panel.aggregate('Y') adds months up.",
    )


def _frequency_of_dates(dates: Sequence[Moment], column: str) -> str:
    """Infer Y, Q or M from where in their months and years the dates stand."""
    stamps = pd.DatetimeIndex(
        np.array(
            [dt.datetime(d.year, d.part, d.day) for d in dates], dtype="datetime64[s]"
        )
    )
    starts, ends = bool(stamps.is_month_start.all()), bool(stamps.is_month_end.all())
    months = set(stamps.month)
    if (starts and months == {1}) or (ends and months == {12}):
        return "Y"
    if len(months) > 1 and (
        (starts and months <= {1, 4, 7, 10}) or (ends and months <= {3, 6, 9, 12})
    ):
        return "Q"
    one_a_month = not (stamps.year * 12 + stamps.month).has_duplicates
    if (starts or ends or len(set(stamps.day)) == 1) and one_a_month:
        return "M"
    raise PeriodError(
        f"the {len(dates):,} different dates in column {column!r} follow no calendar of "
        "years, quarters or months",
        code="F-409",
        column=column,
        count=len(dates),
        examples=[str(stamp.date()) for stamp in stamps[:5]],
        remedy='Say freq="M" if each date stands for its month; add daily figures up first.',
    )


def _ordinal(moment: Moment, freq: str) -> int:
    """Count periods from 1970, as pandas does."""
    years = moment.year - 1970
    if freq == "Y":
        return years
    if freq == "Q":
        quarter = (moment.part - 1) // 3 + 1 if moment.kind == "D" else moment.part
        return years * 4 + quarter - 1
    return years * 12 + moment.part - 1


def _from_ordinals(ordinals: np.ndarray, freq: str) -> pd.PeriodIndex:
    build: Any = pd.PeriodIndex  # the stubs do not know from_ordinals (pandas 2.2)
    return build.from_ordinals(ordinals, freq=freq)


def _rows(codes: np.ndarray, which: Sequence[int]) -> int:
    return int(np.isin(codes, which).sum())


def _problem(
    code: str, column: str, count: int, examples: Sequence[str]
) -> PeriodError:
    what, remedy = PROBLEMS[code]
    return PeriodError(
        f"{count:,} row{'s' * (count != 1)} of column {column!r} with {what}",
        code=code,
        column=column,
        count=int(count),
        examples=examples,
        remedy=remedy.format(column=column),
    )
