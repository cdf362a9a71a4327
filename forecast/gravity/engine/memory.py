"""Refuse a fit that cannot fit into the machine's memory, before it begins."""

from __future__ import annotations

import os

from forecast.errors import ModelError

__all__ = ["needed_bytes", "refuse_too_large"]

VARIABLE = "FORECAST_MEMORY_GB"
GIGABYTE = 1e9
DOUBLE, SINGLE = 8, 4
ARRAYS_BY_CELL = (
    4 * DOUBLE + 3 * SINGLE
)  # outcome, means twice, scores; codes and places


def needed_bytes(n_cells: int, n_columns: int) -> int:
    """Bytes that a fit on so many rows (or slots) and regressors takes beside the table.

    Examples
    --------
    >>> needed_bytes(1_000_000, 20) / 1e9
    0.204
    """
    return n_cells * (DOUBLE * n_columns + ARRAYS_BY_CELL)


def memory_limit() -> float:
    """Bytes that may be used: ``FORECAST_MEMORY_GB``, else what the machine has."""
    stated = os.environ.get(VARIABLE, "")
    try:
        return float(stated) * GIGABYTE
    except ValueError:
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")  # this system does not tell


def refuse_too_large(n_cells: int, n_columns: int) -> None:
    """Raise where the arrays of a fit would exceed the limit.

    Raises
    ------
    ModelError
        F-548, with both numbers.
    """
    needed, limit = needed_bytes(n_cells, n_columns), memory_limit()
    if needed > limit:
        raise ModelError(
            f"the fit needs about {needed / GIGABYTE:,.1f} GB ({n_cells:,} rows, "
            f"{n_columns} regressors), {limit / GIGABYTE:,.1f} GB may be used",
            code="F-548",
            count=n_cells,
            remedy="Use fewer regressors, periods or units at a time, or set "
            f"{VARIABLE} if this machine can do more.",
        )
