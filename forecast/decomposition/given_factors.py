"""Prices and exchange rates that are given: split off from the effects that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.decomposition.matching import Ends, Matched
from forecast.errors import ColumnError, ModelError
from forecast.gravity.fit import GravityFit

__all__ = ["Carved", "carve"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class Carved:
    """A given factor: its log change (n,), and the term that held it."""

    name: str
    change: Floats
    out_of: str


def carve(
    given: Mapping[str, str],
    fit: GravityFit,
    matched: Matched,
    ends: Ends,
    changes: Mapping[str, Any],
) -> list[Carved]:
    """Read indices and find which effects hold them.

    A factor that is one number for each period is part of world growth, one for each
    exporter and period of exporter capacity, one for each importer and period of
    importer demand. It enters with elasticity one: value = price x volume.

    Raises
    ------
    ColumnError
        F-111 no such column.
    ModelError
        F-883 a name that is taken, values that are no positive numbers, or that vary
        within all effects.
    """
    found = []
    source = fit.design.source
    for name, column in given.items():
        if column not in source:
            raise ColumnError.missing([column], source.columns)
        if name in changes:
            raise _refusal(f"{name!r} is a term of the model already", column)
        values = source[column].to_numpy(dtype=float)[fit.keys.positions]
        before, after = values[matched.rows[0]], values[matched.rows[1]]
        if not (np.isfinite(before).all() and np.isfinite(after).all()) or (
            min(before.min(initial=1), after.min(initial=1)) <= 0
        ):
            raise _refusal(f"column {column!r} is no index of positive numbers", column)
        change = np.log(after) - np.log(before)
        found.append(
            Carved(name, change, _holder(change, column, matched, ends, changes))
        )
    return found


def _holder(
    change: Floats,
    column: str,
    matched: Matched,
    ends: Ends,
    changes: Mapping[str, Any],
) -> str:
    """Name the term that a given change is part of."""
    units = matched.units.iloc[matched.fitted]
    sides = (("exporter capacity", ends.origin), ("importer demand", ends.destination))
    if np.ptp(change) < 1e-12 and any(
        t in changes for t in ("world growth", *_terms(sides))
    ):
        return "world growth"
    for term, key in sides:
        if term in changes and key is not None:
            codes, labels = units[key].factorize()
            level = np.zeros(len(labels))
            level[codes] = change
            if np.abs(level[codes] - change).max(initial=0.0) < 1e-12:
                return term
    raise _refusal(f"column {column!r} varies within all effects of the model", column)


def _terms(sides: tuple[tuple[str, str | None], ...]) -> list[str]:
    return [term for term, _ in sides]


def _refusal(problem: str, column: str) -> ModelError:
    return ModelError(
        problem,
        code="F-883",
        column=column,
        remedy="Give an index with one positive number for each period, each exporter and "
        "period, or each importer and period; what varies by pair belongs in the formula.",
    )
