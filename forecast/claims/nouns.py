"""`Claim` says what is claimed, `Card` what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from forecast.errors import ClaimError
from forecast.escaping import escape_html
from forecast.periods import parse_date
from forecast.releases import year_of

LARGEST_FRACTION = 5.0

Relation = Literal["about", "at least", "at most"]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed. Build it with `level`, `record`, `growth` or `share`.

    Attributes
    ----------
    kind : {"level", "record", "growth", "share"}
    year : int
        The year that the claim is about.
    value : float or None
        Level in the unit of the data, growth as a fraction, or the least share.
    relation : {"about", "at least", "at most"}
    is_record : bool
        A level that is also called a record.
    cause : str
        What the growth is said to be due to (kind "share").
    reporter : str or None
        Whose statistics the claim is about; None: whichever are there.
    text, by, source : str
        The sentence, who said it, and where it is printed.
    said_on : Timestamp or None
        The day of the statement: the default as-of date of its check.

    Examples
    --------
    >>> Claim.level(year=2021, value=20_000, record=True, said_on="2021-09-30")
    Claim: the level of 2021 is about 20,000, a record (said on 2021-09-30)
    """

    kind: Literal["level", "record", "growth", "share"]
    year: int
    value: float | None = None
    relation: Relation = "about"
    is_record: bool = False
    cause: str = ""
    reporter: str | None = None
    text: str = ""
    by: str = ""
    source: str = ""
    said_on: pd.Timestamp | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "year", year_of(self.year))
        if self.value is not None:
            object.__setattr__(self, "value", _number(self.value))
        if self.kind not in ("level", "record", "growth", "share"):
            raise ClaimError(
                f"there is no claim of the kind {self.kind!r}",
                code="F-801",
                remedy="Build one with Claim.level, record, growth or share.",
            )
        if self.relation not in ("about", "at least", "at most"):
            raise ClaimError(
                f"a claim cannot have the relation {self.relation!r}",
                code="F-801",
                remedy="Use 'about', 'at least' or 'at most'.",
            )
        if self.kind == "level" and self.value is None:
            raise ClaimError(
                "a level is claimed without a value",
                code="F-802",
                remedy="Give the value in the unit of the data, or claim a record.",
            )
        if (
            self.kind in ("level", "record")
            and self.value is not None
            and self.value <= 0
        ):
            raise ClaimError(
                f"a level of {self.value:g} cannot be claimed",
                code="F-802",
                remedy="Levels of trade are positive; give the value in the unit of the data.",
            )
        least = {"growth": -1.0, "share": 0.0}.get(self.kind, -np.inf)
        if self.kind in ("growth", "share") and (
            self.value is None or not least < self.value <= LARGEST_FRACTION
        ):
            raise ClaimError(
                f"a {self.kind} of {self.value} is no possible fraction",
                code="F-803",
                remedy="34 per cent is 0.34.",
            )

    @classmethod
    def level(
        cls,
        year: int,
        value: float,
        *,
        record: bool = False,
        relation: Relation = "about",
        **said: Any,
    ) -> Self:
        """Claim that the total of `year` is about, at least or at most `value`.

        Parameters
        ----------
        year : int
        value : float
            In the unit of the data that it will be checked with.
        record : bool, default False
            It is also called a record.
        relation : {"about", "at least", "at most"}
        **said
            ``text, by, source, said_on, reporter``.
        """
        return cls("level", year, value, relation, record, **_said(said))

    @classmethod
    def record(cls, year: int, value: float | None = None, **said: Any) -> Self:
        """Claim that `year` is a record, at `value` or at whatever level it reaches."""
        return cls("record", year, value, is_record=True, **_said(said))

    @classmethod
    def growth(
        cls, year: int, value: float, *, relation: Relation = "about", **said: Any
    ) -> Self:
        """Claim that the total of `year` grows by `value` (a fraction) year on year."""
        return cls("growth", year, value, relation, **_said(said))

    @classmethod
    def share(
        cls,
        year: int,
        cause: str = "cooperation",
        *,
        at_least: float = 0.5,
        **said: Any,
    ) -> Self:
        """Claim that the growth of `year` is due to `cause`, by a share of at least `at_least`.

        "Thanks to" without a number is read as "more than half".
        """
        return cls("share", year, at_least, "at least", cause=cause, **_said(said))

    def __repr__(self) -> str:
        said = f" (said on {self.said_on:%Y-%m-%d})" if self.said_on is not None else ""
        record = ", a record" if self.is_record else ""
        what = {
            "level": f"the level of {self.year} is {self.relation} {self.value or 0:,g}{record}",
            "record": f"{self.year} is a record",
            "growth": f"the growth of {self.year} is {self.relation} {self.value or 0:.1%}",
            "share": f"the growth of {self.year} is thanks to {self.cause}",
        }[self.kind]
        return f"Claim: {what}{said}"


