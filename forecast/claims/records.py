"""The rule for records: every series for itself, with what it knows of the past."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.claims.finding import FAILS, HOLDS, UNKNOWN, Finding, Said, silent, unique
from forecast.claims.levels import SURE
from forecast.claims.views import by_reporter, levels_of, panel_totals, published
from forecast.panel import TradePanel
from forecast.releases import Releases

YEARS_FOR_A_RECORD = 10
BELOW = ("almost", "up to")  # such a figure is not as high as it says
ABOVE = ("more than", "at least")  # such a figure may be higher than it says


def find_record(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None, seed: int
) -> Finding:
    """Compare with the highest earlier year of every series, each for itself."""
    past = _past_highs(claim, data, date)
    views = levels_of(claim, data, date, seed, required=False)
    if past.empty or (claim.value is None and not views):
        raise silent(claim)
    if views:
        own = {view.reporter: view for view in views}
        past["chance_to_beat_it"] = [
            1 - own[reporter].share_below(high)
            if reporter in own
            else np.nan  # levels of two reporters are not one series
            for reporter, high in zip(past["reporter"], past["highest"], strict=True)
        ]
    value = float(np.median(views[0].draws)) if claim.value is None else claim.value
    past["claimed"] = value
    past["verdict"] = _verdicts(past, value, sampled=claim.value is None)
    verdicts = set(past["verdict"])
    verdict = FAILS if FAILS in verdicts else HOLDS if verdicts == {HOLDS} else UNKNOWN
    top = past.sort_values("highest", ascending=False)
    higher = top[top["verdict"] == FAILS]
    named = "; ".join(
        f"{row.highest:,.5g} in {row.year_of_it} ({row.reporter})"
        for row in higher.itertuples()
    )
    headline = {
        FAILS: f"{value:,.5g} {data.measure} is no record on the sources that have {named}.",
        HOLDS: f"no earlier year of any series reaches {value:,.5g} {data.measure}.",
        UNKNOWN: "no series settles it: too few earlier years are known, or too close ones.",
    }[verdict]
    return Finding(
        verdict=verdict,
        headline=headline,
        number=float(top["highest"].iloc[0]),
        number_is=f"highest earlier year ({top['reporter'].iloc[0]}), {data.measure}",
        evidence=top.reset_index(drop=True),
        sources=unique(top["source"]),
        would_change=(
            "A record must name its series: another reporter, unit (constant prices, roubles) "
            "or span can turn it.",
            "A full yearly series of one reporter would decide it for that reporter.",
        ),
    )


def _verdicts(past: pd.DataFrame, value: float, *, sampled: bool) -> np.ndarray:
    """Judge every series: a stated value is compared, a year still open by its paths."""
    known = past["years_known"] >= YEARS_FOR_A_RECORD
    known &= ~past["relation"].isin(ABOVE)
    if sampled:
        chance = past["chance_to_beat_it"]
        return np.select(
            [chance <= 1 - SURE, known & (chance >= SURE)], [FAILS, HOLDS], UNKNOWN
        )
    strictly = past["relation"].isin(BELOW)
    reached = np.where(strictly, past["highest"] > value, past["highest"] >= value)
    return np.select([reached, known], [FAILS, HOLDS], UNKNOWN)


def _past_highs(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None
) -> pd.DataFrame:
    """Highest earlier year of every series, with how much of the past it knows."""
    rows = []
    for reporter, own in by_reporter(claim, data, date):
        totals = panel_totals(own) if isinstance(own, TradePanel) else _whole(own)
        totals = totals[totals.index < claim.year]
        earlier = totals["total"]
        if earlier.empty:
            continue
        when = int(earlier.index[int(earlier.argmax())])
        top = published(own, when)
        relation = top.relation if top else "at least"
        rows.append(
            {
                "reporter": reporter,
                "unit": data.measure,
                "highest": float(earlier.max()),
                "relation": relation,
                "year_of_it": when,
                "first_year": int(earlier.index.min()),
                "last_year": int(earlier.index.max()),
                "years_known": int(totals["whole"].sum()),
                "source": top.source if top else "",
            }
        )
    return pd.DataFrame(rows)


def _whole(own: Releases) -> pd.DataFrame:
    return own.yearly().to_frame("total").assign(whole=True)
