"""Flows that add up to given totals of origins and destinations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.proportional import fit_proportions
from forecast.kernels.threads import run_blocks

__all__ = ["EXACT", "ROUGH", "allocate", "allocate_paths"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

SWEEPS = 300
EXACT = 1e-11
ROUGH = 1e-3
"""Largest relative error of a total; rough where paths are measured and not shown."""

PATHS_AT_ONCE = 16


def allocate(
    flows: Floats, rows: Ints, columns: Ints, exports: Floats, imports: Floats
) -> Floats:
    """Return the matrix nearest to `flows` that has the given totals.

    Nearest in relative entropy (Csiszar 1975, Annals of Probability 3(1)), which is what
    exporter and importer effects of PPML do to a matrix (Fally 2015, Journal of
    International Economics 97(1)).

    Parameters
    ----------
    flows : float array of shape (n_pairs,)
    rows, columns : int64 arrays of shape (n_pairs,)
    exports, imports : float arrays of shape (n_origins,), (n_destinations,)
        With the same sum.

    Examples
    --------
    >>> rows, columns = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> flows = np.array([1.0, 1.0, 1.0, 3.0])
    >>> allocate(flows, rows, columns, np.array([3.0, 5.0]), np.array([3.0, 5.0])).round(2)
    array([1.61, 1.39, 1.39, 3.61])
    """
    return allocate_paths(
        flows[None].copy(), rows, columns, exports[None], imports[None]
    )[0]


def allocate_paths(
    flows: Floats,
    rows: Ints,
    columns: Ints,
    exports: Floats,
    imports: Floats,
    tolerance: float = EXACT,
) -> Floats:
    """Do so for many paths, in place.

    Parameters
    ----------
    flows : float array of shape (n_paths, n_pairs)
    rows, columns : int64 arrays of shape (n_pairs,)
    exports, imports : float arrays of shape (n_paths, n_origins), (n_paths, n_destinations)
    tolerance : float
        Largest relative error of a total.
    """
    exports, imports = np.ascontiguousarray(exports), np.ascontiguousarray(imports)

    def one_block(block: int) -> None:
        some = slice(block * PATHS_AT_ONCE, (block + 1) * PATHS_AT_ONCE)
        fit_proportions(
            flows[some],
            rows,
            columns,
            exports[some],
            imports[some],
            np.empty(exports.shape[1] + imports.shape[1]),
            SWEEPS,
            tolerance,
        )

    run_blocks(one_block, -(-len(flows) // PATHS_AT_ONCE))
    return flows
