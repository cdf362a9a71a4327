"""What is asked: model, terms, periods and pair, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.attribution.cells import Cells
from forecast.attribution.estimates import Model
from forecast.errors import ModelError, PeriodError
from forecast.gravity import Gravity, GravityFit

__all__ = ["check_options", "fitted_model", "periods_asked", "rows_asked"]


def fitted_model(data: Any, model: str | Gravity | GravityFit) -> GravityFit:
    """Fit a formula or a recipe; a fit is taken as it is."""
    if isinstance(model, GravityFit):
        return model
    return (Gravity(model) if isinstance(model, str) else model).fit(data)


def check_options(
    names: Sequence[str], placebos: Sequence[str], permutations: int
) -> None:
    """Refuse options that are not possible (F-890)."""
    problem = ""
    if not names or len(set(names)) < len(names):
        problem = f"terms={list(names)!r} are none, or one comes twice"
    elif strangers := [name for name in placebos if name not in names]:
        problem = f"placebos={strangers!r} are not among the terms"
    elif permutations < 19:
        problem = f"permutations={permutations} are too few to tell one in twenty"
    if problem:
        raise ModelError(
            problem,
            code="F-890",
            remedy="Give each term once, placebos among them, and 19 permutations or more.",
        )


def periods_asked(
    cells: Cells, start: Any, end: Any, *, longest: int | None = None
) -> tuple[int, int]:
    """Return start and end as numbers of periods.

    Parameters
    ----------
    cells : Cells
    start, end : period or None
        The last period is the end by default. The start is the first one, or with
        `longest` so many periods before the end as to make that many; then it may be
        the end as well.
    longest : int, optional

    Raises
    ------
    PeriodError
        F-887 outside the data, or in the wrong order.
    """
    last = cells.periods - 1 if end is None else _period(cells, end)
    first = 0 if longest is None else max(0, last - longest + 1)
    first = first if start is None else _period(cells, start)
    if not 0 <= first <= last < cells.periods or (first == last and longest is None):
        raise PeriodError(
            f"from {start} to {end} is not within {cells.label(0)} to "
            f"{cells.label(cells.periods - 1)}",
            code="F-887",
            remedy="Give a start and a later end, both periods of the data.",
        )
    return first, last


def _period(cells: Cells, value: Any) -> int:
    if isinstance(cells.first, pd.Period):
        period = pd.Period(str(value), freq=cells.first.freqstr)
        return int(period.ordinal - cells.first.ordinal)
    return int(value) - int(cells.first)


def rows_asked(
    asked: Model, among: tuple[str, str] | None
) -> tuple[np.ndarray, int | None]:
    """Rows whose flows are attributed, and the pair if there is one."""
    if among is None:
        return np.ones(asked.cells.unit.size, np.bool_), None
    table = asked.fit.design.source.iloc[asked.fit.design.positions]
    ends = [table[name].astype(str).to_numpy() for name in asked.cells.names[:2]]
    one, other = map(str, among)
    chosen = (ends[0] == one) & (ends[1] == other)
    chosen |= (ends[0] == other) & (ends[1] == one)
    if not chosen.any():
        raise ModelError(
            f"the data have no flow between {one} and {other}",
            code="F-888",
            examples=sorted(set(ends[0]))[:5],
            remedy="Name the pair as the data do.",
        )
    return chosen, int(asked.cells.block[chosen][0])
