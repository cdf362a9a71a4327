"""The facts of a study: from the package or from files beside the study file."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd

from forecast.datasets import (
    bloc_growth,
    rus_kaz_agreements,
    rus_kaz_events,
    rus_kaz_figures,
    rus_kaz_forecasts,
    rus_kaz_forums,
)
from forecast.errors import ColumnError, StudyError
from forecast.events import EventLog
from forecast.periods import parse_date
from forecast.reading import read_table
from forecast.releases import Releases
from forecast.studies.digests import digest_of
from forecast.studies.plan import DataPlan

__all__ = ["StudyFacts", "load_facts"]

FORECAST_COLUMNS = ("made_on", "who", "target_year", "low")
AGREEMENT_COLUMNS = ("id", "entry_type", "year_in_force", "known_on")
CONTROL_COLUMNS = ("bloc", "member", "period_end", "growth", "released")
OPTIONAL = {
    "high": float("nan"),
    "relation": "point",
    "note": "",
    "reporter": "",
    "source": "",
}


@dataclass(frozen=True)
class StudyFacts:
    """Everything that a study may look at; `known_by` cuts it at a day.

    Attributes
    ----------
    figures : Releases
        Dated figures of all reporters.
    forecasts : DataFrame
        Official forecasts: ``made_on, who, target_year, low, high, relation, note,
        source``; empty where the study has none.
    events : EventLog or None
    control : DataFrame or None
        As `check` takes it.
    agreements : DataFrame or None
        Trade agreements of the pair: ``id, entry_type, year_in_force, known_on``.
    """

    figures: Releases
    forecasts: pd.DataFrame = field(repr=False)
    events: EventLog | None = None
    control: pd.DataFrame | None = field(default=None, repr=False)
    agreements: pd.DataFrame | None = field(default=None, repr=False)

    def known_by(self, day: object) -> Self:
        """Only what was public on `day`."""
        date = parse_date(day)
        control, agreements = self.control, self.agreements
        return type(self)(
            figures=self.figures.as_of(date),
            forecasts=_until(self.forecasts, "made_on", date),
            events=None if self.events is None else self.events.as_of(date),
            control=None if control is None else _until(control, "released", date),
            agreements=None
            if agreements is None
            else _until(agreements, "known_on", date),
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the facts as frames, by the names they have in a study file."""
        tables = {"figures": self.figures.to_frame(), "forecasts": self.forecasts}
        if self.events is not None:
            tables["events"] = self.events.to_frame()
        if self.control is not None:
            tables["control"] = self.control
        if self.agreements is not None:
            tables["agreements"] = self.agreements
        return tables

    def digests(self) -> dict[str, str]:
        """SHA-256 of each table, whatever file or order of rows it came from."""
        return {name: digest_of({name: table}) for name, table in self.tables().items()}


def load_facts(data: DataPlan, folder: Path) -> StudyFacts:
    """Load what a study names: a shipped set, or a file relative to `folder`.

    Raises
    ------
    StudyError
        F-706 neither a shipped set nor a file.
    ForecastError
        Whatever reading and checking the tables finds.
    """
    figures = _load(data.figures, "figures", _shipped_figures, folder)
    return StudyFacts(
        figures=figures
        if isinstance(figures, Releases)
        else Releases.from_frame(figures, measure=data.measure),
        forecasts=_forecasts(
            _load(data.forecasts, "forecasts", rus_kaz_forecasts, folder)
        ),
        events=_events(_load(data.events, "events", _shipped_events, folder)),
        control=_control(_load(data.control, "control", bloc_growth, folder)),
        agreements=_agreements(
            _load(data.agreements, "agreements", rus_kaz_agreements, folder)
        ),
    )


# --- loading -----------------------------------------------------------------------

SHIPPED = ("rus_kaz",)


