"""Which rows and regressors have a unique finite estimate.

First a quick proof that nothing is wrong, which most panels pass; where it fails, the
exact search, on rows in an order of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.gravity.designs.level_table import LevelTable
from forecast.gravity.products import times
from forecast.gravity.records import Codes, Floats, Ints
from forecast.gravity.samples.collinearity import (
    TOLERANCE,
    Collinearity,
    collinearity_of,
    find_dependent,
)
from forecast.gravity.samples.cones import largest_support
from forecast.gravity.samples.elimination import (
    Elimination,
    eliminate_levels,
)
from forecast.gravity.samples.marked_rows import list_rows
from forecast.gravity.samples.pruning import Pruning, drop_rows, prune
from forecast.gravity.samples.remainders import Remainder, remainder
from forecast.gravity.samples.scales import centre_and_spread
from forecast.gravity.samples.separation import (
    Separated,
    dependence_on,
    null_space,
    separate,
    telling_rows,
)
from forecast.gravity.samples.sparse_separation import separate_sparsely

__all__ = ["Identified", "identify"]

Bools = NDArray[np.bool_]

SAMPLE = 1 << 14  # equations that tell the scale of regressors
FEW_FREEDOMS = 4  # of effects, that the quick proof looks into
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
    """
    alive = pruning.alive(positive.size)
    equations = positive & alive
    eliminated = eliminate_levels(table, equations, pruning.positives(), alive)
    if _is_identified(eliminated, equations, alive, columns):
        return Identified(pruning, Collinearity(tuple(range(len(columns)))))
    order = _canonical_order(table, np.flatnonzero(alive), columns)
    problem = _pose(table, positive, pruning, columns, order)
    before = len(pruning.passes)
    separated = _separated(problem)
    for part in separated:
        pruning = drop_rows(table, positive, pruning, part.rows)
    pruning = prune(table, positive, pruning)
    kept = np.flatnonzero(pruning.alive(positive.size)[order])
    collinearity = Collinearity(())
    if kept.size:
        collinearity = _collinearity(problem, kept, terms)
    return Identified(pruning, collinearity, separated, before)


# --------------------------------------------------------------------- quick proof


