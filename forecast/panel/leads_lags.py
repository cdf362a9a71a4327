"""A column some periods earlier or later, exact by period: a gap is a gap."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from forecast.errors import PeriodError
from forecast.panel.number_columns import Floats, Ints

__all__ = ["shifted", "steps_of"]


def steps_of(given: Any, what: str) -> tuple[int, ...]:
    """Read one positive whole number of periods or several.

    Raises
    ------
    PeriodError
        F-440 for anything else, and for a number that comes twice.

    Examples
    --------
    >>> steps_of([3, 6], "lags")
    (3, 6)
    """
    many = isinstance(given, Iterable) and not isinstance(given, str)
    steps = list(given) if many else [given]
    if not steps or len(set(steps)) < len(steps) or not all(map(_is_step, steps)):
        raise PeriodError(
            f"{what}={given!r} is not possible",
            code="F-440",
            remedy=f"Give {what} as positive whole numbers of periods, each once.",
        )
    return tuple(int(step) for step in steps)


def _is_step(step: object) -> bool:
    whole = isinstance(step, numbers.Integral) and not isinstance(step, bool | np.bool_)
    return whole and int(step) > 0  # type: ignore[call-overload]


def shifted(
    values: Floats | Ints,
    units: Ints,
    ordinals: Ints,
    step: int,
    fill: float | None = None,
) -> Floats | Ints:
    """Return the value that the same unit had `step` periods earlier.

    Parameters
    ----------
    values : array of shape (n,)
    units, ordinals : int arrays of shape (n,)
        Unit and period of each row, sorted by both; no cell twice.
    step : int
        Periods back; negative looks ahead.
    fill : float, optional
        Value where the unit had not begun yet (or has ended). By default missing. Gaps
        between the first and the last row of a unit are missing always.

    Returns
    -------
    array of shape (n,)
        Whole numbers stay whole where none is missing.

    Examples
    --------
    >>> shifted(np.array([1, 2, 3]), np.zeros(3, int), np.array([2000, 2001, 2003]), 1, 0.0)
    array([ 0.,  1., nan])
    """
    first, last = int(ordinals.min()), int(ordinals.max())
    span = last - first + 1
    cells = units.astype(np.int64) * span + (ordinals - first)
    wanted = ordinals - step
    inside = (wanted >= first) & (wanted <= last)
    sought = np.where(inside, cells - step, -1)
    row = np.minimum(np.searchsorted(cells, sought), cells.size - 1)
    found = inside & (cells[row] == sought)
    moved: Floats = np.where(found, values[row].astype(float), np.nan)
    if fill is not None:
        begins = np.flatnonzero(np.diff(units, prepend=-1))
        ends = np.append(begins[1:], units.size) - 1
        which = np.searchsorted(begins, np.arange(units.size), side="right") - 1
        beyond = (wanted < ordinals[begins][which]) | (wanted > ordinals[ends][which])
        moved = np.where(beyond, fill, moved)
    whole = np.issubdtype(values.dtype, np.integer) and not np.isnan(moved).any()
    return moved.astype(np.int64) if whole and (moved % 1 == 0).all() else moved