def _load(name: str | None, key: str, shipped: Callable[[], Any], folder: Path) -> Any:
    if name is None:
        return None
    if name in SHIPPED:
        return shipped()
    path = folder / name
    if path.is_file():
        return read_table(path)
    close = difflib.get_close_matches(name, SHIPPED, n=1)
    raise StudyError(
        f"data.{key}: {name!r} is neither a file beside the study nor a shipped set",
        code="F-706",
        column=f"data.{key}",
        remedy=f"Did you mean {close[0]!r}?"
        if close
        else f"Give a CSV, Excel or Parquet file, or one of {list(SHIPPED)}.",
    )


def _shipped_figures() -> Releases:
    return rus_kaz_figures()


def _shipped_events() -> pd.DataFrame:
    """The article's events, and the forums that it does not list one by one."""
    events = rus_kaz_events()
    forums = rus_kaz_forums()
    told = pd.to_datetime(events.loc[events["kind"] == "forum", "date"]).dt.year
    forums = forums[~forums["date"].dt.year.isin(told)]
    country = {"RU": "KZ", "KZ": "RU"}
    more = pd.DataFrame(
        {
            "id": "forum " + forums["roman"],
            "date": forums["date"],
            "date_end": forums["date_end"],
            "precision": forums["precision"],
            "kind": "forum",
            "origin": forums["region"],
            "destination": forums["host"].map(country),
            "status": forums["status"],
            "theme": forums["theme"],
            "unit": forums["unit"],
            "known_on": forums["known_on"],
            "trade_content": True,
            "source": forums["source"],
        }
    )
    return pd.concat([events, more], ignore_index=True)


def _forecasts(table: object) -> pd.DataFrame:
    if not isinstance(table, pd.DataFrame):
        return pd.DataFrame(columns=[*FORECAST_COLUMNS, *OPTIONAL])
    _require(table, FORECAST_COLUMNS)
    given: dict[str, Any] = {
        k: table.get(k, default) for k, default in OPTIONAL.items()
    }
    tidy = table.assign(
        **given,
        made_on=[parse_date(day) for day in table["made_on"]],
        low=pd.to_numeric(table["low"]).astype(float),
        target_year=pd.to_numeric(table["target_year"]).astype(int),
    )
    tidy["high"] = pd.to_numeric(tidy["high"]).astype(float)
    for name in ("relation", "note", "reporter", "source", "who"):
        tidy[name] = tidy[name].fillna("").astype(str)
    return _sorted(tidy[[*FORECAST_COLUMNS, *OPTIONAL]], ["made_on", "who", "low"])


def _events(table: object) -> EventLog | None:
    return EventLog.from_frame(table) if isinstance(table, pd.DataFrame) else None


def _control(table: object) -> pd.DataFrame | None:
    if not isinstance(table, pd.DataFrame):
        return None
    _require(table, CONTROL_COLUMNS)
    dates = {
        name: [parse_date(day) for day in table[name]]
        for name in ("period_start", "period_end", "released")
        if name in table
    }
    tidy = table.assign(**dates, growth=pd.to_numeric(table["growth"]).astype(float))
    return _sorted(tidy, ["bloc", "member", "period_end", "released"])


def _agreements(table: object) -> pd.DataFrame | None:
    if not isinstance(table, pd.DataFrame):
        return None
    _require(table, AGREEMENT_COLUMNS)
    tidy = table.assign(
        id=table["id"].astype(str),
        year_in_force=pd.to_numeric(table["year_in_force"]).astype(float),
        known_on=_days_or_never(table["known_on"]),
    )
    return _sorted(tidy, ["id", "entry_type", "known_on"])


def _days_or_never(days: pd.Series) -> pd.Series:
    """Days on which rows became known; what never did has none and stays hidden."""
    told = days.notna()
    known = pd.Series(pd.NaT, index=days.index, dtype="datetime64[ns]")
    known[told] = [parse_date(day) for day in days[told]]
    return known


def _require(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ColumnError.missing(missing, table.columns)


def _sorted(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return table.sort_values(by, kind="stable").reset_index(drop=True)


def _until(table: pd.DataFrame, column: str, date: pd.Timestamp) -> pd.DataFrame:
    return table[pd.to_datetime(table[column]) <= date].reset_index(drop=True)