def _is_identified(
    eliminated: Elimination, equations: Bools, alive: Bools, columns: Sequence[Floats]
) -> bool:
    """Tell whether late levels and regressors are independent on the equations.

    Late levels may depend on each other as long as they do so in all rows.
    """
    n_late = eliminated.late.size
    if n_late == 0 and not columns:
        return True
    if n_late + len(columns) > MANY:
        return False
    rows = list_rows(equations)
    some = rows[:: max(1, rows.size // SAMPLE)]
    has_effects = bool(eliminated.table.codes)
    rest = remainder(
        eliminated, columns, *centre_and_spread(columns, some, has_effects)
    )
    touched = rest.touched(alive.size) if n_late else np.zeros(alive.size, np.bool_)
    late_equations = list_rows(touched & equations)
    late_rows = list_rows(touched & alive)
    few = telling_rows(rest, rows, late_equations)
    if _are_independent(rest, few, late_rows):
        return True
    return few.size < rows.size and _are_independent(
        rest, rows, late_rows, late_equations
    )


def _are_independent(
    rest: Remainder, rows: Ints, late_rows: Ints, late_equations: Ints | None = None
) -> bool:
    """Tell whether some equations show it, or late levels depend in all rows alike.

    `late_rows` are all rows in which late levels matter. With every equation at hand
    (`late_equations` are those of them with late levels), a freedom of the effects is
    harmless, too, if it makes some rows larger and others smaller: along it no row
    leaves for zero alone.
    """
    n_late = rest.late_values.shape[1]
    dependence = dependence_on(rest, rows, touched=late_equations)
    if any(k >= n_late for k in dependence.combinations):
        return False
    if not dependence.combinations:
        return True
    # A random combination is zero in all rows only where each of them is.
    N = null_space(dependence)[:n_late]
    weights = np.random.default_rng(n_late).normal(size=(N.shape[1],))
    if rest.vanishes(times(N, weights), late_rows):
        return True
    if late_equations is None or N.shape[1] > FEW_FREEDOMS:
        return False
    return not largest_support(rest.late_rows(N, late_rows))[1].any()


# ------------------------------------------------------------------------- search


@dataclass(frozen=True)
class _Problem:
    """The rows that remain, in an order of their own.

    Attributes
    ----------
    order : int array of shape (r,)
        Rows of the table.
    equations, zeros : int arrays
        Places in `order` of positive rows, and of others.
    eliminated : Elimination
    columns : sequence of K float arrays of shape (r,)
    shift, scale : float arrays of shape (K,)
        Of the columns, on the equations.
    """

    order: Ints
    equations: Ints
    zeros: Ints
    eliminated: Elimination
    columns: Sequence[Floats]
    shift: Floats
    scale: Floats

    @property
    def is_wide(self) -> bool:
        """So many levels are late that they cannot stand side by side."""
        return self.eliminated.late.size + len(self.columns) > MANY


def _pose(
    table: LevelTable,
    positive: Bools,
    pruning: Pruning,
    columns: Sequence[Floats],
    order: Ints,
) -> _Problem:
    own = table.take(order)
    own_columns = [column[order] for column in columns]
    is_equation = positive[order]
    everything = np.ones(order.size, np.bool_)
    eliminated = eliminate_levels(own, is_equation, pruning.positives(), everything)
    equations = np.flatnonzero(is_equation)
    shift, scale = centre_and_spread(own_columns, equations, bool(own.codes))
    zeros = np.flatnonzero(~is_equation)
    return _Problem(order, equations, zeros, eliminated, own_columns, shift, scale)


def _separated(problem: _Problem) -> tuple[Separated, ...]:
    """Find separated rows; they are given as rows of the table."""
    given = (problem.eliminated, problem.columns, problem.shift, problem.scale)
    if problem.zeros.size == 0:
        return ()
    if problem.is_wide:
        found = separate_sparsely(*given, problem.equations, problem.zeros)
    else:
        found = separate(remainder(*given), problem.equations, problem.zeros)
    return tuple(replace(s, rows=np.sort(problem.order[s.rows])) for s in found)


def _collinearity(problem: _Problem, kept: Ints, terms: Sequence[str]) -> Collinearity:
    """Find regressors that say nothing on some of the rows."""
    table = problem.eliminated.table
    has_effects = bool(table.codes)
    spread = centre_and_spread(problem.columns, kept, has_effects)[1] / problem.scale
    n_late = 0
    if problem.is_wide:
        X = _absorbed(problem, kept)
        dependence = find_dependent(X, TOLERANCE * np.sqrt(kept.size) * spread)
    else:
        given = (problem.eliminated, problem.columns, problem.shift, problem.scale)
        dependence = dependence_on(remainder(*given), kept, spread)
        n_late = problem.eliminated.late.size
    return collinearity_of(dependence, terms, problem.scale, n_late)


def _absorbed(problem: _Problem, rows: Ints) -> Floats:
    """Return the regressors with the effects projected out on some rows, (r, K)."""
    from forecast.gravity.engine.absorption import absorb

    X = np.empty((rows.size, len(problem.columns)))
    for k, column in enumerate(problem.columns):
        X[:, k] = (column[rows] - problem.shift[k]) / problem.scale[k]
    table = problem.eliminated.table
    sizes = np.diff(table.first).tolist()
    return absorb(
        X, [Codes(c[rows], size) for c, size in zip(table.codes, sizes, strict=True)]
    )


def _canonical_order(table: LevelTable, rows: Ints, columns: Sequence[Floats]) -> Ints:
    """Sort rows by levels and regressors, so that their order does not matter."""
    codes = [code[rows] for code in table.codes]
    order = np.lexsort(codes) if codes else np.arange(rows.size)
    same = np.ones(rows.size - 1, np.bool_)
    for code in codes:
        same &= code[order[1:]] == code[order[:-1]]
    if same.any():
        order = np.lexsort((*(column[rows] for column in columns), *codes))
    return rows[order]
