"""The ladder of statuses: what counts as having happened, and what does not.

A visit that is discussed has not taken place. Every event stands on one rung of
the ladder; indicators count what is `HAPPENED` unless they are told otherwise.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import pandas as pd

from forecast.errors import KeyColumnError

__all__ = [
    "HAPPENED",
    "IN_FORCE",
    "RELATIONS",
    "STATUSES",
    "at_least",
    "has_happened",
    "status_rank",
    "unknown_words",
]

_RANKS = {
    "cancelled": 0,
    "postponed": 0,
    "possible": 1,
    "interest": 2,
    "discussed": 3,
    "planned": 4,
    "agreed": 5,
    "signed": 6,
    "operating": 7,
    "in force": 7,
    "held": 7,
    "ended": 8,
}
STATUSES = tuple(_RANKS)
"""The ladder of statuses, lowest rung first.

``operating``, ``in force`` and ``held`` (of visits and meetings) share one rung;
``cancelled`` and ``postponed`` stand below the ladder.
"""


def at_least(status: str) -> tuple[str, ...]:
    """Return `status` and all higher rungs of the ladder, for the filter of a recipe.

    Raises
    ------
    KeyColumnError
        F-363 when there is no such status.

    Examples
    --------
    >>> at_least("signed")
    ('signed', 'operating', 'in force', 'held', 'ended')
    """
    if status not in _RANKS:
        raise unknown_words("status", [status], STATUSES)
    return tuple(name for name, rank in _RANKS.items() if rank >= _RANKS[status])


HAPPENED = at_least("agreed")
"""Statuses that count by default: what is possible, discussed or planned has not happened."""

IN_FORCE = ("operating", "in force", "ended")
"""Statuses of what works from its date on (`ended`: until the day it ended)."""

RELATIONS = ("exactly", "at least", "at most", "about")


def status_rank(statuses: pd.Series) -> pd.Series:
    """Return the rung of each status; no status given counts as happened (99)."""
    return statuses.map(_RANKS).fillna(99).astype(int)


def has_happened(statuses: pd.Series) -> pd.Series:
    """Tell which statuses mean that something happened; none given means so, too."""
    return status_rank(statuses) >= _RANKS["agreed"]


def unknown_words(
    column: str, words: Iterable[str], vocabulary: Sequence[str]
) -> KeyColumnError:
    """Say which words are not understood and guess what was meant."""
    listed = list(words)
    distinct = sorted(set(listed))
    guesses = [
        g for w in distinct for g in difflib.get_close_matches(w, vocabulary, n=1)
    ]
    meant = f" Did you mean {guesses}?" if guesses else ""
    return KeyColumnError(
        f"{len(listed)} entries of {column!r} are not understood",
        code="F-363",
        column=column,
        count=len(listed),
        examples=[repr(word) for word in distinct],
        remedy=f"Known are {list(vocabulary)}.{meant}",
    )
