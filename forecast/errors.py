"""Errors that say what is wrong, where, how often, and what to do about it.

Every error that the library raises on purpose is a `ForecastError`. Its text has
up to four parts, always in this order: a stable code, the problem, examples and
a remedy::

    F-206: 3 negative values in column 'trade', e.g. row 4: -1.0; row 17: -2.5.
    Flows are never negative; drop or correct these rows, or pass ...

The codes are listed in ``docs/errors.md``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Self

__all__ = [
    "ClaimError",
    "ColumnError",
    "FileError",
    "ForecastError",
    "ForecastWarning",
    "KeyColumnError",
    "MissingPackageError",
    "ModelError",
    "NumberError",
    "PeriodError",
    "ReporterError",
    "StudyError",
    "TableError",
]

EXAMPLES_SHOWN = 5


class ForecastWarning(UserWarning):
    """What the library repaired or could not check; never a wrong number."""


class ForecastError(Exception):
    """Base of all errors that this library raises on purpose.

    Parameters
    ----------
    problem : str
        One clause without a final full stop.
    code : str
        Stable code ``F-xyz``; ``docs/errors.md`` explains each.
    column : str, optional
        The column concerned; kept as an attribute, name it in `problem` too.
    count : int, optional
        How many rows or values are concerned.
    examples : iterable, optional
        Offending values or rows; at most five are shown.
    remedy : str, optional
        One or two whole sentences: what the caller can do.

    Examples
    --------
    >>> print(ForecastError("2 negative values in column 'trade'", code="F-206",
    ...     examples=["row 4: -1.0", "row 17: -2.5"], remedy="Correct them."))
    F-206: 2 negative values in column 'trade', e.g. row 4: -1.0; row 17: -2.5. Correct them.
    """

    code = "F-000"

    def __init__(
        self,
        problem: str,
        *,
        code: str | None = None,
        column: str | None = None,
        count: int | None = None,
        examples: Iterable[Any] = (),
        remedy: str = "",
    ) -> None:
        self.code = code or type(self).code
        self.problem = problem
        self.column = column
        self.count = count
        self.examples = tuple(str(e) for e in list(examples)[:EXAMPLES_SHOWN])
        self.remedy = remedy
        shown = f", e.g. {'; '.join(self.examples)}" if self.examples else ""
        sentence = f"{self.code}: {problem}{shown}".rstrip(".")
        super().__init__(f"{sentence}. {remedy}".rstrip())


class TableError(ForecastError, ValueError):
    """The shape of a table: empty, one column twice, duplicate keys (F-1xx)."""

    code = "F-100"


class ColumnError(TableError):
    """A column that is not there, or is there twice (F-11x)."""

    code = "F-110"

    @classmethod
    def missing(cls, wanted: Sequence[str], present: Iterable[object]) -> Self:
        """Name the columns that are not there and guess what was meant."""
        names = [str(name) for name in present]
        guesses = [
            match
            for name in wanted
            for match in difflib.get_close_matches(name, names, n=1)
        ]
        meant = f" Did you mean {guesses}?" if guesses else ""
        return cls(
            f"no column {list(wanted)} in the table",
            code="F-111",
            column=str(wanted[0]) if wanted else None,
            count=len(wanted),
            remedy=f"It has {names[:20]}.{meant}",
        )


class NumberError(ForecastError, ValueError):
    """Values that are no numbers, or no possible ones (F-2xx)."""

    code = "F-200"


class KeyColumnError(ForecastError, ValueError):
    """Codes of regions, pairs, sectors (F-3xx)."""

    code = "F-300"


class ReporterError(KeyColumnError):
    """Figures of different reporters would be added or chained (F-35x)."""

    code = "F-350"


class PeriodError(ForecastError, ValueError):
    """Dates, periods, frequencies, as-of dates (F-4xx)."""

    code = "F-400"


class ModelError(ForecastError, ValueError):
    """A model that cannot be fitted or cannot forecast (F-5xx)."""

    code = "F-500"


class FileError(ForecastError, OSError):
    """Files that cannot be read or written (F-6xx)."""

    code = "F-600"


class StudyError(ForecastError, ValueError):
    """A study file with a wrong key or value (F-7xx)."""

    code = "F-700"


class ClaimError(ForecastError, ValueError):
    """A claim that is not well posed (F-8xx)."""

    code = "F-800"


class MissingPackageError(ForecastError, ImportError):
    """An optional package that this call needs (F-900)."""

    code = "F-900"

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> Self:
        """Say which extra brings `package`."""
        return cls(
            f"{purpose} needs the package {package!r}",
            remedy=f'Install it with: pip install "turnover-forecast[{extra}]"',
        )
