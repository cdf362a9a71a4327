"""`reconcile_reporters`: one figure for each flow from what two sides report of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.mirror.reports import Reports, read_reports
from forecast.mirror.rules import Choice, choose, rule_name
from forecast.panel import TradePanel
from forecast.panel.reshaping import constant_within

__all__ = ["Reconciled", "asymmetry", "reconcile_reporters"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Reconciled:
    """Two sides' figures made one by a named rule; frozen.

    Attributes
    ----------
    panel : TradePanel
        One figure for each flow and period, by the reporter "reconciled (...)".
    table : DataFrame
        One row for each flow and period: what either side reports, the value taken, what
        each report counts for, the asymmetry of the reports, and the reason.
    rule : str
        In words.
    cif_fob : float or None
        By what importers' figures were divided; None where they stand as reported.
    error_sd : Series or None
        Standard deviation of each reporter's errors in logs, where the rule weighs them.
    """

    panel: TradePanel
    table: pd.DataFrame
    rule: str
    cif_fob: float | None
    error_sd: pd.Series | None

    def __repr__(self) -> str:
        reasons = self.table["reason"].value_counts()
        shown = "; ".join(f"{why} {count:,}" for why, count in reasons.items())
        told = (
            "" if self.cif_fob is None else f", importers' figures / {self.cif_fob:.4g}"
        )
        return f"Reconciled: {len(self.table):,} figures, {self.rule}{told} ({shown})"


def reconcile_reporters(
    panel: TradePanel,
    rule: str | Sequence[str] = "importer",
    *,
    cif_fob: float | str | None = None,
) -> Reconciled:
    """Return one figure for each flow from both sides' reports, by a rule that is named.

    Parameters
    ----------
    panel : TradePanel
        With reporters as a key column. Reporters of directed flows have the codes of
        origins and destinations; series without direction (turnover) have any reporters.
    rule : {"importer", "exporter", "mean", "reliability"} or sequence of str
        Whose report is taken. The importer's goes first by custom: imports are watched
        for the duties on them. "reliability" weighs reports by the inverse variance of
        their reporters' errors, estimated from all disagreements of the panel
        (`forecast.mirror.reliability`), in logs unless one reports zero. A list names
        reporters in the order in which they are believed. Where the rule's side has no
        figure the other's is taken, and the table says so.
    cif_fob : float, "median" or None
        Importers' figures (CIF: with freight and insurance) are divided by it, so that
        all are FOB. "median" is the median ratio of the panel's own pairs of reports.
        By default figures stand as they are reported.

    Returns
    -------
    Reconciled

    Raises
    ------
    ReporterError
        F-830 figures of one reporter only, F-831 a reporter without figures, F-832
        reporters at neither end of a flow, F-834 reliability that cannot be told.
    ModelError
        F-831 no such rule, F-833 a ratio that is not positive or cannot be estimated.
    PeriodError
        F-427 when cells have several releases.

    Examples
    --------
    >>> df = pd.DataFrame({
    ...     "from": ["RU", "RU", "KZ"], "to": ["KZ", "KZ", "RU"], "by": ["RU", "KZ", "KZ"],
    ...     "year": 2021, "bn": [17.0, 17.8, 7.0],
    ... })
    >>> panel = TradePanel.from_frame(df, origin="from", destination="to", period="year",
    ...     flow="bn", reporter="by", measure="billion USD")
    >>> both = reconcile_reporters(panel)
    >>> both.table[["from", "to", "value", "reason"]]
      from  to  value                                    reason
    0   KZ  RU    7.0  exporter's report: the importer has none
    1   RU  KZ   17.8                         importer's report
    >>> both.panel.reporters
    ("reconciled (importer's report first)",)
    """
    reports = read_reports(panel)
    ratio = _ratio(reports, cif_fob)
    figures = _valued(reports, ratio)
    choice = choose(reports, figures, rule)
    named = rule_name(rule)
    table = _table(reports, figures, choice)
    error_sd = None
    if choice.variances is not None:
        error_sd = pd.Series(
            np.sqrt(choice.variances), index=list(reports.reporters), name="error_sd"
        )
    return Reconciled(
        _panel(panel, reports, choice, named, ratio), table, named, ratio, error_sd
    )


def asymmetry(panel: TradePanel, *, cif_fob: float | str | None = None) -> pd.DataFrame:
    """Return how far apart the reports of each flow and period are.

    Parameters
    ----------
    panel : TradePanel
        With reporters as a key column.
    cif_fob : float, "median" or None
        As in `reconcile_reporters`.

    Returns
    -------
    DataFrame
        Keys, period, the reports, ``asymmetry`` and ``ratio``. The asymmetry is the
        distance over the mean, ``|x - m| / ((x + m) / 2)``: between 0 and 2, 0 where
        both report nothing, NaN where one does not report. Of more than two reports the
        lowest and highest count. The ratio is the last report over the first (importer
        over exporter), NaN where that is zero.

    Raises
    ------
    ReporterError
        F-830, F-832 as `reconcile_reporters`.
    ModelError
        F-833 a ratio that is not positive or cannot be estimated.

    Examples
    --------
    >>> df = pd.DataFrame({
    ...     "from": "RU", "to": "KZ", "by": ["RU", "KZ"], "year": 2021, "bn": [15.0, 17.0]
    ... })
    >>> panel = TradePanel.from_frame(df, origin="from", destination="to", period="year",
    ...     flow="bn", reporter="by", measure="billion USD")
    >>> asymmetry(panel)["asymmetry"].tolist()
    [0.125]
    """
    reports = read_reports(panel)
    figures = _valued(reports, _ratio(reports, cif_fob))
    table = _reported(reports, figures)
    last_over_first = np.full(len(figures), np.nan)
    first, last = figures[:, 0], figures[:, -1]
    np.divide(last, first, out=last_over_first, where=first > 0)
    return table.assign(asymmetry=_index(figures), ratio=last_over_first)


def _ratio(reports: Reports, wanted: float | str | None) -> float | None:
    """Return the CIF/FOB ratio by which importers' figures are divided."""
    if wanted is None:
        return None
    if not reports.directed:
        raise _no_ratio("a CIF/FOB ratio for units without exporter and importer")
    if wanted == "median":
        exports, imports = reports.values.T
        both = (exports > 0) & (imports > 0)
        if not both.any():
            raise _no_ratio(
                "no flow that both sides report, to take a CIF/FOB ratio from"
            )
        return float(np.exp(np.median(np.log(imports[both] / exports[both]))))
    if isinstance(wanted, (str, bool)) or not 0 < wanted < np.inf:
        raise _no_ratio(f"a CIF/FOB ratio of {wanted!r}")
    return float(wanted)


