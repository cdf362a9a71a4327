"""The tables of a study's answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.forecasts import Forecast
from forecast.nowcasting import Nowcast
from forecast.panel import TradePanel
from forecast.releases import Releases
from forecast.studies.facts import StudyFacts
from forecast.studies.plan import IndicatorPlan, StudyPlan

LEVELS = (50, 80, 95)


def yearly_levels(figures: Releases) -> pd.DataFrame:
    """Whole years of every reporter, the latest release of each.

    Returns
    -------
    DataFrame
        ``reporter``, ``year``, ``value``, ``relation`` ("almost" is less than it says).
    """
    rows = []
    for reporter in figures.reporters:
        own = figures.for_reporter(reporter)
        table = own.table.assign(year=own.table["period_end"].dt.year)
        for year, value in own.yearly().items():
            said = table[(table["year"] == year) & (table["value"] == value)]
            relation = str(said["relation"].iloc[-1])
            rows.append((reporter, int(str(year)), float(value), relation))
    return pd.DataFrame(rows, columns=["reporter", "year", "value", "relation"])


def nowcast_table(nowcasts: dict[str, Nowcast]) -> pd.DataFrame:
    """One row a reporter and quantity: what was known, median and interval ends."""
    rows: list[dict[str, object]] = []
    for reporter, year in nowcasts.items():
        level = year.forecast if year.forecast.quantity == "level" else None
        rows += [
            {"reporter": reporter} | _row_of(forecast, year.evidence.iloc[0])
            for forecast in (level, year.growth)
            if forecast is not None
        ]
    return pd.DataFrame(rows)


def _row_of(forecast: Forecast, evidence: pd.Series) -> dict[str, object]:
    bounds = forecast.to_frame(levels=LEVELS).iloc[0]
    ends = {
        f"{end}_{level}": float(bounds[f"{side}_{level}"])
        for level in LEVELS
        for end, side in (("low", "lower"), ("high", "upper"))
    }
    return {
        "quantity": forecast.quantity,
        "unit": forecast.measure,
        "months_known": int(evidence["months"]),
        "known_sum": float(evidence["known"]),
        "known_growth_%": 100 * float(evidence["growth_so_far"]),
        "median": float(bounds["median"]),
        **ends,
        "information": str(evidence["information"]),
    }


def rules_table(
    plan: StudyPlan, nowcasts: dict[str, Nowcast], known: StudyFacts
) -> pd.DataFrame:
    """Our median, the simple rules and the official forecasts of the year, in money."""
    rows: list[dict[str, object]] = []
    for reporter, year in nowcasts.items():
        if year.forecast.quantity != "level":
            continue
        rows.append(
            {
                "forecast": "this nowcast (median)",
                "by": "",
                "figures_of": reporter,
                "value": float(year.median),
            }
        )
        rows += [
            {
                "forecast": str(row["rule"]),
                "by": "simple rule",
                "figures_of": reporter,
                "value": float(row["value"]),
            }
            for row in year.benchmarks.to_dict("records")
            if np.isfinite(row["value"])
        ]
    rows += [
        {
            "forecast": "official forecast",
            "by": row["who"],
            "figures_of": row["reporter"],
            "value": row["low"],
            "value_to": row["high"] if row["high"] != row["low"] else np.nan,
            "relation": row["relation"],
            "said_on": row["made_on"],
            "note": row["note"],
            "source": row["source"],
        }
        for row in officials(plan, known).to_dict("records")
    ]
    columns = [
        "forecast",
        "by",
        "figures_of",
        "value",
        "value_to",
        "relation",
        "said_on",
        "note",
        "source",
    ]
    return pd.DataFrame(rows).reindex(columns=columns)


def officials(plan: StudyPlan, known: StudyFacts) -> pd.DataFrame:
    """Official forecasts of the year that were known."""
    table = known.known_by(plan.as_of).forecasts
    return table[table["target_year"] == plan.year].reset_index(drop=True)


def news_by_reporter(nowcasts: dict[str, Nowcast]) -> pd.DataFrame:
    """Join the news of several reporters."""
    tables = [year.news.assign(reporter=name) for name, year in nowcasts.items()]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["reporter", *joined.columns.drop("reporter")]]


# --- the figures -------------------------------------------------------------------


def figures_speaking(plan: StudyPlan, figures: Releases) -> pd.DataFrame:
    """Every figure that speaks of the year or the year before, with its source."""
    table = figures.to_frame()
    ends = table["period_end"].dt.year
    chosen = table[ends.isin([plan.year, plan.year - 1])]
    columns = [
        "reporter",
        "period_start",
        "period_end",
        "value",
        "growth",
        "relation",
        "released",
        "who",
        "quality",
        "source",
    ]
    return chosen[columns].reset_index(drop=True)


def figures_by_use(
    plan: StudyPlan, figures: Releases, reporters: tuple[str, ...]
) -> pd.DataFrame:
    """What became of every known figure, so that none is dropped in silence."""
    table = figures.to_frame()
    start, end = table["period_start"], table["period_end"]
    whole = (start.dt.day_of_year == 1) & (end.dt.month == 12) & (end.dt.day == 31)
    ours = table["reporter"].isin(reporters)
    use = np.select(
        [
            (end.dt.year == plan.year) & ours,
            (end.dt.year == plan.year) & ~ours,
            whole & table["value"].notna(),
            whole,
        ],
        [
            "part of the year: the nowcast of its reporter",
            "part of the year, by a reporter that was not asked for: not used",
            "whole earlier year: records, base of growth, width of the interval",
            "growth of a whole earlier year, without a level: not used",
        ],
        "part of an earlier year: only where its reporter gives no growth for this year",
    )
    counts = pd.Series(use, name="use").value_counts().sort_index()
    return counts.rename("figures").rename_axis("use").reset_index()


# --- events ------------------------------------------------------------------------


def events_known(plan: IndicatorPlan, facts: StudyFacts) -> pd.DataFrame:
    """The log as it was known, without the columns that nobody reads in a report."""
    assert facts.events is not None
    table = facts.events.as_of(plan.as_of).to_frame()
    columns = [
        "id",
        "date",
        "precision",
        "kind",
        "subkind",
        "origin",
        "destination",
        "status",
        "count",
        "value",
        "value_relation",
        "part_of",
        "placebo",
        "known_on",
    ]
    return table[[name for name in columns if name in table]]


def indicators_by_year(
    plan: StudyPlan, indicators: IndicatorPlan, facts: StudyFacts
) -> pd.DataFrame:
    """Indicators of the pair by year; flows are not needed to count events."""
    assert facts.events is not None
    years = list(range(indicators.since, plan.year + 1))
    origin, destination = indicators.between
    frame = pd.DataFrame(
        {"origin": origin, "destination": destination, "year": years, "flow": 1.0}
    )  # the flow is a stand-in: it only says which rows there are
    panel = TradePanel.from_frame(
        frame,
        origin="origin",
        destination="destination",
        period="year",
        flow="flow",
        covariates=(),
    )
    log = facts.events.as_of(indicators.as_of).using(unmatched="ignore")
    table = log.indicators(panel, indicators.recipes)
    years_shown = pd.PeriodIndex(table["year"]).year
    return table.drop(columns=["origin", "destination"]).assign(year=years_shown)
