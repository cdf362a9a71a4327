"""Count each event once: parts inside totals, later states of the same event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["numbered_nodes", "settled"]

Ints = NDArray[np.integer[Any]]


def numbered_nodes(events: pd.DataFrame) -> tuple[Ints, Ints]:
    """Number the events by their ids; totals outside the log have numbers too."""
    names = sorted(set(events["id"]) | set(events["part_of"]) - {""})
    number = {name: i for i, name in enumerate(names)}
    node = events["id"].map(number).to_numpy(dtype=np.int64)
    total_of = np.arange(len(names))
    parts = events["part_of"].ne("").to_numpy()
    total_of[node[parts]] = (
        events.loc[parts, "part_of"].map(number).to_numpy(dtype=np.int64)
    )
    return node, total_of


def settled(
    steps: pd.DataFrame, total_of: Ints, *, keeps_highest: bool
) -> pd.DataFrame:
    """Count each event once: the greater of its own figure and the sum of its parts.

    Parameters
    ----------
    steps : DataFrame
        `pair`, `node`, `period` (positions and ordinals), `own`: changes of the own
        figure of a node.
    total_of : int array of shape (nodes,)
        The node that a node is part of, itself if none.
    keeps_highest : bool
        Whether a figure never falls again.

    Returns
    -------
    DataFrame
        `pair`, `node`, `period`, `change`: of nodes that are part of nothing only, in
        this order.
    """
    depth = _depths(total_of)
    waiting = steps.assign(parts=0.0)
    tops = []
    for level in range(int(depth.max(initial=0)), -1, -1):
        here = depth[waiting["node"].to_numpy()] == level
        changes = _changes(waiting[here], keeps_highest=keeps_highest)
        if level == 0:
            tops.append(changes)
            break
        passed = changes.rename(columns={"change": "parts"}).assign(own=0.0)
        passed["node"] = total_of[passed["node"].to_numpy()]
        waiting = pd.concat([waiting[~here], passed], ignore_index=True)
    return pd.concat(tops, ignore_index=True)


def _changes(steps: pd.DataFrame, *, keeps_highest: bool) -> pd.DataFrame:
    cell = ["pair", "node", "period"]
    grouped = steps.groupby(cell, as_index=False)[["own", "parts"]].sum()
    node = [grouped["pair"], grouped["node"]]
    level = grouped[["own", "parts"]].groupby(node).cumsum().max(axis=1)
    if keeps_highest:
        level = level.groupby(node).cummax()
    before = level.groupby(node).shift(1, fill_value=0.0)
    return grouped[cell].assign(change=level - before)


def _depths(total_of: Ints) -> Ints:
    """Count the totals above each node."""
    depth = np.zeros(total_of.size, dtype=np.int64)
    node: Ints = np.arange(total_of.size)
    while (inside := total_of[node] != node).any():
        depth += inside
        node = total_of[node]
    return depth
