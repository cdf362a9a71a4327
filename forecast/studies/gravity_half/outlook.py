r"""The year after the nowcast's: its level times growth drawn from the pair's own past.

Yearly log growth of one reporter's totals is taken as independent from year to year with
one mean and one spread, so that the next year's is

.. math:: g \sim \bar g + s \sqrt{1 + 1/n}\; t_{n-1} .

Only growth between two consecutive years counts: over years that are missing or broken
nothing is known. Levels of the history are another reporter's than those of the nowcast
and are never joined to them; rates of change may stand beside each other.

The exponential of a Student variable has no finite mean, so that the median and intervals
are told and a mean never is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.releases import Releases
from forecast.studies.gravity_half.record import Floats, Outlook

__all__ = [
    "check_history",
    "draw_growth",
    "history_reporter",
    "log_growths",
    "look_ahead",
]

FEWEST = 8
"""Growth rates that must be known before the first forecast of the check."""


def log_growths(yearly: pd.Series) -> pd.Series:
    """Log growth over the year before, by year, where that year is known.

    Examples
    --------
    >>> yearly = pd.Series([100.0, 110.0, 121.0], [2000, 2001, 2003])
    >>> log_growths(yearly).round(3).to_dict()
    {2001: 0.095}
    """
    ordered = yearly.sort_index()
    consecutive = np.diff(ordered.index.to_numpy()) == 1
    growth = pd.Series(
        np.diff(np.log(ordered.to_numpy(float))), ordered.index[1:], name="growth"
    )
    return growth[consecutive]


def history_reporter(figures: Releases, named: str) -> str:
    """Return the reporter named, or the one with most growth rates between whole years."""
    if named:
        return named
    known = {
        reporter: len(log_growths(figures.for_reporter(reporter).yearly()))
        for reporter in figures.reporters
    }
    return max(sorted(known), key=lambda reporter: known[reporter])


def draw_growth(past: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Draw the log growth of the next year.

    Parameters
    ----------
    past : float array of shape (n,)
        Two or more.
    size : int
    rng : Generator

    Returns
    -------
    float array of shape (size,)
    """
    n = past.size
    wide = float(past.std(ddof=1)) * np.sqrt(1 + 1 / n)
    drawn: Floats = float(past.mean()) + wide * rng.standard_t(n - 1, size)
    return drawn


def check_history(growths: pd.Series, fewest: int = FEWEST) -> pd.DataFrame:
    """Forecast each past year from the years before it.

    Returns
    -------
    DataFrame
        ``year``, ``known`` (growth rates before it), ``growth_%``, ``median_%``,
        ``low_80``, ``high_80``, ``low_95``, ``high_95`` (per cent), ``inside_80``,
        ``inside_95``.
    """
    from scipy.stats import t as student

    rows = []
    for k in range(fewest, len(growths)):
        past, truth = growths.iloc[:k].to_numpy(), 100 * np.expm1(growths.iloc[k])
        wide = past.std(ddof=1) * np.sqrt(1 + 1 / k)
        ends = {
            level: [
                100 * np.expm1(past.mean() + sign * wide * student.ppf(p, k - 1))
                for sign in (-1, 1)
            ]
            for level, p in ((80, 0.9), (95, 0.975))
        }
        rows.append(
            {
                "year": int(growths.index[k]),
                "known": k,
                "growth_%": truth,
                "median_%": 100 * np.expm1(past.mean()),
                **{
                    f"{side}_{level}": ends[level][i]
                    for level in ends
                    for i, side in enumerate(("low", "high"))
                },
                **{
                    f"inside_{level}": bool(ends[level][0] <= truth <= ends[level][1])
                    for level in ends
                },
            }
        )
    columns = ["year", "known", "growth_%", "median_%", "low_80", "high_80"]
    columns += ["low_95", "high_95", "inside_80", "inside_95"]
    return pd.DataFrame(rows, columns=columns)


def look_ahead(
    level: Floats,
    year: int,
    figures: Releases,
    named: str,
    rng: np.random.Generator,
    *,
    level_reporter: str = "",
) -> Outlook | None:
    """Multiply the paths of this year by growth of the next; None without a history.

    Parameters
    ----------
    level : float array of shape (P,)
        Of the nowcast's year.
    year : int
        The next one.
    figures : Releases
        As known.
    named : str
        Reporter of the history, or "".
    rng : Generator
    level_reporter : str
        Whose `level` is.
    """
    reporter = history_reporter(figures, named)
    growths = log_growths(figures.for_reporter(reporter).yearly())
    growths = growths[growths.index < year - 1]
    if len(growths) < FEWEST:
        return None
    growth = draw_growth(growths.to_numpy(), level.size, rng)
    return Outlook(
        year,
        level * np.exp(growth),
        100 * np.expm1(growth),
        check_history(growths),
        reporter,
        level_reporter,
    )
