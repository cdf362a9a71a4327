"""The door: confront a claim with what was known on a day."""

from __future__ import annotations

import pandas as pd

from forecast.attribution import Attribution, PanelEstimates
from forecast.claims.causes import find_share
from forecast.claims.finding import Finding
from forecast.claims.levels import find_growth, find_level
from forecast.claims.nouns import Card, Claim
from forecast.claims.records import find_record
from forecast.errors import ClaimError, TableError
from forecast.events import EventLog
from forecast.panel import TradePanel
from forecast.periods import parse_date
from forecast.releases import Releases


def check(
    claim: Claim,
    data: Releases | TradePanel,
    *,
    as_of: object = None,
    events: EventLog | None = None,
    control: pd.DataFrame | None = None,
    attribution: Attribution | PanelEstimates | None = None,
    seed: int = 0,
) -> Card:
    """Confront a claim with the data known on a day.

    Parameters
    ----------
    claim : Claim
    data : Releases or TradePanel
        Figures by reporter, or the flows themselves.
    as_of : date-like, optional
        Default: the day on which the claim was said, else everything is used.
    events : EventLog, optional
        For a share: the deals behind the accounting ceiling, and placebo events.
    control : DataFrame, optional
        For a share: growth of a control group, columns ``bloc, member, growth, released,
        period_start, period_end, source``; the row whose member is the group itself
        has ``member == bloc``. See `forecast.datasets.bloc_growth`.
    attribution : Attribution or PanelEstimates, optional
        For a share: what a panel of pairs says. Its checks replace "not possible with one
        pair", and an attribution that ends in the claimed year can turn the verdict; the
        rules stand at the head of ``forecast/claims/identification.py``.
    seed : int, default 0

    Returns
    -------
    Card

    Raises
    ------
    ClaimError
        The data say nothing of the year, or not of every unit (F-804), or `claim` is
        none (F-807).

    Examples
    --------
    >>> from forecast import datasets
    >>> card = check(
    ...     Claim.level(2021, 20_000, record=True, said_on="2021-09-30"),
    ...     datasets.rus_kaz_figures(),
    ... )
    >>> card.verdict
    'fails'
    """
    _refuse_impossible(claim, data)
    date = claim.said_on if as_of is None else parse_date(as_of)
    if claim.kind == "share":
        found = find_share(claim, data, date, events, control, seed, attribution)
        return _card(claim, date, found)
    if claim.kind == "record":
        return _card(claim, date, find_record(claim, data, date, seed))
    if claim.kind == "growth":
        return _card(claim, date, find_growth(claim, data, date, seed))
    level = _card(claim, date, find_level(claim, data, date, seed))
    if not claim.is_record:
        return level
    record = _card(claim, date, find_record(claim, data, date, seed))
    return _joined(claim, date, level, record)


def _refuse_impossible(claim: object, data: object) -> None:
    if not isinstance(claim, Claim):
        raise ClaimError(
            f"{claim!r} is no claim",
            code="F-807",
            remedy="Build one with Claim.level, record, growth or share.",
        )
    if not isinstance(data, (TradePanel, Releases)):
        raise TableError(
            f"a claim cannot be checked with {type(data).__name__}",
            code="F-107",
            remedy="Build TradePanel.from_frame or Releases.from_frame first.",
        )


def _card(claim: Claim, date: pd.Timestamp | None, finding: Finding) -> Card:
    return Card(
        claim=claim,
        verdict=finding.verdict,
        headline=finding.headline,
        number=finding.number,
        number_is=finding.number_is,
        evidence=finding.evidence,
        sources=finding.sources,
        would_change=finding.would_change,
        as_of=date,
    )


def _joined(claim: Claim, date: pd.Timestamp | None, level: Card, record: Card) -> Card:
    """A claim of two statements holds if both do and fails if one does."""
    verdicts = {level.verdict, record.verdict}
    verdict = (
        "fails"
        if "fails" in verdicts
        else "holds"
        if verdicts == {"holds"}
        else "cannot be told"
    )
    return Card(
        claim=claim,
        verdict=verdict,
        headline=f"As a forecast it {_says(level)} As a record it {_says(record)}",
        number=level.number,
        number_is=level.number_is,
        evidence=level.evidence,
        sources=tuple(dict.fromkeys((*level.sources, *record.sources))),
        would_change=(*level.would_change, *record.would_change),
        as_of=date,
        parts=(level, record),
    )


def _says(card: Card) -> str:
    return f"{card.verdict}: {card.headline}"
