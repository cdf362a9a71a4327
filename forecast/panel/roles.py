"""Which column of a caller's table plays which part."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.errors import ColumnError, NumberError, TableError
from forecast.panel.number_columns import NUMERIC_KINDS, number_column

__all__ = ["Roles", "assign_roles", "check_table", "is_numeric", "measure_of"]


@dataclass(frozen=True, slots=True)
class Roles:
    """Column names by part; None where the table has no such column.

    Attributes
    ----------
    keys : tuple of str
        Columns that tell the units apart: origin and destination, then sector, then
        reporter if there are several; or the key columns of series that are no pairs.
    period, flow : str
    origin, destination, sector, reporter : str or None
    as_of : str or None
        Release date of each row.
    covariates : tuple of str
        Numeric columns beside the flow.
    labels : tuple of str
        Other columns, carried along.
    """

    keys: tuple[str, ...]
    period: str
    flow: str
    origin: str | None = None
    destination: str | None = None
    sector: str | None = None
    reporter: str | None = None
    as_of: str | None = None
    covariates: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns that no computation may replace: keys, reporter, period, release."""
        extra = (self.reporter, self.period, self.as_of)
        return self.keys + tuple(c for c in extra if c and c not in self.keys)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in canonical order."""
        return (*self.identity, self.flow, *self.covariates, *self.labels)

    @property
    def is_directed(self) -> bool:
        """Whether a unit goes from an origin to a destination."""
        return self.origin is not None and self.destination is not None

    def settled(self, frame: pd.DataFrame) -> Roles:
        """Count the reporter among the keys only while there are several."""
        if self.reporter is None:
            return self
        keys = tuple(key for key in self.keys if key != self.reporter)
        if len(frame[self.reporter].unique()) > 1:
            keys = (*keys, self.reporter)
        return dataclasses.replace(self, keys=keys)


def check_table(df: Any) -> pd.DataFrame:
    """Refuse what is no plain table with rows and text column names.

    Raises
    ------
    TableError
        F-101 no rows, F-102 no DataFrame, F-103 column names in levels.
    ColumnError
        F-112 one name twice, F-114 names that are no text.
    """
    if not isinstance(df, pd.DataFrame):
        raise TableError(
            f"a pandas DataFrame is needed, not {type(df).__name__}",
            code="F-102",
            remedy="Build one first, e.g. pandas.DataFrame(records).",
        )
    if isinstance(df.columns, pd.MultiIndex):
        raise TableError(
            f"the column names have {df.columns.nlevels} levels",
            code="F-103",
            examples=[repr(name) for name in df.columns[:5]],
            remedy="Flatten them: df.columns = ['_'.join(map(str, c)) for c in df.columns].",
        )
    _check_names(df.columns)
    if df.shape[0] == 0:
        raise TableError(
            "the table has no rows",
            code="F-101",
            count=0,
            remedy=f"Its columns are {list(df.columns)[:20]}; check the file or the filter.",
        )
    return df


def _check_names(names: pd.Index) -> None:
    repeated = list(dict.fromkeys(names[names.duplicated()]))
    if repeated:
        raise ColumnError(
            "column names occur more than once",
            code="F-112",
            column=str(repeated[0]),
            count=len(repeated),
            examples=[repr(name) for name in repeated],
            remedy="Rename or drop one of each.",
        )
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise ColumnError(
            "column names are no text",
            code="F-114",
            count=len(odd),
            examples=[repr(name) for name in odd],
            remedy="Use df.rename(columns=str). Periods side by side? df.melt(...) first.",
        )


def assign_roles(
    df: pd.DataFrame,
    *,
    keys: Sequence[str] | None,
    origin: str | None,
    destination: str | None,
    period: str,
    flow: str,
    sector: str | None,
    reporter: str | None,
    as_of: str | None,
    covariates: Sequence[str] | None,
    unused: str | None = None,
) -> Roles:
    """Decide which column plays which part.

    Raises
    ------
    ColumnError
        F-111 a column that is not there.
    TableError
        F-106 neither a pair nor key columns, both, or one column in two parts.
    """
    ends = _key_columns(keys, origin, destination)
    reporter = _reporter_column(df, reporter)
    named = [*ends, sector, reporter, period, as_of, flow]
    parts = [name for name in named if name is not None]
    _refuse_missing_columns(df, [*parts, *(covariates or ())])
    twice = [name for name in dict.fromkeys(parts) if parts.count(name) > 1]
    twice += [name for name in covariates or () if name in parts]
    if twice:
        raise TableError(
            f"column {twice[0]!r} is given two parts",
            code="F-106",
            column=twice[0],
            count=len(twice),
            remedy="Give each part a column of its own.",
        )
    rest = [name for name in sorted(df.columns) if name not in {*parts, unused}]
    others = list(dict.fromkeys(covariates)) if covariates is not None else rest
    numeric = [name for name in others if is_numeric(df[name])]
    if covariates is not None:
        _refuse_numbers_as_text(df, [name for name in others if name not in numeric])
    return Roles(
        keys=(*ends, *(name for name in (sector, reporter) if name)),
        period=period,
        flow=flow,
        origin=origin,
        destination=destination,
        sector=sector,
        reporter=reporter,
        as_of=as_of,
        covariates=tuple(numeric),
        labels=tuple(name for name in others if name not in numeric),
    )


def _key_columns(
    keys: Sequence[str] | None, origin: str | None, destination: str | None
) -> tuple[str, ...]:
    if keys is not None and origin is None and destination is None and len(keys) > 0:
        return tuple(keys)
    if keys is None and origin is not None and destination is not None:
        return (origin, destination)
    raise TableError(
        "a panel needs either origin= and destination=, or the key columns of its series",
        code="F-106",
        remedy='Name both ends of the flow, or give unit=["region"] with measure="million USD".',
    )


def _reporter_column(df: pd.DataFrame, reporter: str | None) -> str | None:
    """Tell a column from the constant name of a reporter; a near miss is a typo."""
    if reporter is None or reporter in df.columns:
        return reporter
    if difflib.get_close_matches(reporter, list(df.columns), n=1, cutoff=0.8):
        raise ColumnError.missing([reporter], df.columns)
    return None


def _refuse_missing_columns(df: pd.DataFrame, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in df.columns]
    if not missing:
        return
    error = ColumnError.missing(missing, df.columns)
    indexed = [name for name in missing if name in df.index.names]
    years = [name for name in df.columns if name.isdigit() and len(name) == 4]
    if indexed:
        hint = f" {indexed} stands in the index: use df.reset_index()."
    elif len(years) > 1:
        hint = (
            f" Years side by side ({years[0]}, {years[1]}, …)? Use df.melt(...) first."
        )
    else:
        raise error
    raise ColumnError(
        error.problem,
        code=error.code,
        column=error.column,
        count=error.count,
        remedy=error.remedy + hint,
    )


def is_numeric(values: pd.Series) -> bool:
    """Tell a covariate from a label, and refuse what is half of each."""
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind in {"mixed", "mixed-integer", "complex"}:
        number_column(values, str(values.name))  # raises
    return kind in NUMERIC_KINDS


def _refuse_numbers_as_text(df: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse covariates asked for by name that hold numbers written as text."""
    for name in names:
        if pd.api.types.infer_dtype(df[name], skipna=True) != "string":
            continue
        sample = df[name].dropna().drop_duplicates().head(50)
        if sample.str.contains(r"^[\s\d.,\u00a0\u202f+-]*\d$", regex=True).mean() > 0.5:
            number_column(df[name], name)  # raises


def measure_of(df: pd.DataFrame, measure: str | None) -> tuple[str, str | None]:
    """Return the unit of measurement and the column it was read from, if any.

    Raises
    ------
    NumberError
        F-209 when the column holds several units.
    """
    if measure is None or measure not in df.columns or is_numeric(df[measure]):
        return measure or "", None  # a flow column may well be called "USD"
    units = sorted({str(value) for value in df[measure].dropna()})
    if len(units) == 1:
        return units[0], measure
    raise NumberError(
        f"{len(units)} units of measurement in column {measure!r}",
        code="F-209",
        column=measure,
        count=len(units),
        examples=units,
        remedy="Convert the flows to one unit first; never add dollars to roubles.",
    )
