"""The rule for causes: what a cause can account for, and what others got without it.

Two checks that need no model. The **accounting ceiling** is the value of the deals
signed over the growth of the year, as if all of it were delivered at once. The
**control group** is what comparable traders got in the same months. A cause that passes
neither is not supported; one that passes both is still not shown: that takes a panel
with pair effects, a leads test and placebo events (Head and Ries 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.claims.finding import Finding, Said, unique
from forecast.claims.identification import (
    Evidence,
    ending,
    identification_rows,
    verdict_of,
)
from forecast.claims.views import (
    Floats,
    by_reporter,
    growth_so_far,
    growths_of,
    levels_of,
)
from forecast.errors import ColumnError, NumberError
from forecast.events import EventLog
from forecast.evidence import million_dollars
from forecast.panel import TradePanel
from forecast.periods import parse_dates
from forecast.releases import Releases

LITERATURE_HIGH = 0.10  # the top of Nitsch 2007's 8 to 10 % for state visits
MEMBERS_FOR_A_SPREAD = 3
MOST = 0.5
CONTROL_KEYS = ["bloc", "member", "growth"]
CONTROL_NEEDS = [*CONTROL_KEYS, "released", "period_start", "period_end"]

Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Excess:
    """Growth beyond the control group in points, with its 95 % interval."""

    reporter: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.0f} points ({self.low:+.0f} to {self.high:+.0f}; {self.reporter})"


def find_share(
    claim: Said,
    data: Releases | TradePanel,
    date: pd.Timestamp | None,
    events: EventLog | None,
    control: pd.DataFrame | None,
    seed: int,
    attribution: Evidence | None = None,
) -> Finding:
    """Judge "thanks to": the ceiling, the control group, and what is missing to know more."""
    known = events if events is None or date is None else events.as_of(date)
    growth = _growth_in_money(claim, data, date, seed)
    rows: Rows = []
    ceiling = _ceiling(claim, known, growth, data.measure, rows)
    excess = _excess(claim, data, date, control, rows)
    rows += [_literature(), *identification_rows(known, attribution)]
    wanted = MOST if claim.value is None else claim.value
    no_room = ceiling is not None and ceiling < wanted
    no_excess = bool(excess) and all(e.low <= 0 for e in excess)
    refuted = no_excess or (no_room and not excess)
    return Finding(
        verdict=verdict_of(refuted, wanted, claim.year, attribution),
        headline=_headline(ceiling, excess, no_excess, ending(attribution)),
        number=float("nan") if ceiling is None else ceiling,
        number_is="accounting ceiling: value of the deals over the growth of the year",
        evidence=pd.DataFrame(rows),
        sources=unique(row.get("source") for row in rows),
        would_change=(
            "A panel of pairs with and without such events, with pair effects, a leads test "
            "and placebo events that come out at zero.",
            f"Deals delivered within the year of more than {wanted:.0%} of its growth.",
            "Growth beyond that of the control group by more than its members differ.",
        ),
    )


def _headline(
    ceiling: float | None, excess: list[Excess], no_excess: bool, end: str
) -> str:
    said = []
    if ceiling is not None:
        said.append(
            f"the deals signed come to {ceiling:.1%} of the year's growth, even if all "
            "were delivered within it"
        )
    if excess:
        spans = " and ".join(map(str, excess))
        zero = "not distinguishable" if no_excess else "distinguishable"
        said.append(f"growth beyond the control group is {spans}, {zero} from zero")
    begin = "; ".join(said) if said else "neither deals nor a control group are at hand"
    return f"{begin[0].upper()}{begin[1:]}. {end}"


def _growth_in_money(
    claim: Said, data: Releases | TradePanel, date: pd.Timestamp | None, seed: int
) -> Floats:
    """Growth of the year in money: paths of the first reporter that has level and growth."""
    growths = growths_of(claim, data, date, seed)
    levels = {v.reporter: v for v in levels_of(claim, data, date, seed, required=False)}
    both = [g for g in growths if g.reporter in levels]
    published = [g for g in both if g.published and levels[g.reporter].published]
    for growth in published or both:
        return levels[growth.reporter].draws * growth.draws / (1 + growth.draws)
    return np.array([np.nan])


def _ceiling(
    claim: Said, known: EventLog | None, growth: Floats, measure: str, rows: Rows
) -> float | None:
    """Value of the year's deals, as if all were delivered in it, over its growth."""
    low, middle, high = np.quantile(growth, [0.1, 0.5, 0.9])
    if known is None or not middle > 0:
        return None
    deals = known.total_value(start=f"{claim.year}-01-01", end=f"{claim.year}-12-31")
    same = deals.unit == measure
    rate = 1.0 if same else million_dollars(deals.unit) / million_dollars(measure)
    value = deals.value * rate
    if not value > 0:
        return None
    table = known.to_frame()
    source = table.loc[table["id"].isin(deals.events), "source"]
    rows += [
        {
            "what": "value of the deals signed, as if delivered in one year",
            "value": value,
            "unit": measure,
            "note": f"{deals.relation}; parts of totals counted once; years of delivery unknown",
            "source": " ; ".join(unique(source)),
        },
        {
            "what": "growth of the year",
            "value": middle,
            "low": low,
            "high": high,
            "unit": measure,
            "note": "median and 80 % interval",
        },
        {
            "what": "accounting ceiling: deals over growth",
            "value": value / middle,
            "low": value / high,
            "high": value / low if low > 0 else np.nan,
            "unit": "share",
        },
    ]
    return float(value / middle)


