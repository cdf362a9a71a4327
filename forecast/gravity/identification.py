"""Which rows and regressors have a unique finite estimate.

First a quick proof that nothing is wrong, which nearly all panels pass; where it fails,
the exact search on rows in an order of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.collinearity import (
    Collinearity,
    Dependence,
    collinearity_of,
    find_dependent,
)
from forecast.gravity.elimination import (
    Elimination,
    eliminate_levels,
    remainder,
)
from forecast.gravity.level_table import LevelTable
from forecast.gravity.pruning import Pruning, drop_rows, prune
from forecast.gravity.records import Codes, Floats, Ints
from forecast.gravity.separation import (
    Separated,
    dependence_on,
    null_space,
    separate,
)
from forecast.gravity.sparse_separation import separate_sparsely

__all__ = ["Identified", "identify"]

Bools = NDArray[np.bool_]

SAMPLE = 1 << 14  # equations that tell the scale of regressors
MANY = 300  # late levels and regressors, beyond which sparse methods are better


@dataclass(frozen=True)
class Identified:
    """What is left, and how it was found.

    Attributes
    ----------
    pruning : Pruning
        With separated rows dropped.
    collinearity : Collinearity
    separated : tuple of Separated
        What separates rows beyond single levels; `rows` are rows of the table.
    passes_before : int
        Passes of pruning that came before them.
    """

    pruning: Pruning
    collinearity: Collinearity
    separated: tuple[Separated, ...] = ()
    passes_before: int = 0


def identify(
    table: LevelTable,
    positive: Bools,
    pruning: Pruning,
    columns: Sequence[Floats],
    terms: Sequence[str],
    y: Floats,
) -> Identified:
    """Find separated rows, drop them, and find regressors that say nothing on the rest.

    Parameters
    ----------
    table : LevelTable of n rows
    positive : bool array of shape (n,)
        Rows that cannot be separated; all rows for least squares.
    pruning : Pruning
        With some rows left.
    columns : sequence of K float arrays of shape (n,)
    terms : sequence of K str
    y : float array of shape (n,)
        Only to put equal rows in order.
    """
    alive = pruning.alive(positive.size)
    equations = positive & alive
    eliminated = eliminate_levels(table, equations, pruning.positives(), alive)
    if _is_identified(eliminated, equations, alive, columns):
        return Identified(pruning, Collinearity(tuple(range(len(columns)))))
    order = _canonical_order(table, np.flatnonzero(alive), columns, y)
    return _search(table, positive, pruning, columns, terms, order)


# --------------------------------------------------------------------- quick proof


def _is_identified(
    eliminated: Elimination, equations: Bools, alive: Bools, columns: Sequence[Floats]
) -> bool:
    """Tell whether all columns are independent on some equations, or else on all.

    Late levels may depend on each other as long as they do so in all rows.
    """
    if eliminated.late.size == 0 and not columns:
        return True
    if eliminated.late.size + len(columns) > MANY:
        return False
    rows = np.flatnonzero(equations)
    some = rows[:: max(1, rows.size // SAMPLE)]
    rest = remainder(eliminated, columns, *_spread(eliminated.table, columns, some))
    dependence = dependence_on(rest, rows)
    n_late = eliminated.late.size
    if any(k >= n_late for k in dependence.combinations):
        return False
    if not dependence.combinations:
        return True
    # A random combination is zero in all rows only where each of them is.
    N = null_space(dependence)[:n_late]
    weights = np.random.default_rng(n_late).normal(size=N.shape[1])
    return rest.vanishes(N @ weights, alive)


def _spread(
    table: LevelTable, columns: Sequence[Floats], rows: Ints
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each regressor on some rows, (K,) and (K,).

    A constant can be taken off where effects or an intercept can hold it. The scale of a
    constant is its own size.
    """
    shift, scale = np.zeros(len(columns)), np.ones(len(columns))
    values = [column[rows] for column in columns]
    constant = [bool((x == x[0]).all()) for x in values]
    is_held = bool(table.codes) or any(
        c and x[0] != 0 and bool((column == column[0]).all())
        for c, x, column in zip(constant, values, columns, strict=True)
    )
    for k, x in enumerate(values):
        if not constant[k]:
            shift[k] = x.mean() if is_held else 0.0
            scale[k] = np.sqrt(np.mean((x - shift[k]) ** 2))
        elif table.codes:
            shift[k] = x[0]
            scale[k] = np.std(columns[k]) or 1.0
        else:
            scale[k] = np.abs(columns[k]).max() or 1.0
    return shift, scale


# ------------------------------------------------------------------------- search


def _search(
    table: LevelTable,
    positive: Bools,
    pruning: Pruning,
    columns: Sequence[Floats],
    terms: Sequence[str],
    order: Ints,
) -> Identified:
    """Do it exactly, on the rows that remain in an order of their own."""
    own = table.take(order)
    own_columns = [column[order] for column in columns]
    is_equation = positive[order]
    equations, zeros = np.flatnonzero(is_equation), np.flatnonzero(~is_equation)
    everything = np.ones(order.size, np.bool_)
    eliminated = eliminate_levels(own, is_equation, pruning.positives(), everything)
    shift, scale = _spread(own, own_columns, equations)
    is_wide = eliminated.late.size + len(columns) > MANY
    if is_wide:
        found = separate_sparsely(
            eliminated, own_columns, shift, scale, equations, zeros
        )
    else:
        rest = remainder(eliminated, own_columns, shift, scale)
        found = separate(rest, equations, zeros)
    before = len(pruning.passes)
    placed = tuple(replace(s, rows=np.sort(order[s.rows])) for s in found)
    for separated in placed:
        pruning = drop_rows(table, positive, pruning, separated.rows)
    pruning = prune(table, positive, pruning)
    kept = np.flatnonzero(pruning.alive(positive.size)[order])
    collinearity = Collinearity(())
    if kept.size:
        _, spread = _spread(own, own_columns, kept)
        if is_wide:
            dependence = _dependence_by_absorbing(own, own_columns, kept, shift, scale, spread)
            collinearity = collinearity_of(dependence, terms, scale, 0)
        else:
            n_late = eliminated.late.size
            dependence = dependence_on(rest, kept, spread / scale)
            collinearity = collinearity_of(dependence, terms, scale, n_late)
    return Identified(pruning, collinearity, placed, before)


def _dependence_by_absorbing(
    table: LevelTable,
    columns: Sequence[Floats],
    rows: Ints,
    shift: Floats,
    scale: Floats,
    spread: Floats,
) -> Dependence:
    """As `dependence_on`, with the effects projected out by iteration."""
    from forecast.gravity.absorption import absorb

    X = np.empty((rows.size, len(columns)))
    for k, column in enumerate(columns):
        X[:, k] = (column[rows] - shift[k]) / scale[k]
    effects = [
        Codes(codes[rows], int(table.first[f + 1] - table.first[f]))
        for f, codes in enumerate(table.codes)
    ]
    return find_dependent(absorb(X, effects), spread / scale * np.sqrt(rows.size))


def _canonical_order(
    table: LevelTable, rows: Ints, columns: Sequence[Floats], y: Floats
) -> Ints:
    """Sort rows by what they hold, so that their order in the input does not matter."""
    keys = [codes[rows] for codes in table.codes]
    order = np.lexsort(keys) if keys else np.arange(rows.size)
    in_order = [key[order] for key in keys]
    same = np.ones(rows.size - 1, np.bool_)
    for key in in_order:
        same &= key[1:] == key[:-1]
    if same.any():
        keys = [*(column[rows] for column in columns), y[rows], *keys]
        order = np.lexsort(keys)
    return rows[order]
