"""`Focus`: the pairs that a report shows first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.studies.values import WrongValueError, some_pairs

__all__ = ["Focus", "read_focus"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Focus:
    """Pairs that a report shows first: all pairs of a code, or pairs by name.

    Attributes
    ----------
    code : str
        All pairs in which it takes part; empty: none.
    pairs : tuple of (str, str)
        In both directions.

    Examples
    --------
    >>> Focus("KAZ").rows(["KAZ", "CHN"], ["TUR", "TUR"]).tolist()
    [True, False]
    """

    code: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def is_set(self) -> bool:
        """Whether the study has a focus."""
        return bool(self.code or self.pairs)

    def rows(self, origins: Iterable[Any], destinations: Iterable[Any]) -> Bools:
        """Tell which flows are in focus, bool array of shape (n,)."""
        ends = list(zip(map(str, origins), map(str, destinations), strict=True))
        wanted = {frozenset(pair) for pair in self.pairs}
        return np.array(
            [self.code in pair or frozenset(pair) in wanted for pair in ends],
            dtype=bool,
        )

    def __str__(self) -> str:
        if self.code:
            return self.code
        return ", ".join("–".join(pair) for pair in self.pairs)


def read_focus(value: Any) -> Focus:
    """Read ``"KAZ"`` or ``[["KAZ", "CHN"], ["KAZ", "TUR"]]``."""
    if isinstance(value, str) and value.strip():
        return Focus(code=value)
    try:
        return Focus(pairs=some_pairs(value))
    except WrongValueError as wrong:
        expected = 'one code, such as "KAZ", or pairs, such as [["KAZ", "CHN"]]'
        raise WrongValueError(expected) from wrong