def _excess(
    claim: Said,
    data: Releases | TradePanel,
    date: pd.Timestamp | None,
    control: pd.DataFrame | None,
    rows: Rows,
) -> list[Excess]:
    r"""Growth beyond the control group, by reporter.

    Under "no effect" the pair is one more member of the group, so that its growth
    differs from the group's by :math:`t_{n-1} s \sqrt{1 + 1/n}`, where s is the
    standard deviation of the members' growth rates.
    """
    from scipy.stats import t as student

    chosen = control_group(claim.year, control, date)
    if chosen is None:
        return []
    group, members = chosen
    n, growth = len(members), 100 * float(group["growth"])
    spread = 100 * float(members["growth"].std(ddof=1))
    half = float(student.ppf(0.975, n - 1) * spread * np.sqrt(1 + 1 / n))
    everyone = pd.concat([group.to_frame().T, members])
    rows += [_control_row(row) for _, row in everyone.iterrows()]
    found = []
    for reporter, own in by_reporter(claim, data, date):
        said = growth_so_far(own, claim.year)
        if said is None:
            continue
        beyond = 100 * said[0] - growth
        found.append(Excess(reporter, beyond, beyond - half, beyond + half))
        rows.append(
            {
                "what": f"excess over {group['member']} ({reporter}, {said[1]})",
                "value": beyond,
                "low": beyond - half,
                "high": beyond + half,
                "unit": "points",
                "note": f"95 % interval from the spread of {n} members",
                "source": said[2],
            }
        )
    return found


def control_group(
    year: int, control: pd.DataFrame | None, date: pd.Timestamp | None
) -> tuple[pd.Series, pd.DataFrame] | None:
    """Latest growth of the group over the year before for which its members' is known too."""
    if control is None or control.empty:
        return None
    table = _checked(control)
    if "growth_base" in table:
        table = table[pd.to_numeric(table["growth_base"], errors="coerce") == year - 1]
    if date is not None:
        table = table[table["released"] <= date]
    table = table[(table["end"].dt.year == year) & table["growth"].notna()]
    table = table.sort_values(["end", "released", *CONTROL_KEYS], kind="stable")
    for _, group in table[table["member"] == table["bloc"]].iloc[::-1].iterrows():
        members = table[
            (table["member"] != table["bloc"])
            & (table["bloc"] == group["bloc"])
            & (table["start"] == group["start"])
            & (table["end"] == group["end"])
        ].drop_duplicates("member", keep="last")  # a revision is no second member
        if len(members) >= MEMBERS_FOR_A_SPREAD:
            return group, members
    return None


def _checked(control: pd.DataFrame) -> pd.DataFrame:
    """Refuse a control group that lacks a column or tells its growth in words."""
    missing = [name for name in CONTROL_NEEDS if name not in control.columns]
    if missing:
        raise ColumnError.missing(missing, control.columns)
    growth = pd.to_numeric(control["growth"], errors="coerce").astype(float)
    words = control.loc[growth.isna() & control["growth"].notna(), "growth"]
    if len(words):
        raise NumberError(
            f"{len(words)} growth rates of the control group are no numbers",
            code="F-254",
            column="growth",
            count=len(words),
            examples=words,
            remedy="Growth is a fraction here: 34 per cent is 0.34.",
        )
    return control.assign(
        growth=growth,
        released=parse_dates(control["released"], column="released"),
        start=parse_dates(control["period_start"], column="period_start"),
        end=parse_dates(control["period_end"], column="period_end"),
    )


def _control_row(row: pd.Series) -> dict[str, object]:
    return {
        "what": f"growth of {row['member']} to {row['end']:%b %Y}",
        "value": 100 * row["growth"],
        "unit": "%",
        "note": str(row.get("measure", "")),
        "source": str(row.get("source", "")),
    }


def _literature() -> dict[str, object]:
    """Say what the top of the literature would mean, for comparison."""
    return {
        "what": "top of the literature: +10 % on every flow",
        "value": 100 * LITERATURE_HIGH,
        "unit": "points",
        "note": "state visits, exports +8 to 10 %; with pair effects about zero "
        "(Head and Ries 2010)",
        "source": "Nitsch 2007, World Economy 30(12)",
    }
