"""Rules that make one figure of two, with the reason for every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ModelError, ReporterError
from forecast.mirror.reliability import Disagreements, error_variances
from forecast.mirror.reports import Reports

__all__ = ["NAMED_RULES", "Choice", "choose", "disagreements", "rule_name"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

NOBODY = "nobody reports"

NAMED_RULES = ("importer", "exporter", "mean", "reliability")


@dataclass(frozen=True, slots=True)
class Choice:
    """One figure for each cell.

    Attributes
    ----------
    value : float array of shape (n,)
        NaN where nobody reports.
    weights : float array of shape (n, s)
        What each figure counts for; rows add up to 1 where somebody reports.
    reason : object array of shape (n,)
    variances : float array of shape (n_reporters,) or None
        Of reporters' errors in logs, where the rule estimates them.
    """

    value: Floats
    weights: Floats
    reason: NDArray[np.object_]
    variances: Floats | None = None


def rule_name(rule: str | Sequence[str]) -> str:
    """Return what a rule is called in labels."""
    if isinstance(rule, str):
        return {
            "importer": "importer's report first",
            "exporter": "exporter's report first",
            "mean": "mean of the reports",
            "reliability": "weighted by reliability",
        }[rule]
    return f"{', then '.join(rule)}"


def choose(reports: Reports, figures: Floats, rule: str | Sequence[str]) -> Choice:
    """Return one figure for each cell.

    Parameters
    ----------
    reports : Reports
        Who is who.
    figures : float array of shape (n, s)
        Their values in one valuation.
    rule : str or sequence of str

    Raises
    ------
    ModelError
        F-831 no such rule, or one that needs exporters and importers.
    ReporterError
        F-831 a reporter named in a rule who reports nothing, F-834 as `error_variances`.
    """
    if not isinstance(rule, str):
        return _in_order(reports, figures, rule)
    if rule not in NAMED_RULES:
        raise ModelError(
            f"no rule {rule!r} for two reports of one flow",
            code="F-831",
            remedy=f"Possible are {NAMED_RULES}, or a list of reporters in the order in "
            f"which they are believed, of {list(reports.reporters)}.",
        )
    if rule in ("importer", "exporter"):
        return _one_end(reports, figures, rule)
    if rule == "mean":
        there = ~np.isnan(figures)
        return _blend(
            figures, there / np.maximum(there.sum(axis=1), 1)[:, None], "mean"
        )
    variances = error_variances(disagreements(reports, figures), reports.reporters)
    safe = np.where(variances > 0, variances, 1.0)  # nobody errs: all alike
    precision = np.where(np.isnan(figures), 0.0, 1.0 / safe[reports.who])
    total = precision.sum(axis=1, keepdims=True)
    weights = np.divide(precision, total, out=np.zeros_like(precision), where=total > 0)
    blended = _blend(figures, weights, "weighted by reliability", logs=True)
    return Choice(blended.value, blended.weights, blended.reason, variances)


def _one_end(reports: Reports, figures: Floats, rule: str) -> Choice:
    if not reports.directed:
        raise ModelError(
            f"rule {rule!r} for units without exporter and importer",
            code="F-831",
            remedy="Name the reporters in the order in which they are believed: "
            f"rule={list(reports.reporters)}; or rule='mean'.",
        )
    order = (1, 0) if rule == "importer" else (0, 1)
    there = ~np.isnan(figures)
    slot = np.where(
        there[:, order[0]], order[0], np.where(there[:, order[1]], order[1], -1)
    )
    names = [reports.slots[position] for position in order]
    reason = np.full(len(slot), NOBODY, dtype=object)
    reason[slot == order[0]] = f"{names[0]}'s report"
    reason[slot == order[1]] = f"{names[1]}'s report: the {names[0]} has none"
    return _picked(figures, slot, reason)


def _in_order(reports: Reports, figures: Floats, order: Sequence[str]) -> Choice:
    missing = [name for name in order if name not in reports.reporters]
    if missing or not len(order):
        raise ReporterError(
            f"a rule that names {missing[0]!r}, who reports nothing"
            if missing
            else "a rule that names nobody",
            code="F-831",
            examples=missing,
            remedy=f"The reporters are {list(reports.reporters)}.",
        )
    slot = np.full(len(figures), -1)
    reason = np.full(len(figures), "nobody named reports", dtype=object)
    for rank in range(len(order) - 1, -1, -1):
        position = reports.reporters.index(order[rank])
        says = (reports.who == position) & ~np.isnan(figures)
        there = says.any(axis=1)
        slot[there] = says.argmax(axis=1)[there]
        before = f": {' and '.join(order[:rank])} has none" if rank else ""
        reason[there] = f"report of {order[rank]}{before}"
    return _picked(figures, slot, reason)


def _picked(figures: Floats, slot: Ints, reason: NDArray[np.object_]) -> Choice:
    weights = np.zeros(figures.shape)
    value = np.full(len(slot), np.nan)
    there = np.flatnonzero(slot >= 0)
    weights[there, slot[there]] = 1.0
    value[there] = figures[there, slot[there]]
    return Choice(value, weights, reason)


def _blend(figures: Floats, weights: Floats, how: str, *, logs: bool = False) -> Choice:
    """Return weighted means: of logs where all figures are positive and `logs` is asked."""
    there = ~np.isnan(figures)
    filled = np.where(there, figures, 0.0)
    count = there.sum(axis=1)
    value = np.where(count > 0, (weights * filled).sum(axis=1), np.nan)
    reason = np.full(len(count), how, dtype=object)
    zeros = (there & (figures <= 0)).any(axis=1)
    if logs:
        safe = np.where(there & (figures > 0), figures, 1.0)
        geometric = np.exp((weights * np.log(safe)).sum(axis=1))
        value = np.where((count > 1) & ~zeros, geometric, value)
        reason[(count > 1) & zeros] = f"{how}, in levels: a report of zero"
    lone = count == 1
    value[lone] = filled[lone].sum(axis=1)  # to the last bit
    reason[lone] = "the only report"
    reason[count == 0] = NOBODY
    return Choice(value, weights, reason)


def disagreements(reports: Reports, figures: Floats) -> Disagreements:
    """Return log ratios of all pairs of positive figures of one cell, centred if directed."""
    said = figures > 0
    pairs = []
    for one in range(figures.shape[1]):
        for two in range(one + 1, figures.shape[1]):
            both = np.flatnonzero(said[:, one] & said[:, two])
            ratio = np.log(figures[both, two] / figures[both, one])
            pairs.append((reports.who[both, one], reports.who[both, two], ratio))
    first, second, ratio = (np.concatenate(part) for part in zip(*pairs, strict=True))
    if reports.directed and ratio.size:
        ratio = ratio - np.median(
            ratio
        )  # importers' figures hold freight and insurance
    return Disagreements(first, second, ratio)
