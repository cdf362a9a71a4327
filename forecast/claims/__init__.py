"""Claims: is a printed sentence about trade true, false, or not to be told from these data?

A `Claim` says what is claimed; `check` confronts it with what was known on a day
and returns a `Card`: verdict, the number behind it, sources, what would change it.

The rules are fixed and printed on the card:

- "about v" fails outside the 95 % prediction interval and holds inside the 80 % one;
- "at least v" (or "at most") holds with a probability of 95 % or more and fails with
  5 % or less;
- a record fails where any series of the past has a year as high; it holds only on a
  series that knows at least ten earlier years;
- "thanks to" is not supported where neither the accounting ceiling nor a control
  group leaves room for it; without pair effects, a leads test and placebo events it
  is never called supported.

Everything between is "cannot be told", which is an answer.
"""

from __future__ import annotations

from forecast.claims.checking import check
from forecast.claims.nouns import Card, Claim

__all__ = ["Card", "Claim", "check"]
