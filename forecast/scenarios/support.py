"""Changed values that nothing observed stands behind."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import ForecastWarning
from forecast.scenarios.limits import Names

__all__ = ["outside_support", "warn_outside"]


def outside_support(
    observed: pd.DataFrame,
    before: pd.DataFrame,
    after: pd.DataFrame,
    names: Names,
    columns: Sequence[str],
) -> pd.DataFrame:
    """Return the columns whose changed values lie outside what was observed.

    Parameters
    ----------
    observed : DataFrame
        The data of the model.
    before, after : DataFrame
        The future without and with the scenario, row by row.
    names : Names
    columns : sequence of str
        Those that the scenario changes.

    Returns
    -------
    DataFrame
        ``column``, ``count`` of changed values outside, the range ``observed_low`` and
        ``observed_high``, the most extreme ``value``, ``examples`` (up to five).
    """
    found = []
    for column in columns:
        if column not in observed.columns:
            continue
        seen = pd.to_numeric(observed[column], errors="coerce").to_numpy(dtype=float)
        seen = seen[np.isfinite(seen)]
        if not seen.size:
            continue
        low, high = float(seen.min()), float(seen.max())
        old = before[column].to_numpy(dtype=float)
        new = after[column].to_numpy(dtype=float)
        outside = ((new < low) | (new > high)) & (new != old)
        if not outside.any():
            continue
        beyond = np.maximum(low - new, new - high)
        rows = np.flatnonzero(outside)
        rows = rows[np.argsort(-beyond[rows], kind="stable")]
        found.append(
            {
                "column": column,
                "count": int(outside.sum()),
                "observed_low": low,
                "observed_high": high,
                "value": float(new[rows[0]]),
                "examples": "; ".join(
                    _named(after, row, names, new[row]) for row in rows[:5]
                ),
            }
        )
    columns_ = ("column", "count", "observed_low", "observed_high", "value", "examples")
    return pd.DataFrame(found, columns=list(columns_))


def warn_outside(scenario: str, table: pd.DataFrame) -> None:
    """Warn of each column (F-874)."""
    for row in table.itertuples(index=False):
        warnings.warn(
            f"F-874: scenario {scenario!r} takes {row.count:,} values of {row.column!r} "
            f"outside the observed {row.observed_low:g} to {row.observed_high:g}, e.g. "
            f"{row.examples}. What follows is extrapolation: no data stand behind it.",
            ForecastWarning,
            stacklevel=4,
        )


def _named(frame: pd.DataFrame, row: int, names: Names, value: float) -> str:
    ends = names.keys or names.ends or ()
    label = "–".join(str(frame[key].iloc[row]) for key in ends if key in frame)
    return f"{label} {frame[names.period].iloc[row]}: {value:g}".strip()
