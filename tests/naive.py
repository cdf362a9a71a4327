"""Plain twins of fast code: slow, short and obvious."""

from __future__ import annotations


def numbered(values):
    """Codes of values by their place among the sorted different ones; -1 where None."""
    levels = sorted({value for value in values if value is not None})
    return [-1 if value is None else levels.index(value) for value in values], levels


def numbered_together(*codes):
    """Codes of combinations of codes, in sorted order; -1 where one is missing."""
    rows = [None if min(row) < 0 else row for row in zip(*codes, strict=True)]
    return numbered(rows)
