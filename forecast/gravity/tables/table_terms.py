"""Which terms a table or a figure of models shows, in which order, under which label."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from forecast.errors import ModelError
from forecast.gravity.fit import GravityFit

__all__ = ["labelled_terms", "select_terms", "terms_in_order"]


def terms_in_order(fits: Sequence[GravityFit]) -> list[str]:
    """All terms as they come; a constant last."""
    terms = dict.fromkeys(term for fit in fits for term in fit.terms)
    return sorted(terms, key=lambda term: term == "Intercept")


def select_terms(
    terms: Sequence[str],
    keep: Sequence[str],
    drop: Sequence[str],
    order: Sequence[str],
) -> list[str]:
    """Terms to show, in the order in which they are shown."""
    kept = matching(terms, keep) if keep else terms
    dropped = set(matching(terms, drop))
    first = dict.fromkeys(matching(terms, order))
    left = [term for term in terms if term in set(kept) and term not in dropped]
    return [*(t for t in first if t in left), *(t for t in left if t not in first)]


def matching(terms: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Terms that one of the patterns names, pattern by pattern."""
    found = []
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
        form = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
        hits = [t for t in terms if t == pattern or form.fullmatch(t)]
        if not hits:
            near = difflib.get_close_matches(pattern, terms, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise ModelError(
                f"no model has a term {pattern!r}",
                code="F-594",
                column=pattern,
                examples=terms,
                remedy=f"Use names of terms as estimated, * for any text.{guess}",
            )
        found += hits
    return found


def labelled_terms(
    fits: Sequence[GravityFit], terms: Sequence[str], names: Mapping[str, str]
) -> dict[str, list[str]]:
    """From each label to the terms that share it."""
    labelled: dict[str, list[str]] = {}
    for term in terms:
        labelled.setdefault(names.get(term, term), []).append(term)
    for label, same in labelled.items():
        if any(len(set(same) & set(fit.terms)) > 1 for fit in fits):
            raise ModelError(
                f"{len(same)} terms of one model have the label {label!r}",
                code="F-596",
                column=label,
                count=len(same),
                examples=same,
                remedy="Give each its own label in names=.",
            )
    return labelled
