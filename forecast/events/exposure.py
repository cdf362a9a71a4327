"""Which pair is exposed to which event, from when on: from a log to arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.events.parts import numbered_nodes, settled
from forecast.events.recipes import Recipe
from forecast.events.timing import entry_steps

__all__ = ["Exposure"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Exposure:
    """The events of a log matched with the pairs of a panel, and dated in its periods.

    Attributes
    ----------
    events : DataFrame of n rows
        The log.
    matches : DataFrame
        As `match` returns it.
    entries : DataFrame
        As `entry_periods` returns it.
    freq : {"Y", "Q", "M"}
    directed : bool
        Whether events reach only flows from their origin to their destination, unless
        a recipe says otherwise.
    """

    events: pd.DataFrame
    matches: pd.DataFrame
    entries: pd.DataFrame
    freq: str
    directed: bool

    def concerned(self, recipe: Recipe) -> pd.DataFrame:
        """Return the matches that a recipe uses: both directions, or only forward."""
        directed = self.directed if recipe.directed is None else recipe.directed
        return self.matches[self.matches["forward"]] if directed else self.matches

    def changes(self, recipe: Recipe) -> pd.DataFrame:
        """Return what enters when: `pair`, `node`, `period` (ordinal), `change`."""
        steps = entry_steps(self.events, self.entries, recipe, self.freq)
        node, total_of = numbered_nodes(self.events)
        steps = self.concerned(recipe)[["pair", "event"]].merge(steps, on="event")
        steps["node"] = node[steps["event"].to_numpy()]
        return settled(steps, total_of, keeps_highest=not recipe.of_state)

    def entered(self, recipe: Recipe, n_pairs: int, first: int, last: int) -> Floats:
        """Return what enters, or of a recipe of states is in force, in each period.

        Returns
        -------
        float array of shape (n_pairs, last - first + 1)
            No entry is earlier than `first`; later ones than `last` are left out.
        """
        changes = self.changes(recipe)
        length = last - first + 1
        column = changes["period"].to_numpy() - first
        inside = column < length
        cell = changes["pair"].to_numpy()[inside] * length + column[inside]
        weights = changes["change"].to_numpy()[inside]
        flat = np.bincount(cell, weights=weights, minlength=n_pairs * length)
        table = flat.astype(float, copy=False).reshape(n_pairs, length)
        return np.cumsum(table, axis=1) if recipe.of_state else table
