"""Loops that number the levels of key columns, by counting instead of sorting."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from forecast.kernels.jit import jit

Array = NDArray[Any]

__all__ = [
    "mark_pairs",
    "mark_values",
    "number_values",
    "rank_codes",
    "rank_pairs",
    "rank_values",
    "span",
]


@jit
def span(values: Array) -> tuple[Any, Any]:
    """Return the least and the greatest of whole numbers (n,)."""
    least = values[0]
    greatest = values[0]
    for i in range(values.size):
        least = min(least, values[i])
        greatest = max(greatest, values[i])
    return least, greatest


@jit
def mark_values(values: Array, least: int, seen: Array) -> None:
    """Mark in `seen` (greatest - least + 1,) which of the values (n,) occur."""
    for i in range(values.size):
        seen[values[i] - least] = True


@jit
def number_values(values: Array, least: int, seen: Array, codes: Array) -> None:
    """Write how far each value is above the `least` into `codes` (n,); mark it in `seen`."""
    for i in range(values.size):
        seen[values[i] - least] = True
        codes[i] = values[i] - least


@jit
def rank_codes(ranks: Array, codes: Array) -> None:
    """Write ranks (levels,) over the codes (n,) that they belong to."""
    for i in range(codes.size):
        codes[i] = ranks[codes[i]]


@jit
def rank_values(values: Array, least: int, ranks: Array, codes: Array) -> None:
    """Write the rank of each value into `codes` (n,)."""
    for i in range(values.size):
        codes[i] = ranks[values[i] - least]


@jit
def mark_pairs(first: Array, second: Array, width: int, seen: Array) -> None:
    """Mark in `seen` (levels of first * width,) which pairs of codes (n,) occur.

    A pair with a missing code, -1, is no pair.
    """
    for i in range(first.size):
        if first[i] >= 0 and second[i] >= 0:
            seen[first[i] * width + second[i]] = True


@jit
def rank_pairs(
    first: Array, second: Array, width: int, ranks: Array, codes: Array
) -> None:
    """Write the rank of each pair of codes into `codes` (n,); -1 where one is missing."""
    for i in range(first.size):
        if first[i] >= 0 and second[i] >= 0:
            codes[i] = ranks[first[i] * width + second[i]]
        else:
            codes[i] = -1
