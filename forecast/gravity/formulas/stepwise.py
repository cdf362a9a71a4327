"""Stepwise lists: several models in one formula, as fixest defines them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from forecast.gravity.formulas.algebra import STEPS, too_many
from forecast.gravity.formulas.tokens import Reader, Token

__all__ = ["Steps", "alternatives", "read_steps", "sees_steps"]

T = TypeVar("T")


@dataclass(frozen=True)
class Steps(Generic[T]):
    """Alternatives at one place of a formula; each is a list of terms or effects."""

    options: tuple[tuple[T, ...], ...]


def sees_steps(reader: Reader) -> bool:
    """Tell whether a stepwise list comes next."""
    return reader.peek().text in STEPS and reader.peek(1).text == "("


def read_steps(reader: Reader, read: Callable[[Reader], tuple[T, ...]]) -> Steps[T]:
    """Read ``sw(...)`` and its kin into the alternatives that they stand for."""
    name = reader.take()
    reader.expect("(")
    listed = [read(reader)]
    while reader.accept(","):
        listed.append(read(reader))
    reader.expect(")", "Steps are separated by commas: csw(x1, x2 + x3).")
    return Steps(_options(reader, name, listed))


def _options(
    reader: Reader, name: Token, listed: list[tuple[T, ...]]
) -> tuple[tuple[T, ...], ...]:
    """Return the alternatives of a stepwise list, as fixest defines them."""
    if name.text == "mvsw":
        if len(listed) > 10:
            raise too_many(reader)
        sizes = range(len(listed) + 1)
        chosen = [c for size in sizes for c in itertools.combinations(listed, size)]
        return tuple(tuple(itertools.chain.from_iterable(some)) for some in chosen)
    if name.text.startswith("csw"):
        listed = list(itertools.accumulate(listed, lambda before, more: before + more))
    return ((), *listed) if name.text.endswith("0") else tuple(listed)


def alternatives(
    reader: Reader, pieces: Sequence[tuple[T, ...] | Steps[T]]
) -> list[tuple[T, ...]]:
    """Put each alternative of the stepwise list into its place among the others."""
    if sum(isinstance(piece, Steps) for piece in pieces) > 1:
        raise reader.error(
            "two stepwise lists in one part of the formula",
            "One among the regressors and one among the effects are possible.",
        )
    choices = [
        piece.options if isinstance(piece, Steps) else (piece,) for piece in pieces
    ]
    return [
        tuple(itertools.chain.from_iterable(chosen))
        for chosen in itertools.product(*choices)
    ]
