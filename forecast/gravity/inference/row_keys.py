"""Clusters and other columns of the sample's rows, named after the fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from forecast.errors import ColumnError, NumberError
from forecast.gravity.designs.factors import combine, factorise
from forecast.gravity.records import Codes, Factor, Floats, GroupCodes, Ints

__all__ = ["Listed", "Lookup", "Places", "RowKeys"]


class Lookup(Protocol):
    """What a recipe of standard errors asks of the table behind a fit."""

    def codes(self, name: str) -> Codes:
        """Levels of a column or of a combination ``a^b``, shape (n,)."""

    def shared(self, first: str, second: str) -> tuple[Codes, Codes]:
        """Two columns numbered by one list of levels, such as both ends of a flow."""

    def numbers(self, name: str) -> Floats:
        """A column of numbers, shape (n,)."""


class Places(Protocol):
    """Where the n rows of an estimate stand in a table, and what is known of them."""

    @property
    def positions(self) -> Ints:
        """Place of each row in the table, (n,)."""
        ...

    def factor(self, name: str) -> Factor | None:
        """A column as codes of the n rows, if these are known already."""
        ...

    def by_group(self, name: str) -> GroupCodes | None:
        """A column as codes of the estimate's groups, if it does not vary within them."""
        ...


@dataclass(frozen=True)
class Listed:
    """`Places` of which nothing else is known."""

    positions: Ints

    def factor(self, name: str) -> Factor | None:  # noqa: ARG002
        """See `Places`."""
        return None

    def by_group(self, name: str) -> GroupCodes | None:  # noqa: ARG002
        """See `Places`."""
        return None


@dataclass(frozen=True)
class RowKeys:
    """The columns of a table at the rows of an estimate.

    Attributes
    ----------
    frame : DataFrame
        The table.
    places : Places
        Where each row of the estimate stands in it.
    aliases : mapping of str to tuple of str
        Names for combinations: ``{"pair": ("exporter", "importer")}``. A column of the
        same name goes first.

    Examples
    --------
    >>> table = pd.DataFrame({"exporter": ["KZ", "RU", "KZ"], "importer": ["RU", "KZ", "RU"]})
    >>> keys = RowKeys(table, Listed(np.arange(3)), {"pair": ("exporter", "importer")})
    >>> keys.codes("pair").codes
    array([0, 1, 0], dtype=int32)
    """

    frame: pd.DataFrame = field(repr=False)
    places: Places = field(repr=False)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def positions(self) -> Ints:
        """Where each row of the estimate stands in the table, (n,)."""
        return self.places.positions

    def codes(self, name: str) -> Codes:
        """Levels of a column or of a combination ``a^b`` (or ``a:b``), shape (n,).

        Raises
        ------
        ColumnError
            F-111 if there is no such column, F-552 if it misses values.
        """
        columns = self._columns(name)
        by_group = self._by_group(columns)
        if by_group is not None:
            return by_group
        return combine([self._factor(column) for column in columns])

    def shared(self, first: str, second: str) -> tuple[Codes, Codes]:
        """Two columns numbered by one sorted list of levels; errors as in `codes`."""
        one, other = self._factor(first), self._factor(second)
        if one.levels.equals(other.levels):
            levels = one.levels
        elif is_numeric_dtype(one.levels.dtype) != is_numeric_dtype(other.levels.dtype):
            n_one = len(one.levels)  # text and numbers have nothing in common
            count = n_one + len(other.levels)
            return Codes(one.codes, count), Codes(other.codes + n_one, count)
        else:
            levels = one.levels.union(other.levels)
        parts = [
            Codes(levels.get_indexer(f.levels)[f.codes].astype(np.int32), len(levels))
            for f in (one, other)
        ]
        return parts[0], parts[1]

    def numbers(self, name: str) -> Floats:
        """A column of numbers, shape (n,).

        Raises
        ------
        ColumnError
            F-111 if there is no such column.
        NumberError
            F-201 if some values are no finite numbers.
        """
        values = pd.to_numeric(self._column(name), errors="coerce").to_numpy(float)
        wrong = ~np.isfinite(values)
        if wrong.any():
            raise NumberError(
                f"{int(wrong.sum()):,} values of column {name!r} are no numbers",
                code="F-201",
                column=name,
                count=int(wrong.sum()),
                examples=self._column(name)[wrong].head().map(repr),
                remedy="Fill them in, or leave these rows out before fitting.",
            )
        return values

    def _columns(self, name: str) -> list[str]:
        parts = [name] if name in self.frame else re.split(r"\s*[\^:]\s*", name.strip())
        columns: list[str] = []
        for part in parts:
            known = part in self.frame.columns
            columns += [part] if known else self.aliases.get(part, (part,))
        return list(dict.fromkeys(columns))

    def _column(self, name: str) -> pd.Series:
        if name not in self.frame.columns:
            raise ColumnError.missing([name], [*self.frame.columns, *self.aliases])
        return self.frame[name].iloc[self.positions]

    def _by_group(self, columns: list[str]) -> GroupCodes | None:
        """Levels of a combination by group of rows, if none of its columns varies there."""
        parts: list[GroupCodes] = []
        for column in columns:
            part = self.places.by_group(column)
            if part is None:
                return None
            parts.append(part)
        combined = combine([Codes(part.of_groups, part.count) for part in parts])
        return GroupCodes(combined.codes, combined.count, parts[0].view)

    def _factor(self, name: str) -> Factor:
        factor = self._known_or_read(name)
        absent = factor.codes < 0
        if absent.any():
            raise ColumnError(
                f"{int(absent.sum()):,} rows of the sample have no value in {name!r}",
                code="F-552",
                column=name,
                count=int(absent.sum()),
                examples=[f"row {row}" for row in self.positions[absent][:5]],
                remedy="Every row belongs to a cluster: fill them in, or leave these "
                "rows out before fitting.",
            )
        return factor

    def _known_or_read(self, name: str) -> Factor:
        known = self.places.factor(name)
        if known is not None:
            return known
        kind = getattr(self.frame.get(name), "dtype", None)
        if isinstance(kind, np.dtype) and kind.kind in "iu":
            # Whole columns are read in their order, and codes are half as wide.
            whole = factorise(self.frame[name])
            return Factor(name, whole.codes[self.positions], whole.levels)
        return factorise(self._column(name))
