"""Which flows belong to which pair, turnover, nation or total."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.forecasts.units import group_units, pair_units

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["LEVELS", "Membership", "membership"]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LEVELS = ("flow", "turnover", "exporter", "importer", "nation", "total")


@dataclass(frozen=True, eq=False)
class Membership:
    """Groups of flows.

    Attributes
    ----------
    units : DataFrame of n_groups rows
    matrix : sparse array of shape (n_groups, n_flows)
        1 where a flow belongs to the group.
    notes : tuple of str
    """

    units: pd.DataFrame
    matrix: csr_array
    notes: tuple[str, ...] = ()


def membership(
    by: str, flows: pd.DataFrame, origin: str | None, destination: str | None
) -> Membership:
    """Group flows.

    Parameters
    ----------
    by : str
        One of `LEVELS`.
    flows : DataFrame
        Key columns, one row per flow.
    origin, destination : str or None
        Key columns of both ends.

    Raises
    ------
    ModelError
        F-882 another `by`, or one that needs flows with direction.
    """
    if by not in LEVELS:
        raise ModelError(
            f"by={by!r} is not known",
            code="F-882",
            remedy=f"Use one of {list(LEVELS)}.",
        )
    if by == "flow":
        return _of(
            len(flows),
            flows.reset_index(drop=True),
            [np.array([i]) for i in range(len(flows))],
        )
    if by == "total":
        return _of(len(flows), *group_units(flows, ()))
    if origin is None or destination is None:
        raise ModelError(
            f"by={by!r} needs flows with an origin and a destination",
            code="F-882",
            remedy='Use by="flow" or by="total", or name both ends: '
            'Gravity(..., origin="exporter", destination="importer").',
        )
    grouped: dict[str, Callable[[], tuple[pd.DataFrame, list[Ints]]]] = {
        "exporter": lambda: group_units(flows, (origin,)),
        "importer": lambda: group_units(flows, (destination,)),
        "nation": lambda: _nations(flows, origin, destination),
    }
    if by in grouped:
        return _of(len(flows), *grouped[by]())
    units, members, notes = pair_units(flows, origin, destination, ("a", "b"))
    if not members:
        raise ModelError(
            "no pair has flows in both directions",
            code="F-882",
            remedy='Use by="flow": each direction by itself.',
        )
    return _of(len(flows), units, members, tuple(notes))


def _nations(
    flows: pd.DataFrame, origin: str, destination: str
) -> tuple[pd.DataFrame, list[Ints]]:
    """Exports and imports of each code; a flow within it counts once."""
    codes = pd.unique(pd.concat([flows[origin], flows[destination]]))
    units, _ = group_units(pd.DataFrame({"nation": codes}), ("nation",))
    left, right = flows[origin].to_numpy(), flows[destination].to_numpy()
    members: list[Ints] = [
        np.flatnonzero((left == c) | (right == c)) for c in units["nation"]
    ]
    return units, members


def _of(
    count: int,
    units: pd.DataFrame,
    members: list[Ints],
    notes: tuple[str, ...] = (),
) -> Membership:
    from scipy.sparse import csr_array

    sizes = [len(rows) for rows in members]
    columns = np.concatenate(members) if members else np.empty(0, np.intp)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    entries = (np.ones(len(columns)), columns, starts)
    matrix = csr_array(entries, shape=(len(sizes), count))
    return Membership(units, matrix, notes)
