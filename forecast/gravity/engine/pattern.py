"""Which levels of effects on sorted rows meet in a group, found once for all weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.gravity.engine.sorted_rows import SortedRows
from forecast.gravity.records import Ints
from forecast.kernels import complement, sorting
from forecast.kernels.threads import run_blocks

__all__ = ["Pattern", "find_pattern"]

FEW = 32  # levels of the effects that are held as dense columns, together
MOST_WORK = 8.0  # a step of Newton's method takes about so many products by rows
MOST_SIZE = 0.5
MOST_BLOCKS = 16
CELLS_PER_BLOCK = 1 << 16


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
    places, occurrences, ends = occurrences_of(layout, many)
    cuts = cut_columns(places, occurring)
    each, levels = meetings(
        cuts, places, occurrences, ends, layout.index, many, most_entries
    )
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


def occurrences_of(layout: SortedRows, many: Ints) -> tuple[Ints, Ints, Ints]:
    """`places`, `occurrences` and `ends` of `Pattern` for the effects `many`."""
    n = layout.order.size
    places, occurrences = sorting.sort_rows(
        layout.index[many].ravel(), layout.n_levels, np.zeros(0, np.int64)
    )
    row = occurrences if many.size == 1 else occurrences % n
    by_row = np.repeat(layout.starts[1:], np.diff(layout.starts))
    return places, occurrences, gathered(by_row, row)


def meetings(cuts: Ints, *lines: Any) -> tuple[Ints, Ints]:
    """`complement.later_levels` over blocks of levels."""
    found = run_blocks(
        lambda block: complement.later_levels(cuts[block], cuts[block + 1], *lines),
        cuts.size - 1,
    )
    each, levels = (np.concatenate(part) for part in zip(*found, strict=True))
    return each, levels


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