@dataclass(frozen=True)
class Card:
    """What became of a claim.

    Attributes
    ----------
    claim : Claim
    verdict : str
        ``"holds"``, ``"fails"``, ``"cannot be told"``; for a cause ``"supported"``,
        ``"not supported"``, ``"cannot be told"``.
    headline : str
        One or two sentences for a reader in a hurry.
    number : float
        The number behind the verdict; `number_is` says what it is.
    number_is : str
    evidence : DataFrame
        The figures that were compared, one a row, each with its source.
    sources : tuple of str
    would_change : tuple of str
        What would turn the verdict.
    as_of : Timestamp or None
    parts : tuple of Card
        Cards of the single statements in a claim that makes several.

    Examples
    --------
    >>> from forecast import check, datasets
    >>> figures = datasets.rus_kaz_figures()
    >>> card = check(Claim.level(2021, 20_000, said_on="2021-09-30"), figures)
    >>> print(f"{card.verdict}: {card.number_is} is {card.number:.1%}")
    fails: probability that the level of 2021 is at most 20,000 (Russia) is 0.4%
    """

    claim: Claim
    verdict: str
    headline: str
    number: float
    number_is: str
    evidence: pd.DataFrame = field(repr=False)
    sources: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    as_of: pd.Timestamp | None = None
    parts: tuple[Card, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row for the card and one for each of its parts."""
        rows = [self, *self.parts]
        return pd.DataFrame(
            {
                "claim": [card.claim.text or repr(card.claim) for card in rows],
                "kind": [card.claim.kind for card in rows],
                "verdict": [card.verdict for card in rows],
                "headline": [card.headline for card in rows],
                "number": [card.number for card in rows],
                "number_is": [card.number_is for card in rows],
                "as_of": [card.as_of for card in rows],
                "would_change": [" ".join(card.would_change) for card in rows],
                "sources": [" ; ".join(card.sources) for card in rows],
            }
        )

    def __repr__(self) -> str:
        lines = [
            f"{self.claim.text or self.claim!r}",
            f"  {self.verdict.upper()}: {self.headline}",
            f"  {self.number_is}: {self.number:.4g}",
            *(f"  would change it: {sentence}" for sentence in self.would_change),
            *(f"  source: {source}" for source in self.sources[:5]),
        ]
        return "\n".join([*lines, *(repr(part) for part in self.parts)])

    def _repr_html_(self) -> str:
        parts = "".join(part._repr_html_() for part in self.parts)
        return (
            f"<div><p><b>{escape_html(self.claim.text or repr(self.claim))}</b></p>"
            f"<p><b>{escape_html(self.verdict)}</b>: {escape_html(self.headline)}</p></div>{parts}"
        )


def _number(value: Any) -> float:
    """Read a claimed number; NaN and infinity are no claims."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise ClaimError(
            f"{value!r} is no number that can be claimed",
            code="F-806",
            remedy="Give a plain number: a level in the unit of the data, 34 per cent as 0.34.",
        )
    return number


def _said(said: dict[str, Any]) -> dict[str, Any]:
    """Check the who, when and where of a claim."""
    unknown = set(said) - {"text", "by", "source", "said_on", "reporter"}
    if unknown:
        raise ClaimError(
            f"a claim has no {sorted(unknown)}",
            code="F-805",
            remedy="It has text, by, source, said_on and reporter.",
        )
    if said.get("said_on") is not None:
        said["said_on"] = parse_date(said["said_on"])
    return said
