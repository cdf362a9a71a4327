"""Rows that are marked, as numbers."""

from __future__ import annotations

import numpy as np

from forecast.gravity.records import Bools, Ints

__all__ = ["list_rows"]


def list_rows(marked: Bools) -> Ints:
    """Return the rows that are marked (n,), in half the memory of `flatnonzero`."""
    from forecast.kernels.counting import list_marked

    rows = np.empty(np.count_nonzero(marked) + 1, np.int32)
    list_marked(marked, rows)
    return rows[:-1]
