r"""The Schur complement of effects on sorted rows, assembled as a matrix.

A product with it by rows is a pass over all of them. Where levels meet few others, and
groups are short, the matrix is made in the time of a few such passes, and a product with
it takes none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks
from forecast.gravity.engine.pattern import Pattern
from forecast.gravity.engine.sorted_rows import SortedRows
from forecast.gravity.records import Floats, Ints
from forecast.kernels import complement
from forecast.kernels.threads import run_blocks

__all__ = ["Complement", "assemble", "level_sums"]

# Rows for each cell of the dense columns in a block: below it, adding blocks up costs
# more than the second thread gains.
ROWS_PER_CELL = 2


@dataclass(frozen=True)
class Complement:
    """``diagonal + H + H'`` and dense columns, all at one set of weights.

    Attributes
    ----------
    weights : float array of shape (n,)
        What it was made of.
    pattern : Pattern
    diagonal : float array of shape (m,)
        Zero for levels with a dense column.
    values : float array of shape (entries,)
        Of H.
    across : float array of shape (m, q)
    inner : float array of shape (q, q)
    """

    weights: Floats = field(repr=False)
    pattern: Pattern = field(repr=False)
    diagonal: Floats
    values: Floats
    across: Floats
    inner: Floats

    def product(self, V: Floats, active: Ints) -> Floats:
        """The complement times V (m, K, 1), in the columns of `active`."""
        pattern = self.pattern
        chosen = np.ascontiguousarray(V[:, active, 0].T, dtype=float)
        out = np.empty_like(chosen)
        complement.assembled_product(
            self.diagonal,
            pattern.begins,
            pattern.levels,
            self.values,
            self.across,
            self.inner,
            pattern.columns,
            chosen,
            out,
        )
        full = np.zeros_like(V)
        full[:, active, 0] = out.T
        return full

    def sparse_part(self, chosen: Ints) -> Any:
        """Rows and columns `chosen` of it without the dense columns, (c, c) sparse."""
        from scipy.sparse import csc_array, diags_array

        m = self.diagonal.size
        half = csc_array(
            (self.values, self.pattern.levels, self.pattern.begins), (m, m)
        )
        if chosen.size < m:
            half = half[chosen][:, chosen]
        return half + half.T.tocsc() + diags_array(self.diagonal[chosen])

    def dense(self) -> Floats:
        """All of it, (m, m)."""
        pattern, m = self.pattern, self.diagonal.size
        columns, half = pattern.columns, np.zeros((m, m))
        owner = np.repeat(np.arange(m), np.diff(pattern.begins))
        half[pattern.levels, owner] = self.values
        half[:, columns] += self.across
        half[np.ix_(columns, columns)] += self.inner / 2
        out = half + half.T
        out[np.diag_indices(m)] += self.diagonal
        return out


def assemble(
    layout: SortedRows,
    pattern: Pattern,
    weights: Floats,
    inverse: Floats,
    diagonal: Floats,
) -> Complement:
    """Assemble the complement at some weights.

    Parameters
    ----------
    layout : SortedRows
    pattern : Pattern
    weights : float array of shape (n,)
    inverse : float array of shape (P,)
        As in the kernels.
    diagonal : float array of shape (m,)
        Of `level_sums`.
    """
    roots = np.empty_like(weights)
    run_blocks(
        lambda block: complement.share_roots(
            layout.cuts[block],
            layout.cuts[block + 1],
            layout.starts,
            weights,
            inverse,
            roots,
        ),
        layout.cuts.size - 1,
    )
    values = np.empty(pattern.levels.size)
    run_blocks(
        lambda block: complement.later_values(
            pattern.cuts[block],
            pattern.cuts[block + 1],
            pattern.places,
            pattern.occurrences,
            pattern.ends,
            layout.index,
            pattern.many,
            weights,
            roots,
            pattern.begins,
            pattern.levels,
            values,
        ),
        pattern.cuts.size - 1,
    )
    across, inner = dense_columns(layout, pattern, weights, inverse)
    diagonal = diagonal.copy()
    diagonal[pattern.columns] = 0.0
    return Complement(weights, pattern, diagonal, values, across, inner)


def dense_columns(
    layout: SortedRows, pattern: Pattern, weights: Floats, inverse: Floats
) -> tuple[Floats, Floats]:
    """The columns of effects with few levels: (m, q) and (q, q)."""
    m, q = layout.n_levels, pattern.columns.size
    if not q:
        return np.zeros((m, 0)), np.zeros((0, 0))
    n_cells = int(layout.order.size / (1 + ROWS_PER_CELL * m * q / 2**17))
    cuts = cut_blocks(np.arange(layout.groups.size), n_cells)
    _, (across, inner) = add_over_blocks(
        cuts,
        lambda first, last, across, inner: complement.add_few_levels(
            first,
            last,
            layout.starts,
            layout.index,
            pattern.many,
            pattern.few,
            pattern.origins,
            weights,
            inverse,
            across,
            inner,
        ),
        (m, q),
        (q, q),
    )
    return across, inner


def level_sums(
    layout: SortedRows, weights: Floats, inverse: Floats
) -> tuple[Floats, Floats]:
    """Weights by level, and the complement's diagonal or more than it, both (m,).

    More where a level comes twice in a group.
    """
    _, (mass, diagonal) = add_over_blocks(
        layout.cuts,
        lambda first, last, mass, diagonal: complement.add_level_sums(
            first,
            last,
            layout.starts,
            layout.index,
            weights,
            inverse,
            mass,
            diagonal,
        ),
        (layout.n_levels,),
        (layout.n_levels,),
    )
    return mass, diagonal
