"""Dated figures as officials publish them: year-to-date totals, growth rates, full years.

Statistics of a pair of countries often reach the public only as sentences: "in seven
months trade reached 14 billion dollars, 34 per cent up". `Releases` keeps such
figures with what a number needs to be trusted: the period, the reporter, the day
on which it became known, the relation ("more than 20"), the source. Figures of
different reporters are different series and are never chained or added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from forecast.errors import (
    ColumnError,
    NumberError,
    PeriodError,
    ReporterError,
    TableError,
)
from forecast.periods import parse_dates, parse_periods

__all__ = ["Releases", "year_of"]

REQUIRED = ("period_start", "period_end", "value", "reporter", "released")
OPTIONAL = {
    "growth": np.nan,
    "relation": "equal",
    "kind": "reported",
    "who": "",
    "quality": "",
    "source": "",
}
ORDER = [
    "reporter",
    "period_start",
    "period_end",
    "released",
    "value",
    "growth",
    "source",
]
RELATIONS = ("equal", "about", "almost", "more than", "at least", "up to")
LARGEST_GROWTH = 5.0


@dataclass(frozen=True)
class Releases:
    """Dated figures of one flow or turnover, by reporter.

    Build it with `Releases.from_frame`; it is checked once, there, and never changes.

    Attributes
    ----------
    table : DataFrame
        One row a figure, in canonical order: ``period_start``, ``period_end``,
        ``value`` (in `measure`; NaN where only growth was said), ``growth`` (year on
        year, a fraction), ``reporter``, ``released``, ``relation``, ``kind``, ``who``,
        ``quality``, ``source``. Treat it as read-only, `to_frame` gives a copy.
    measure : str
        Unit of the values, for example ``"million USD"``.

    Examples
    --------
    >>> figures = Releases.from_frame(
    ...     pd.DataFrame(
    ...         {
    ...             "period_start": "2021-01-01",
    ...             "period_end": ["2021-06-30", "2021-07-31"],
    ...             "value": [None, 14_000],
    ...             "growth": [0.27, 0.34],
    ...             "reporter": ["Kazakhstan", "Russia"],
    ...             "released": ["2021-08-18", "2021-09-30"],
    ...         }
    ...     ),
    ...     measure="million USD",
    ... )
    >>> figures
    Releases: 2 figures in million USD by Kazakhstan and Russia, released 2021-08-18 to 2021-09-30
    >>> figures.as_of("2021-09-01").reporters
    ('Kazakhstan',)
    """

    table: pd.DataFrame = field(repr=False)
    measure: str

    @classmethod
    def from_frame(
        cls, df: pd.DataFrame, *, measure: str, columns: Mapping[str, str] | None = None
    ) -> Self:
        """Check a frame of figures and put it in canonical order.

        Parameters
        ----------
        df : DataFrame
            Columns ``period_start, period_end, value, reporter, released`` and, where
            known, ``growth, relation, kind, who, quality, source``. Not changed.
        measure : str
            Unit of the values.
        columns : mapping, optional
            Names used here to names in `df`, for example ``{"value": "usd_bn"}``.

        Raises
        ------
        ColumnError
            A required column is missing (F-111).
        TableError
            No rows (F-101).
        NumberError
            A value that is not positive or infinite (F-250), a growth that looks like
            per cent rather than a fraction (F-251), a row with neither (F-252), an
            unknown relation (F-253), text where numbers are expected (F-254).
        ReporterError
            A row that does not say whose figure it is (F-353).
        PeriodError
            A period that ends before it starts (F-450) or a figure released before
            its period was over (F-451).
        """
        table = _renamed(df, columns or {})
        for name in ("period_start", "period_end", "released"):
            table[name] = parse_dates(table[name], column=name)
        for name in ("value", "growth"):
            table[name] = _numbers(table[name])
        _refuse_impossible(table)
        table["reporter"] = table["reporter"].astype(str)
        table = table.sort_values(ORDER, kind="stable", na_position="last")
        return cls(table.reset_index(drop=True), measure)

    @property
    def reporters(self) -> tuple[str, ...]:
        """Who reports, in alphabetical order."""
        return tuple(sorted(self.table["reporter"].unique()))

    @property
    def only_reporter(self) -> str:
        """Name the reporter, if there is just one.

        Raises
        ------
        ReporterError
            Several reporters (F-351): their figures are different series.
        """
        if len(self.reporters) != 1:
            raise ReporterError(
                f"figures of {len(self.reporters)} reporters would be taken for one series",
                code="F-351",
                column="reporter",
                count=len(self.reporters),
                examples=self.reporters,
                remedy="Choose one with reporter=...; figures of two sides are never chained.",
            )
        return self.reporters[0]

    def as_of(self, date: object) -> Self:
        """Only what had been released on or before `date`."""
        day = parse_dates([date], column="as_of")[0]
        return self._where(self.table["released"] <= day)

    def for_reporter(self, reporter: str) -> Self:
        """Only the figures of one reporter.

        Raises
        ------
        ReporterError
            No figure of that reporter (F-352).
        """
        if reporter not in self.reporters:
            raise ReporterError(
                f"no figure of reporter {reporter!r}",
                code="F-352",
                column="reporter",
                remedy=f"There are figures of {list(self.reporters)}.",
            )
        return self._where(self.table["reporter"] == reporter)

    def speaking_of(self, year: int) -> Self:
        """All figures of the one reporter that speaks of a part of `year`.

        Raises
        ------
        ReporterError
            Several reporters do (F-351); choose one first with `for_reporter`.
        """
        speaking = self.part_years(year)["reporter"].unique()
        chosen = self._where(self.table["reporter"].isin(speaking))
        if len(chosen):
            chosen.only_reporter  # noqa: B018 - raises where reporters would be mixed
        return chosen

    def part_years(self, year: int) -> pd.DataFrame:
        """Figures from January to some month of `year` before December, by month.

        Returns
        -------
        DataFrame
            Rows of `table` with the number of ``months`` covered, fewest months first,
            then in order of release.
        """
        months = self._months_from_january(year_of(year))
        part = self.table.assign(months=months)[(months > 0) & (months < 12)]
        return part.sort_values(["months", "released"], kind="stable")

    def yearly(self) -> pd.Series:
        """Full-year totals of the only reporter, by year; the latest release counts.

        Returns
        -------
        Series
            Float, index ``year``. Reported figures go before derived ones.
        """
        if self.table.empty:
            return pd.Series(dtype=float, name="value")
        self.only_reporter  # noqa: B018 - raises where reporters would be mixed
        table = self.table.assign(year=self.table["period_start"].dt.year)
        whole = (table["period_start"].dt.day_of_year == 1) & (
            table["period_end"] == pd.to_datetime(table["year"].astype(str) + "-12-31")
        )
        table = table[whole & table["value"].notna()]
        table = table.assign(reported=table["kind"] == "reported")
        table = table.sort_values(["year", "reported", "released"], kind="stable")
        return table.groupby("year")["value"].last()

    def to_frame(self) -> pd.DataFrame:
        """Copy of the table."""
        return self.table.copy()

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        if self.table.empty:
            return f"Releases: no figures, in {self.measure}"
        first, last = self.table["released"].min(), self.table["released"].max()
        many = len(self.table)
        return (
            f"Releases: {many} figure{'s' * (many > 1)} in {self.measure} by "
            f"{_and(self.reporters)}, released {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )

    def _where(self, keep: pd.Series) -> Self:
        return type(self)(self.table[keep].reset_index(drop=True), self.measure)

    def _months_from_january(self, year: int) -> pd.Series:
        """Months covered by figures that start on 1 January of `year`; 0 for the others."""
        start, end = self.table["period_start"], self.table["period_end"]
        whole_months = end.dt.is_month_end & (start == pd.Timestamp(year, 1, 1))
        return end.dt.month.where(whole_months & (end.dt.year == year), 0).astype(int)


def year_of(year: Any) -> int:
    """Read one calendar year: 2021, 2021.0, "2021" or a Period.

    Raises
    ------
    PeriodError
        F-400 to F-411 where it is no year.

    Examples
    --------
    >>> year_of("2021")
    2021
    """
    return int(parse_periods([year], freq="Y", column="year")[0].year)


def _numbers(column: pd.Series) -> pd.Series:
    """Numbers and empty cells; text that is no number is named, not guessed."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    _refuse(
        column.to_frame(),
        numbers.isna() & column.notna(),
        NumberError("text that is no number", code="F-254", column=str(column.name)),
        "Write plain numbers, or convert text such as '14 000,5' with parse_numbers.",
    )
    return numbers


