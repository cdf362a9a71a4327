"""Names of pairs that are the same in both directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import KeyColumnError, TableError
from forecast.panel.groupings import Ends, dense

__all__ = ["pair_ids"]


def pair_ids(ends: Ends, *, domestic: str, separator: str) -> NDArray[Any]:
    """Join the smaller and the larger code of each pair.

    Parameters
    ----------
    ends : Ends
        Of n rows.
    domestic : {"own", "one"}
        Whether flows of a region to itself have an id for each region ("KAZ-KAZ") or
        all together one ("domestic").
    separator : str

    Returns
    -------
    object array of shape (n,)

    Raises
    ------
    TableError
        F-106 another word in `domestic`.
    KeyColumnError
        F-337 when two pairs would have one id.

    Examples
    --------
    >>> import pandas as pd
    >>> ends = Ends(np.array([1, 0]), np.array([0, 1]), pd.Index(["KAZ", "RUS"]))
    >>> pair_ids(ends, domestic="own", separator="-").tolist()
    ['KAZ-RUS', 'KAZ-RUS']
    """
    if domestic not in {"own", "one"}:
        raise TableError(
            f"domestic={domestic!r} is not possible",
            code="F-106",
            remedy='Use domestic="own" or domestic="one".',
        )
    small = np.minimum(ends.origin, ends.destination)
    large = np.maximum(ends.origin, ends.destination)
    pairs = dense(small, large)
    _, first = np.unique(pairs, return_index=True)
    texts = [str(region) for region in ends.regions]
    names = [
        "domestic"
        if domestic == "one" and small[i] == large[i]
        else f"{texts[small[i]]}{separator}{texts[large[i]]}"
        for i in first
    ]
    _refuse_same(names, [(texts[small[i]], texts[large[i]]) for i in first])
    return np.array(names, dtype=object)[pairs]


def _refuse_same(names: list[str], pairs: list[tuple[str, str]]) -> None:
    owners: dict[str, tuple[str, str]] = {}
    clashes = []
    for name, pair in zip(names, pairs, strict=True):
        other = owners.setdefault(name, pair)
        if other != pair and (other[0] != other[1] or pair[0] != pair[1]):
            clashes.append(f"{name}: {other} and {pair}")
    if clashes:
        raise KeyColumnError(
            f"{len(clashes):,} ids would stand for two pairs",
            code="F-337",
            count=len(clashes),
            examples=clashes,
            remedy="Choose a separator that is not in the codes: separator='|'.",
        )
