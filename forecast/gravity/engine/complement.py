r"""The Schur complement of effects on sorted rows, assembled as a matrix.

A product with it by rows is a pass over all of them. Where levels meet few others, and
groups are short, the matrix is made in the time of a few such passes, and a product with
it takes none. What does not depend on the weights (which levels meet) is found once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.gravity.engine.block_work import add_over_blocks, cut_blocks
from forecast.gravity.engine.sorted_rows import SortedRows
from forecast.gravity.records import Floats, Ints
from forecast.kernels import complement, rows
from forecast.kernels.threads import run_blocks

__all__ = ["Complement", "Pattern", "assemble", "find_pattern", "level_sums"]

FEW = 32  # levels of the effects that are held as dense columns, together
MOST_WORK = 8.0  # a step of Newton's method takes about so many products by rows
MOST_SIZE = 0.5
MOST_BLOCKS = 16
CELLS_PER_BLOCK = 1 << 16
# Rows for each cell of the dense columns in a block: below it, adding blocks up costs
# more than the second thread gains.
ROWS_PER_CELL = 2


@dataclass(frozen=True)
class Pattern:
    """Which levels meet in a group, whatever the weights.

    Attributes
    ----------
    many, few : int arrays
        Positions of the effects that are sparse and dense in `SortedRows.index`.
    origins : int array, like `few`
        First level of each, less its first dense column.
    columns : int array of shape (q,)
        The level that each dense column is.
    places, occurrences, ends : int arrays
        As in `forecast.kernels.complement.later_levels`.
    begins : int array of shape (m + 1,)
        First entry of each column of H.
    levels : int array of shape (entries,)
    cuts : int array
        Blocks of columns.
    work, size : float
        Multiplications of assembling, and of a product with what is assembled, as
        multiples of those of a product by rows.
    """

    many: Ints
    few: Ints
    origins: Ints
    columns: Ints
    places: Ints
    occurrences: Ints
    ends: Ints
    begins: Ints
    levels: Ints
    cuts: Ints
    work: float
    size: float

    @property
    def is_cheap(self) -> bool:
        """Whether to assemble at all weights, and not for a factor alone."""
        return self.work <= MOST_WORK and self.size <= MOST_SIZE


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


def find_pattern(
    layout: SortedRows, most_products: float, most_entries: int
) -> Pattern | None:
    """Find which levels meet, or None where that is too many.

    Parameters
    ----------
    layout : SortedRows
    most_products : float
        Multiplications that an assembly may take.
    most_entries : int
        Entries of the sparse part that it may have.
    """
    few = few_levels(np.diff(layout.offsets))
    many = np.setdiff1d(np.arange(layout.offsets.size - 1), few)
    sizes = np.diff(layout.starts)
    q = int(np.diff(layout.offsets)[few].sum())
    n, occurring = layout.order.size, many.size * layout.order.size
    pairs = float((sizes.astype(float) ** 2).sum()) * many.size**2 / 2
    dense = (occurring + sizes.size * q) * q / 4  # several to an instruction
    if pairs + dense > most_products:
        return None
    places, occurrences = rows.sort_rows(
        layout.index[many].ravel(), layout.n_levels, np.zeros(0, np.int64)
    )
    row = occurrences if many.size == 1 else occurrences % n
    ends = gathered(np.repeat(layout.starts[1:], sizes), row)
    cuts = cut_columns(places, occurring)
    found = run_blocks(
        lambda block: complement.later_levels(
            cuts[block],
            cuts[block + 1],
            places,
            occurrences,
            ends,
            layout.index,
            many,
            most_entries,
        ),
        cuts.size - 1,
    )
    each, levels = (np.concatenate(part) for part in zip(*found, strict=True))
    if each.min(initial=0) < 0 or levels.size > most_entries:
        return None
    by_rows = max(n, 1) * layout.index.shape[0]
    widths = np.diff(layout.offsets)[few]
    origins = layout.offsets[few] - (np.cumsum(widths) - widths)
    return Pattern(
        many=many,
        few=few,
        origins=origins,
        columns=np.arange(q) + np.repeat(origins, widths),
        places=places,
        occurrences=occurrences,
        ends=ends,
        begins=np.concatenate([[0], np.cumsum(each)]),
        levels=levels,
        cuts=cuts,
        work=(pairs + dense) / by_rows,
        size=(2 * levels.size + layout.n_levels * q) / by_rows,
    )


def gathered(values: Ints, places: Ints) -> Ints:
    """``values[places]``, a part in each thread."""
    out = np.empty(places.size, values.dtype)
    n_blocks = min(MOST_BLOCKS, max(1, places.size // CELLS_PER_BLOCK))
    cuts = places.size * np.arange(n_blocks + 1) // n_blocks

    def take(block: int) -> None:
        part = slice(cuts[block], cuts[block + 1])
        np.take(values, places[part], out=out[part], mode="clip")

    run_blocks(take, n_blocks)
    return out


def few_levels(counts: Ints) -> Ints:
    """Effects that together have at most `FEW` levels, the smallest first."""
    by_size = np.argsort(counts, kind="stable")
    return np.sort(by_size[np.cumsum(counts[by_size]) <= FEW])


def cut_columns(places: Ints, occurring: int) -> Ints:
    """Cut levels into blocks with about as many occurrences."""
    n_blocks = min(MOST_BLOCKS, max(1, occurring // CELLS_PER_BLOCK))
    targets = occurring * np.arange(1, n_blocks) // n_blocks
    return np.unique(np.r_[0, np.searchsorted(places, targets), places.size - 1])


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