def _renamed(df: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    names = {name: columns.get(name, name) for name in (*REQUIRED, *OPTIONAL)}
    missing = [names[name] for name in REQUIRED if names[name] not in df.columns]
    if missing:
        raise ColumnError.missing(missing, df.columns)
    if df.empty:
        raise TableError(
            "a table of releases without rows",
            code="F-101",
            remedy="Give at least one figure.",
        )
    table = pd.DataFrame(index=range(len(df)))
    for name in REQUIRED:
        table[name] = df[names[name]].to_numpy()
    for name, default in OPTIONAL.items():
        given = names[name] in df.columns
        table[name] = df[names[name]].to_numpy() if given else np.full(len(df), default)
        if isinstance(default, str):
            table[name] = table[name].astype(object).where(table[name].notna(), default)
    return table


def _refuse_impossible(table: pd.DataFrame) -> None:
    value, growth = table["value"], table["growth"]
    _refuse(
        table,
        table["reporter"].isna(),
        ReporterError("a figure of nobody", code="F-353", column="reporter"),
        "Say whose statistics each figure is; 'unspecified' is an answer, too.",
    )
    _refuse(
        table,
        (value <= 0) | np.isinf(value),
        NumberError(
            "a value that is not positive and finite", code="F-250", column="value"
        ),
        "Totals of trade are positive; leave the cell empty where nothing was said.",
    )
    _refuse(
        table,
        (growth <= -1) | (growth > LARGEST_GROWTH),
        NumberError(
            "a growth that cannot be a fraction", code="F-251", column="growth"
        ),
        "Growth is a fraction here: 34 per cent is 0.34.",
    )
    _refuse(
        table,
        value.isna() & growth.isna(),
        NumberError(
            "a row with neither value nor growth", code="F-252", column="value"
        ),
        "Drop rows that state no figure.",
    )
    _refuse(
        table,
        table["period_end"] < table["period_start"],
        PeriodError(
            "a period that ends before it starts", code="F-450", column="period_end"
        ),
        "Swap or correct the two dates.",
    )
    _refuse(
        table,
        table["released"] < table["period_end"],
        PeriodError(
            "a figure released before its period was over",
            code="F-451",
            column="released",
        ),
        "A statement about the future is a forecast, not a release.",
    )
    _refuse(
        table,
        ~table["relation"].isin(RELATIONS),
        NumberError("an unknown relation", code="F-253", column="relation"),
        f"Use one of {list(RELATIONS)}.",
    )


def _refuse(
    table: pd.DataFrame,
    bad: pd.Series,
    problem: NumberError | PeriodError | ReporterError,
    remedy: str,
) -> None:
    if not bad.any():
        return
    rows = table.index[bad][:5]
    column = problem.column or ""
    raise type(problem)(
        f"{problem.problem} in column {column!r} ({int(bad.sum())} rows)",
        code=problem.code,
        column=column,
        count=int(bad.sum()),
        examples=[
            f"row {row}: {value!s}" for row, value in table.loc[rows, column].items()
        ],
        remedy=remedy,
    )


def _and(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
