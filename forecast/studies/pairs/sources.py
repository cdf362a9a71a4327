"""The flows and events of a study of pairs: shipped sets, or files beside the study."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from forecast.datasets import simulate_regions, states_and_provinces, trade86
from forecast.events import EventLog
from forecast.panel import TradePanel
from forecast.reading import read_table
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.plan import PairPlan, PanelPlan

__all__ = ["SHIPPED_EVENTS", "SHIPPED_PANELS", "PairFacts", "ShippedPanel", "load"]

ROLES = ("origin", "destination", "period", "flow")


@dataclass(frozen=True, slots=True)
class ShippedPanel:
    """A panel that the library can get by itself.

    Attributes
    ----------
    load : callable
        Gives the frame.
    origin, destination, period, flow : str
        Its columns.
    unit, reporter, source : str
    """

    load: Callable[[], pd.DataFrame]
    origin: str
    destination: str
    period: str
    flow: str
    unit: str
    reporter: str
    source: str


SIMULATED_SEED = 2021
SIMULATED_COLUMNS = ["origin", "destination", "period", "flow", "distance", "border"]


def _simulated_flows() -> pd.DataFrame:
    """Flows without the columns that would tell the truth."""
    return simulate_regions(seed=SIMULATED_SEED).frame[SIMULATED_COLUMNS]


SHIPPED_PANELS: dict[str, ShippedPanel] = {
    "simulated_regions": ShippedPanel(
        _simulated_flows,
        *ROLES,
        unit="million USD",
        reporter="simulated",
        source="datasets.simulate_regions(seed=2021): no real trade",
    ),
    "trade86": ShippedPanel(
        trade86,
        origin="exporter",
        destination="importer",
        period="year",
        flow="trade",
        unit="million USD",
        reporter="customs of the importer",
        source="UN Comtrade imports among 86 countries, current dollars (Ruzicska, Chariag, "
        "Kiss and Koren 2024); agreements: Mattoo, Rocha and Ruta (2020)",
    ),
    "states_and_provinces": ShippedPanel(
        states_and_provinces,
        *ROLES,
        unit="million USD",
        reporter="statistics of the United States and Canada",
        source="Anderson and van Wincoop (2003) in Feenstra's files, goods shipped in 1993",
    ),
}
SHIPPED_EVENTS: dict[str, Callable[[], pd.DataFrame]] = {
    "simulated_regions": lambda: simulate_regions(seed=SIMULATED_SEED).events,
}


@dataclass(frozen=True, eq=False)
class PairFacts:
    """Frames of flows and events as they were read, later rows too.

    Attributes
    ----------
    flows : DataFrame
    events : DataFrame or None
    """

    flows: pd.DataFrame = field(repr=False)
    events: pd.DataFrame | None = field(default=None, repr=False)

    def known(self, plan: PairPlan) -> Known:
        """Cut to what was known, and make the indicators.

        Raises
        ------
        StudyError
            F-711 a column that the flows do not have, F-713 a focus that is no pair;
            whatever else the panel and the log find wrong, with its key and line.
        """
        panel = _panel(self.flows, plan)
        log = None
        if self.events is not None:
            with plan.at("panel", "events"):
                log = EventLog.from_frame(self.events, unmatched="ignore")
                log = log if plan.as_of is None else log.as_of(plan.as_of)
            if plan.recipes:
                with plan.at("indicators", keys={name: name for name in plan.recipes}):
                    panel = panel.with_indicators(log, **plan.recipes)
        focus = plan.panel.focus
        ends = (panel.units[str(c)] for c in (panel.origin, panel.destination))
        if focus.is_set and not focus.rows(*ends).any():
            raise plan.error(
                "F-713",
                ("panel", "focus"),
                f"no pair of the panel is {focus}",
                "Codes are written as in the data.",
            )
        return Known(
            panel=panel,
            log=log,
            recipes=dict(plan.recipes),
            seed=plan.seed,
            focus=focus,
            source=_said(plan.panel, "source") or plan.panel.data,
            asked=plan.parts,
            lag_days=plan.panel.lag_days,
        )


def load(plan: PairPlan, folder: Path) -> PairFacts:
    """Load what a study names: a shipped set, or a file relative to `folder`.

    Raises
    ------
    StudyError
        F-706 neither a shipped set nor a file.
    """
    shipped = {name: panel.load for name, panel in SHIPPED_PANELS.items()}
    flows = _frame(plan, "data", plan.panel.data, shipped, folder)
    if plan.panel.events is None:
        return PairFacts(flows)
    return PairFacts(
        flows, _frame(plan, "events", plan.panel.events, SHIPPED_EVENTS, folder)
    )


def _frame(
    plan: PairPlan,
    key: str,
    name: str,
    shipped: dict[str, Callable[[], pd.DataFrame]],
    folder: Path,
) -> pd.DataFrame:
    if name in shipped:
        return shipped[name]()
    if (folder / name).is_file():
        return read_table(folder / name)
    close = difflib.get_close_matches(name, shipped, n=1)
    raise plan.error(
        "F-706",
        ("panel", key),
        f"{name!r} is neither a file beside the study nor a shipped set",
        f"Did you mean {close[0]!r}?"
        if close
        else f"Give a CSV, Excel or Parquet file, or one of {sorted(shipped)}.",
    )


def _panel(flows: pd.DataFrame, plan: PairPlan) -> TradePanel:
    asked = plan.panel
    columns = {role: _said(asked, role) or role for role in ROLES}
    more = {key: getattr(asked, key) for key in ("sector", "released")}
    named = {**columns, **{key: name for key, name in more.items() if name}}
    for role, column in named.items():
        _require(flows, plan, role, column)
    for column in asked.covariates or ():
        _require(flows, plan, "covariates", column)
    taken = asked.covariates
    if taken is None:
        numeric = flows.select_dtypes("number").columns
        taken = tuple(str(c) for c in numeric if c not in named.values())
    reporter = _said(asked, "reporter")
    with plan.at("panel", keys={column: role for role, column in named.items()}):
        panel = TradePanel.from_frame(
            flows,
            **columns,
            sector=asked.sector,
            unit=_said(asked, "unit"),
            reporter=reporter,
            as_of=asked.released,
            covariates=[c for c in taken if c != reporter],
        )
    return _cut(panel, plan)


def _cut(panel: TradePanel, plan: PairPlan) -> TradePanel:
    """Keep the periods that are asked for, and of them what was known."""
    asked = plan.panel
    if asked.since is not None:
        with plan.at("panel", "since"):
            panel = panel.between(asked.since, None)
    if asked.until is not None:
        with plan.at("panel", "until"):
            panel = panel.between(None, asked.until)
    if plan.as_of is None:
        return panel
    with plan.at("study", "as_of"):
        return panel.as_of(plan.as_of, asked.lag_days)


def _said(asked: PanelPlan, key: str) -> str | None:
    """Give what the file says, or what a shipped set knows of itself."""
    own = getattr(asked, key)
    if own is not None or asked.data not in SHIPPED_PANELS:
        return own if own is None else str(own)
    return str(getattr(SHIPPED_PANELS[asked.data], key))


def _require(flows: pd.DataFrame, plan: PairPlan, key: str, column: str) -> None:
    if column in flows.columns:
        return
    names = [str(name) for name in flows.columns]
    close = difflib.get_close_matches(column, names, n=1)
    raise plan.error(
        "F-711",
        ("panel", key),
        f"{plan.panel.data!r} has no column {column!r}",
        f"Did you mean {close[0]!r}?" if close else f"It has {names[:20]}.",
    )
