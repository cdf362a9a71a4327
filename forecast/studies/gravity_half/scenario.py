r"""Scenarios of the next year, path by path against the baseline.

An event that works from day :math:`d` on, with an effect of :math:`x` on the flow, adds
:math:`L\,x\,w` to the year, where :math:`w` is the share of the year after :math:`d`;
where only a span of days is known, d is drawn from it on each path. Effects of soft
events are the two ends of the literature's range; effects of terms of a gravity model
are drawn from the shipped estimates.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.attribution import panel_estimates
from forecast.attribution.literature import published_for
from forecast.errors import StudyError
from forecast.events import EventLog
from forecast.studies.gravity_half.plan import ScenarioPlan
from forecast.studies.gravity_half.record import (
    Floats,
    Outlook,
    ScenarioPaths,
    intervals,
)
from forecast.studies.gravity_half.soft_events import range_of

__all__ = ["play", "scenario_table", "share_of_year"]

ASSUMED = "assumed, not estimated: the range holds 0"

OFF = ("cancelled", "postponed", "ended")
"""Statuses of events that will not work on their days, as the log knows it."""


def play(
    plan: ScenarioPlan,
    outlook: Outlook,
    log: EventLog | None,
    as_of: pd.Timestamp,
    rng: np.random.Generator,
) -> tuple[ScenarioPaths, ...]:
    """Play one scenario: its readings beside the baseline of `outlook`.

    Raises
    ------
    StudyError
        F-257 an event that the log does not have as of that day, or has as cancelled,
        postponed or ended; or no day at all.
    ColumnError
        F-256 a term that the model does not have.
    """
    event = _event(plan, log, as_of)
    share = share_of_year(event, outlook.year, outlook.level.size, rng)
    played = _soft(plan, event, outlook, share)
    if plan.terms:
        played += _estimated(plan, outlook, share, as_of, rng)
    return tuple(played)


def share_of_year(
    event: pd.Series, year: int, size: int, rng: np.random.Generator
) -> Floats:
    """Share of the year that is left after the event, shape (size,)."""
    begin = pd.Timestamp(year, 1, 1)
    days = (pd.Timestamp(year + 1, 1, 1) - begin).days
    first = (event["date"] - begin).days
    last = (event["date_end"] - begin).days
    day = first + rng.uniform(0.0, 1.0, size) * (last - first)
    left: Floats = np.clip(1.0 - day / days, 0.0, 1.0)
    return left


def _event(plan: ScenarioPlan, log: EventLog | None, as_of: pd.Timestamp) -> pd.Series:
    """Kind and days: from the log as known, or as the scenario says."""
    if plan.event:
        rows = _rows_of(plan.event, log, as_of)
        if rows.empty or rows["date"].isna().iloc[-1]:
            raise StudyError(
                f"scenario {plan.name!r}: the log has no dated event {plan.event!r} on "
                f"{as_of:%Y-%m-%d}",
                code="F-257",
                column="event",
                remedy="Name an event that was known by then, or give kind and start.",
            )
        row = rows.iloc[-1]
        if row["status"] in OFF:
            raise StudyError(
                f"scenario {plan.name!r}: event {plan.event!r} was {row['status']} as "
                f"known on {as_of:%Y-%m-%d}",
                code="F-257",
                column="event",
                remedy="Name another event, or assume one: give kind and start.",
            )
        return pd.Series({k: row[k] for k in ("kind", "status", "date", "date_end")})
    if plan.start is None:
        raise StudyError(
            f"scenario {plan.name!r} names neither an event nor a start",
            code="F-257",
            column="start",
            remedy="Give event, the id of an event of the log, or start, a date.",
        )
    end = plan.start if plan.end is None else plan.end
    said = {"kind": plan.kind, "status": "assumed", "date": plan.start, "date_end": end}
    return pd.Series(said)


def _rows_of(event: str, log: EventLog | None, as_of: pd.Timestamp) -> pd.DataFrame:
    """Latest state of an event, corrections made, as known on that day."""
    if log is None:
        return pd.DataFrame()
    known = log.as_of(as_of).in_hindsight().to_frame()
    return known[known["id"] == event]


def _soft(
    plan: ScenarioPlan, event: pd.Series, outlook: Outlook, share: Floats
) -> list[ScenarioPaths]:
    kinds = [str(event["kind"])] if event["kind"] else []
    kinds += ["document"] if plan.documents else []
    if not kinds:
        return []
    rows = [published_for(kind) for kind in kinds]
    soft = range_of(
        pd.DataFrame(
            {
                "treatment": [row.treatment for row in rows],
                "low_%": [row.low for row in rows],
                "top_%": [row.high for row in rows],
                "source": [row.source for row in rows],
            }
        )
    )
    return [
        ScenarioPaths(
            plan.name,
            reading,
            outlook.level * (x / 100) * share,
            share,
            np.full(share.size, x),
            f"literature, {soft.basis}",
            ASSUMED,
        )
        for reading, x in (("low", soft.low), ("top", soft.top))
    ]


def _estimated(
    plan: ScenarioPlan,
    outlook: Outlook,
    share: Floats,
    as_of: pd.Timestamp,
    rng: np.random.Generator,
) -> list[ScenarioPaths]:
    estimates = panel_estimates(plan.model, as_of=as_of)
    if estimates is None or not plan.terms:
        return []
    draws = estimates.draws(outlook.level.size, rng)
    log_points = np.zeros(outlook.level.size)
    verdicts = []
    for term, change in plan.terms.items():
        k = estimates.of(term)
        log_points = log_points + change * draws[k]
        verdicts.append(f"{term}: {estimates.table['verdict'].iloc[k]}")
    effect = np.expm1(log_points)
    row = estimates.table.iloc[0]
    basis = (
        f"model {plan.model!r} on {row['nobs']:,} flows of {row['first_year']} to "
        f"{row['last_year']}, estimated on {row['estimated_on']}"
    )
    return [
        ScenarioPaths(
            plan.name,
            "estimate",
            outlook.level * effect * share,
            share,
            100 * effect,
            basis,
            "; ".join(verdicts),
        )
    ]


def scenario_table(
    scenarios: tuple[ScenarioPaths, ...], outlook: Outlook, measure: str
) -> pd.DataFrame:
    """Lay scenarios out beside the baseline.

    Returns
    -------
    DataFrame
        ``scenario``, ``reading``, ``quantity`` ("level" or "change"), ``unit``,
        ``median``, interval ends (a mean does not exist, see `look_ahead`), ``share_of_year_%``, ``effect_%``, ``basis``,
        ``status``.
    """
    base: dict[str, object] = {"scenario": "baseline", "reading": ""}
    rows = [base | {"quantity": "level", "unit": measure} | _told(outlook.level)]
    for one in scenarios:
        who: dict[str, object] = {"scenario": one.name, "reading": one.reading}
        who |= {"unit": measure}
        more: dict[str, object] = {
            "share_of_year_%": 100 * float(one.share.mean()),
            "effect_%": float(one.percent.mean()),
            "basis": one.basis,
            "status": one.verdict,
        }
        rows.append(
            who | {"quantity": "level"} | _told(outlook.level + one.change) | more
        )
        rows.append(who | {"quantity": "change"} | _told(one.change) | more)
    order = ["scenario", "reading", "quantity", "unit", "median", "low_80"]
    order += ["high_80", "low_95", "high_95", "share_of_year_%", "effect_%", "basis"]
    return pd.DataFrame(rows).reindex(columns=[*order, "status"])


def _told(values: Floats) -> dict[str, object]:
    return {"median": float(np.median(values)), **intervals(values)}
