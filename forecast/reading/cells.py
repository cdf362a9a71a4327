"""A column as its distinct cells and their places, so that each is judged once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Cells"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one column.

    Attributes
    ----------
    distinct : list of d cells
        In the order in which they first appear; 1, 1.0 and True are different.
    codes : int array of shape (n,)
        Place of each cell in `distinct`.
    """

    distinct: list[object]
    codes: Ints

    @classmethod
    def of(cls, cells: Sequence[object]) -> Self:
        """Find the distinct cells.

        Examples
        --------
        >>> Cells.of(["b", "a", "b"]).codes.tolist()
        [0, 1, 0]
        """
        if set(map(type, cells)) == {str}:
            codes, uniques = pd.factorize(np.array(cells, dtype=object))
            return cls(uniques.tolist(), codes)
        places: dict[tuple[type, object], int] = {}
        try:
            found = [places.setdefault((type(c), c), len(places)) for c in cells]
        except TypeError:  # lists and the like, which no dictionary takes
            return cls(list(cells), np.arange(len(cells)))
        return cls([cell for _, cell in places], np.array(found, dtype=np.intp))

    @property
    def counts(self) -> Ints:
        """How often each distinct cell stands in the column; shape (d,)."""
        return np.bincount(self.codes, minlength=len(self.distinct))
