"""What a rule found; the fields of a card that are not about the claim itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from forecast.errors import ClaimError

HOLDS, FAILS, UNKNOWN = "holds", "fails", "cannot be told"
NOT_SUPPORTED = "not supported"


class Said(Protocol):
    """The part of a claim that the rules look at."""

    @property
    def year(self) -> int: ...
    @property
    def value(self) -> float | None: ...
    @property
    def relation(self) -> str: ...
    @property
    def reporter(self) -> str | None: ...
    @property
    def cause(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdict, the number behind it, the figures compared, sources, what would turn it."""

    verdict: str
    headline: str
    number: float
    number_is: str
    evidence: pd.DataFrame
    sources: tuple[str, ...]
    would_change: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """How a number is printed, without and with its unit."""

    form: str
    unit: str = ""

    def __call__(self, value: float) -> str:
        return self.form.format(value)

    def whole(self, value: float) -> str:
        return self(value) + self.unit


def silent(claim: Said) -> ClaimError:
    """The data say nothing of the year."""
    return ClaimError(
        f"the data say nothing of {claim.year}, or not of every unit",
        code="F-804",
        remedy="Give figures of that year or of the years before, or a later as_of; "
        "panel.square() fills zeros where absent means none.",
    )


def unique(sources: Iterable[object]) -> tuple[str, ...]:
    """Each source once, in order, without empty ones."""
    return tuple(dict.fromkeys(str(s) for s in sources if s and str(s) != "nan"))
