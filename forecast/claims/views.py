"""What each reporter's data say of a year: a published value, or sample paths of a nowcast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.claims.finding import Said, silent
from forecast.errors import PeriodError
from forecast.nowcasting import Nowcast, nowcast
from forecast.panel import TradePanel
from forecast.releases import Releases

Floats = NDArray[np.floating[Any]]

EXACT = ("equal", "about")


@dataclass(frozen=True, slots=True)
class View:
    """What one reporter's figures say of a year: a published value or sample paths."""

    reporter: str
    what: str
    draws: Floats
    source: str
    months: int = 12
    relation: str = "equal"

    @property
    def published(self) -> bool:
        return self.draws.size == 1

    def share_below(self, value: float) -> float:
        return float((self.draws <= value).mean())


def levels_of(
    claim: Said,
    data: Releases | TradePanel,
    date: pd.Timestamp | None,
    seed: int,
    required: bool = True,
) -> list[View]:
    """Every reporter's published total of the year, or else its nowcast."""
    views = []
    for reporter, own in by_reporter(claim, data, date):
        actual = published(own, claim.year)
        if actual is not None:
            views.append(_of_published(reporter, actual))
            continue
        year = _nowcast(data, claim.year, date, reporter, seed)
        total = None if year is None else _total(year)
        if year is not None and total is not None:
            views.append(_view(year, total, own, reporter))
    if required and not views:
        raise silent(claim)
    return views


def growths_of(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None, seed: int
) -> list[View]:
    """Every reporter's growth of the year: published, or from its nowcast."""
    views = []
    for reporter, own in by_reporter(claim, data, date):
        said = _published_growth(own, claim.year)
        if said is not None:
            views.append(_of_published(reporter, said))
            continue
        year = _nowcast(data, claim.year, date, reporter, seed)
        growth = None if year is None else _growth(year, own)
        if year is not None and growth is not None:
            views.append(_view(year, growth, own, reporter))
    if not views:
        raise silent(claim)
    return views


def by_reporter(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None
) -> Iterable[tuple[str, Releases | TradePanel]]:
    """Each reporter's data for itself, cut at the date."""
    known = data if date is None else data.as_of(date)
    nameless = ("the panel",) if isinstance(known, TradePanel) else ()
    for reporter in known.reporters or nameless:
        if claim.reporter not in (None, reporter):
            continue
        if isinstance(known, Releases):
            yield reporter, known.for_reporter(reporter)
        elif len(known.reporters) > 1:
            yield reporter, known.select(**{str(known.reporter): reporter})
        else:
            yield reporter, known


def _nowcast(
    data: Releases | TradePanel,
    year: int,
    date: pd.Timestamp | None,
    reporter: str,
    seed: int,
) -> Nowcast | None:
    many = len(data.reporters) > 1
    if isinstance(data, TradePanel) and data.freq == "Y":
        return None
    try:
        return nowcast(data, year, date, reporter=reporter if many else None, seed=seed)
    except PeriodError as silence:
        if silence.code == "F-461":
            return None
        raise


def _of_published(reporter: str, said: Published) -> View:
    return View(
        reporter,
        "published",
        np.array([said.value]),
        said.source,
        relation=said.relation,
    )


def _total(year: Nowcast) -> Floats | None:
    """Paths of the year over all units; None where a unit is silent: absent is not zero."""
    known = 0.0 if year.left_out.empty else year.left_out["known"].sum(skipna=False)
    if year.forecast.quantity != "level" or np.isnan(known):
        return None
    return np.asarray(year.forecast.draws[:, 0, :].sum(axis=0) + known)


def _growth(year: Nowcast, own: Releases | TradePanel) -> Floats | None:
    """Paths of the growth, a fraction; of a panel: of the total over its units."""
    if isinstance(own, Releases):
        return None if year.growth is None else year.growth.draws[0, 0] / 100
    total, before = _total(year), published(own, year.year - 1)
    if total is None or before is None or before.value <= 0:
        return None
    return total / before.value - 1


def _view(
    year: Nowcast, draws: Floats, own: Releases | TradePanel, reporter: str
) -> View:
    months = int(year.evidence["months"].max())
    source = ""
    if isinstance(own, Releases):
        part = own.part_years(year.year)
        source = str(part["source"].iloc[-1])
    return View(reporter, f"nowcast from {months} months", draws, source, months)


@dataclass(frozen=True, slots=True)
class Published:
    """A published total of a year."""

    value: float
    relation: str
    source: str


def published(own: Releases | TradePanel, year: int) -> Published | None:
    """Total of a whole year, if it is known."""
    if isinstance(own, TradePanel):
        totals = panel_totals(own)
        known = year in totals.index and bool(totals["whole"][year])
        if not known:
            return None
        return Published(float(totals["total"][year]), "equal", "the panel")
    yearly = own.yearly()
    if year not in yearly.index:
        return None
    table = own.table
    of_year = (table["period_start"].dt.year == year) & (
        table["period_end"].dt.year == year
    )
    row = table[of_year & (table["value"] == yearly[year])].iloc[-1]
    return Published(float(yearly[year]), str(row["relation"]), str(row["source"]))


def _published_growth(own: Releases | TradePanel, year: int) -> Published | None:
    """Growth of a whole year: from both totals, else as it was said."""
    now, before = published(own, year), published(own, year - 1)
    if now is not None and before is not None and before.value > 0:
        relation = now.relation if before.relation in EXACT else "about"
        return Published(now.value / before.value - 1, relation, now.source)
    if isinstance(own, TradePanel):
        return None
    whole = (own.table["period_start"] == pd.Timestamp(year, 1, 1)) & (
        own.table["period_end"] == pd.Timestamp(year, 12, 31)
    )
    said = own.table[whole & own.table["growth"].notna()]
    if said.empty:
        return None
    row = said.iloc[-1]
    return Published(float(row["growth"]), str(row["relation"]), str(row["source"]))


def growth_so_far(
    own: Releases | TradePanel, year: int
) -> tuple[float, str, str] | None:
    """Latest growth known of the year or its first months: value, what it is, source."""
    whole = _published_growth(own, year)
    if whole is not None:
        return whole.value, f"{year}", whole.source
    if isinstance(own, TradePanel):
        return None
    part = own.part_years(year)
    part = part[part["growth"].notna()]
    if part.empty:
        return None
    row = part.iloc[-1]
    return float(row["growth"]), f"Jan–{row['period_end']:%b %Y}", str(row["source"])


def panel_totals(panel: TradePanel) -> pd.DataFrame:
    """Sums of whole years over units, by year: ``total``, and ``whole`` if none is missing.

    A year that some units lack has a total too, as a lower bound.
    """
    try:
        yearly = panel if panel.freq == "Y" else panel.aggregate("Y")
    except PeriodError as nothing:
        if nothing.code != "F-424":
            raise
        return pd.DataFrame({"total": [], "whole": []}, dtype=float)
    frame = yearly.to_frame()
    years = pd.PeriodIndex(frame[yearly.period]).year
    sums = frame.groupby(years)[yearly.flow].agg(total="sum", known="count")
    return sums.assign(whole=sums["known"] == len(panel.units))
