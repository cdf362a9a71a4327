"""Rows left out of an estimation, and why."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.designs.columns import Bools, Columns
from forecast.gravity.records import Ints

__all__ = ["Omitted"]


class Omitted:
    """Rows of a table left out so far, each with its first reason.

    Attributes
    ----------
    out : bool array of shape (n,)
    remaining : int
        Number of rows that are not out.
    """

    def __init__(self, n: int) -> None:
        self.out = np.zeros(n, np.bool_)
        self.remaining = n
        self.found: list[tuple[Ints, str]] = []

    def add(self, mask: Bools, reason: str) -> None:
        """Leave out the rows where `mask` (n,) holds, but for those already out."""
        fresh = np.flatnonzero(mask & ~self.out)
        if fresh.size:
            self.out[fresh] = True
            self.remaining -= fresh.size
            self.found.append((fresh, reason))

    def add_missing(self, columns: Columns, order: Sequence[str]) -> None:
        """Leave out the rows in which one of these columns is missing."""
        for name in dict.fromkeys(order):
            if name in columns.missing:
                self.add(columns.missing[name], f"{name} is missing")

    def complete(self) -> Ints | None:
        """Return the positions of the rows that remain; None if all do."""
        if not self.found:
            return None
        if self.remaining:
            return np.flatnonzero(~self.out)
        raise ModelError(
            "no row is complete",
            code="F-583",
            count=self.out.size,
            examples=[f"{rows.size:,} rows: {reason}" for rows, reason in self.found],
            remedy="Fill these columns, or leave them out of the formula.",
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per row left out, in the order of the input."""
        positions = [rows for rows, _ in self.found]
        reasons = [np.full(rows.size, reason, object) for rows, reason in self.found]
        if not positions:
            return nothing().copy()
        table = pd.DataFrame(
            {"position": np.concatenate(positions), "reason": np.concatenate(reasons)}
        )
        return table.sort_values("position", ignore_index=True)


@functools.cache
def nothing() -> pd.DataFrame:
    """The account of a complete table; it is made once, since pandas takes its time."""
    return pd.DataFrame({"position": np.empty(0, np.int64), "reason": []})