def _no_ratio(problem: str) -> ModelError:
    return ModelError(
        problem,
        code="F-833",
        remedy='A positive number such as 1.05, "median" where both sides report flows, '
        "or None to take figures as they are reported.",
    )


def _valued(reports: Reports, ratio: float | None) -> Floats:
    figures = reports.values.copy()
    if ratio is not None:
        figures[:, 1] /= ratio
    return figures


def _index(figures: Floats) -> Floats:
    """Return the distance of the extreme figures over their mean, shape (n,)."""
    low = np.where(np.isnan(figures), np.inf, figures).min(axis=1)
    high = np.where(np.isnan(figures), -np.inf, figures).max(axis=1)
    index = np.full(len(figures), np.nan)
    several = (~np.isnan(figures)).sum(axis=1) > 1
    index[several] = 0.0
    np.divide(high - low, (high + low) / 2, out=index, where=several & (high > 0))
    return index


def _reported(reports: Reports, figures: Floats) -> pd.DataFrame:
    """Return cells with a column for each side's figure."""
    table = reports.cells.copy()
    for slot, column in zip(reports.slots, figures.T, strict=True):
        table[f"report of {slot}"] = column
    return table


def _table(reports: Reports, figures: Floats, choice: Choice) -> pd.DataFrame:
    table = _reported(reports, figures)
    table["value"] = choice.value
    for slot, weight in zip(reports.slots, choice.weights.T, strict=True):
        table[f"weight of {slot}"] = weight
    table["asymmetry"] = _index(figures)
    table["reason"] = choice.reason
    return table


def _panel(
    panel: TradePanel,
    reports: Reports,
    choice: Choice,
    named: str,
    ratio: float | None,
) -> TradePanel:
    """Return the panel of what was chosen; columns the sides differ in are left out."""
    frame = panel.to_frame()
    groups = frame.groupby(reports.row)
    extra = [*panel.covariates, *panel.labels]
    kept = [name for name in extra if constant_within(frame[name], reports.row)]
    new = reports.cells.assign(**{panel.flow: choice.value})
    for column in kept:
        new[column] = groups[column].first().to_numpy()
    if panel.release is not None:  # known when the last of its figures was
        new[panel.release] = groups[panel.release].max().to_numpy()
    label = f"reconciled ({named})"
    valued = "" if ratio is None else f", FOB (importers' figures / {ratio:.4g})"
    directed = panel.origin is not None
    keys = [key for key in panel.keys if key != panel.reporter]
    built = TradePanel.from_frame(
        new.assign(**{str(panel.reporter): label}),
        origin=panel.origin,
        destination=panel.destination,
        unit=None if directed else keys,
        sector=panel.sector if directed else None,
        period=panel.period,
        flow=panel.flow,
        measure=f"{panel.measure}, {label}{valued}".removeprefix(", "),
        reporter=panel.reporter,
        as_of=panel.release,
        covariates=kept,
    )
    notes = [f"{len(new):,} figures were made of {len(frame):,} by the rule: {named}"]
    if gone := [column for column in extra if column not in kept]:
        notes.append(f"columns {gone} were left out because the sides differ in them")
    return replace(built, notes=(*panel.notes, *built.notes, *notes), cut=panel.cut)
