"""Agreements of the pair: which were in force when, and what that is in terms of a model."""

from __future__ import annotations

import pandas as pd

__all__ = ["TERMS", "changes_of_terms", "in_force"]

PHASE = 4
BEGINS, ENDS = ("base_treaty", "accession"), ("withdrawal",)
TERMS = ("agreement", "agreement_4y")
"""Terms that the list of agreements gives a value to."""


def in_force(agreements: pd.DataFrame, year: int) -> list[str]:
    """Ids of the agreements in force between the two at the end of `year`.

    A treaty or an accession to one begins, a withdrawal ends what belongs to the same
    ``base_treaty`` (the id itself where that column is missing). An agreement without a
    year of entry is not counted: it may never have entered. Entries that concern third
    parties only do not belong into the table.

    Examples
    --------
    >>> from forecast import datasets
    >>> in_force(datasets.rus_kaz_agreements(), 1995)
    ['244']
    """
    known = agreements[agreements["year_in_force"] <= year]
    treaty = known["base_treaty"] if "base_treaty" in known else known["id"]
    ended = set(treaty[known["entry_type"].isin(ENDS)].astype(str))
    begun = known["entry_type"].isin(BEGINS) & ~treaty.astype(str).isin(ended)
    return sorted(known.loc[begun, "id"].astype(str))


def changes_of_terms(agreements: pd.DataFrame, year: int) -> pd.DataFrame:
    """Value of each term in `year` and in the year before.

    Returns
    -------
    DataFrame
        ``term``, ``before``, ``in_year``, ``change``, and ``new``: the agreements that
        entered into force in the year, or whose phase-in ended.

    Examples
    --------
    >>> from forecast import datasets
    >>> table = changes_of_terms(datasets.rus_kaz_agreements(as_of="2021-10-19"), 2021)
    >>> table[["term", "before", "in_year", "change"]].values.tolist()
    [['agreement', 1.0, 1.0, 0.0], ['agreement_4y', 1.0, 1.0, 0.0]]
    """
    rows = []
    for term, lag in zip(TERMS, (0, PHASE), strict=True):
        now, before = (in_force(agreements, year - lag - k) for k in (0, 1))
        rows.append(
            {
                "term": term,
                "before": float(bool(before)),
                "in_year": float(bool(now)),
                "change": float(bool(now)) - float(bool(before)),
                "new": ", ".join(sorted(set(now) - set(before))),
            }
        )
    return pd.DataFrame(rows)
