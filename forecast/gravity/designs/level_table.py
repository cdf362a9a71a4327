"""The levels of several effects side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.gravity.designs.factors import combine
from forecast.gravity.records import Effect, Factor, Floats, Ints
from forecast.kernels.threads import run_blocks

__all__ = ["LevelTable", "level_table"]

FEW = 4096  # numbers of so many levels may have gaps
ROWS_AT_A_TIME = 1 << 17  # that stay in the caches


@dataclass(frozen=True)
class LevelTable:
    """Rows by their levels; levels are numbered through all effects, 0 to L - 1.

    Attributes
    ----------
    effects : tuple of Effect
    codes : tuple of int32 arrays of shape (n,)
        Level of each row within each effect; not all levels need to occur.
    first : int32 array of shape (F + 1,)
        Number of the first level of each effect; the last entry is L.
    parts : tuple of mapping of str to int array
        For each effect and each of its factors the code of every level.
    """

    effects: tuple[Effect, ...]
    codes: tuple[Ints, ...]
    first: Ints
    parts: tuple[Mapping[str, Ints], ...]

    @property
    def size(self) -> int:
        """How many levels there are in all, L."""
        return int(self.first[-1])

    def part(self, values: Any, effect: int) -> Any:
        """Cut an array (L,) down to the levels of one effect."""
        return values[self.first[effect] : self.first[effect + 1]]

    def sums(self, values: Floats, n: int) -> Floats:
        """Add up the values (L,) of each row's levels, (n,)."""
        total = np.zeros(n)
        for f, codes in enumerate(self.codes):
            total += self.part(values, f)[codes]
        return total

    def sums_at(self, values: Floats, rows: Ints) -> Floats:
        """Add up the values (L,) of the levels of some rows, (r,)."""
        n = self.codes[0].size if self.codes else rows.size
        if 2 * rows.size > n:  # all rows in their order are quicker than most of them
            return self.sums(values, n)[rows]
        return self.take(rows).sums(values, rows.size)

    def rows(self, rows: Ints) -> Ints:
        """Numbers of the levels of some rows, int32 of shape (r, F)."""
        numbers = np.empty((rows.size, len(self.codes)), np.int32)
        for f, code in enumerate(self.codes):
            np.add(code[rows], self.first[f], out=numbers[:, f])
        return numbers

    def take(self, rows: Ints) -> LevelTable:
        """Return the table of some rows, levels numbered as before."""
        codes = tuple(_read_only(code[rows]) for code in self.codes)
        return LevelTable(self.effects, codes, self.first, self.parts)


def level_table(effects: Sequence[Effect], factors: Mapping[str, Factor]) -> LevelTable:
    """Number the levels of each effect by arithmetic, or densely where they are sparse.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast.gravity.designs.factors import factorise
    >>> factors = {"i": factorise(pd.Series([7, 9, 9], name="i")),
    ...     "t": factorise(pd.Series([1, 1, 2], name="t"))}
    >>> table = level_table([Effect(("i", "t")), Effect(("t",))], factors)
    >>> table.codes, table.first
    ((array([0, 2, 3], dtype=int32), array([0, 0, 1], dtype=int32)), array([0, 4, 6], dtype=int32))
    """
    made_of = [[factors[name] for name in effect.factors] for effect in effects]
    pairs = [_numbered(part) for part in made_of]
    sizes = [_size(part) for _, part in pairs]
    return LevelTable(
        effects=tuple(effects),
        codes=tuple(_read_only(codes) for codes, _ in pairs),
        first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        parts=tuple(part for _, part in pairs),
    )


def _read_only(codes: Ints) -> Ints:
    """Return a view of one kind, since kernels take the effects as a uniform tuple."""
    view = np.ascontiguousarray(codes, dtype=np.int32).view()
    view.setflags(write=False)
    return view


def _size(part: Mapping[str, Ints]) -> int:
    return len(next(iter(part.values())))


def _numbered(factors: Sequence[Factor]) -> tuple[Ints, dict[str, Ints]]:
    """Number the levels of one effect and say what each is made of."""
    counts = [len(factor.levels) for factor in factors]
    n = factors[0].codes.size
    if len(factors) == 1:
        return factors[0].codes, {factors[0].name: np.arange(counts[0])}
    cells = 1
    for count in counts:
        cells *= count
    if cells > max(FEW, n // 4):
        combined = combine(factors)
        where = np.zeros(combined.count, np.int64)
        where[combined.codes] = np.arange(n)
        return combined.codes, {f.name: f.codes[where] for f in factors}
    codes = np.empty(n, np.int32)

    def number(block: int) -> None:
        part = slice(block * ROWS_AT_A_TIME, (block + 1) * ROWS_AT_A_TIME)
        own = codes[part]
        np.multiply(factors[0].codes[part], np.int32(counts[1]), out=own)
        own += factors[1].codes[part]
        for factor, count in zip(factors[2:], counts[2:], strict=True):
            own *= np.int32(count)
            own += factor.codes[part]

    run_blocks(number, -(-n // ROWS_AT_A_TIME))
    made_of = np.unravel_index(np.arange(cells), counts)
    return codes, {f.name: part for f, part in zip(factors, made_of, strict=True)}
