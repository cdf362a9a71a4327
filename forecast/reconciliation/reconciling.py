"""`reconcile`: forecasts that add up on every path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError, ReporterError
from forecast.forecasts import Forecast
from forecast.periods import FREQUENCY_NOUNS
from forecast.reconciliation.blocks import (
    Block,
    Grid,
    blocks_of,
    components_of,
    label_of,
)
from forecast.reconciliation.hierarchy import Hierarchy
from forecast.reconciliation.levels import (
    Level,
    Published,
    read_levels,
    read_published,
)
from forecast.reconciliation.movements import told
from forecast.reconciliation.solving import Plan, Solved, Solver
from forecast.reconciliation.weights import METHODS, checked_covariance

__all__ = ["reconcile"]

Floats = NDArray[np.floating[Any]]

ORDERS = ("aligned", "as drawn")


@overload
def reconcile(
    forecasts: Forecast,
    hierarchy: Hierarchy,
    method: str = ...,
    *,
    covariance: pd.DataFrame | None = ...,
    published: Any = ...,
    paths: str = ...,
) -> Forecast: ...
@overload
def reconcile(
    forecasts: Mapping[str, Forecast],
    hierarchy: Hierarchy,
    method: str = ...,
    *,
    covariance: pd.DataFrame | None = ...,
    published: Any = ...,
    paths: str = ...,
) -> dict[str, Forecast]: ...
def reconcile(
    forecasts: Forecast | Mapping[str, Forecast],
    hierarchy: Hierarchy,
    method: str = "wls",
    *,
    covariance: pd.DataFrame | None = None,
    published: Any = None,
    paths: str = "aligned",
) -> Forecast | dict[str, Forecast]:
    r"""Return forecasts that satisfy every constraint on every path.

    Each path of the base forecasts :math:`\hat y` is moved to the nearest point that adds
    up, is nowhere negative and leaves what is known as it is:

    .. math:: \min_y (y - \hat y)' W^{-1} (y - \hat y) \quad \text{subject to} \quad
       C y = d, \; y \ge 0.

    Where no cell would be negative that is :math:`S (S' W^{-1} S)^{-1} S' W^{-1} \hat y`.
    Months, quarters and years of one node are tied to each other whenever more than one
    of them is forecast; months that are already observed (in the history of the monthly
    forecast) count in their year and are not moved.

    Parameters
    ----------
    forecasts : Forecast or mapping of str to Forecast
        One forecast that holds wholes and parts as units, or one for each level: flows
        and turnover, regions and nation, months and years. `node_names` tells what a
        unit is called; where two levels use one name, write ``"level: name"`` in the
        hierarchy.
    hierarchy : Hierarchy
        What must add up. `Hierarchy.over_time()` for time alone.
    method : {"wls", "mint", "structural", "ols", "bottom-up"}
        Which base forecasts are trusted how much, :math:`W`: variances of the paths;
        their covariance, shrunk (MinT; forecasts made apart count as independent); the
        number of parts in each sum; all the same. "bottom-up" forgets the forecasts of
        wholes.
    covariance : DataFrame of shape (n_nodes, n_nodes), optional
        Covariance of one-period errors of the shortest frequency, by node, such as
        `shrunk_covariance` of past errors. "mint" takes it whole, "wls" its diagonal;
        longer periods have as many times of it, errors of different periods count as
        independent.
    published : DataFrame or mapping, optional
        Figures that are out, with columns ``node, period, value`` or as (node, period)
        to value. They stay as they are, to the last bit; where the history holds the
        same cell they go before it.
    paths : {"aligned", "as drawn"}
        Path k of one fit has nothing to do with path k of another. "aligned" gives a
        whole that was forecast apart from its parts the ranks of their sums, so that
        their errors do not average out by chance and intervals stay honest; see
        `forecast.reconciliation.alignment`. Within one forecast nothing is reordered.

    Returns
    -------
    Forecast or dict of str to Forecast
        As given. In the notes: by how much base forecasts missed the sums, and how far
        each node was moved. For a mapping, nodes that take what is not allocated, if
        nothing forecasts them, stand under ``"unallocated"`` (with their frequency if
        there are several).

    Raises
    ------
    ModelError
        F-821 units that are no nodes or come twice, parts without a forecast, F-822 forecasts that do not fit
        together, F-823 an unknown method, F-824 a covariance that does not fit, F-825
        strange published figures, F-826 published figures contradict each other, F-827
        they leave less than nothing to the rest, F-828 parts are missing.
    ReporterError
        F-829 figures of several reporters in one sum.

    Examples
    --------
    >>> import forecast as fc
    >>> pairs = pd.DataFrame({"from": ["KZ", "RU"], "to": ["RU", "KZ"]})
    >>> years = pd.PeriodIndex(["2021"], freq="Y")
    >>> rng = np.random.default_rng(1)
    >>> flows = fc.Forecast(
    ...     rng.gamma(20, [[[0.35]], [[0.8]]], (2, 1, 500)), pairs, years,
    ...     origin="from", destination="to",
    ... )
    >>> turnover = fc.Forecast(
    ...     rng.gamma(50, 0.5, (1, 1, 500)), pd.DataFrame({"a": ["KZ"], "b": ["RU"]}), years
    ... )
    >>> both = reconcile(
    ...     {"flows": flows, "turnover": turnover}, Hierarchy.turnover(flows)
    ... )
    >>> gap = both["flows"].draws.sum(axis=0) - both["turnover"].draws[0]
    >>> bool(abs(gap).max() < 1e-12)
    True
    """
    plan = _plan(method, covariance, paths)
    given = {"forecast": forecasts} if isinstance(forecasts, Forecast) else forecasts
    levels = read_levels(given, hierarchy)
    _refuse_several_reporters(hierarchy, levels)
    fixed = read_published(published, levels, hierarchy)
    known = {key: v for level in levels for key, v in level.history().items()} | fixed
    draws = [level.forecast.draws.copy() for level in levels]
    spare: _Spare = {}
    gap, reordered, untied = 0.0, set[int](), list[str]()
    of_level = {level.name: number for number, level in enumerate(levels)}
    used: set[tuple[str, str, int]] = set()
    for component in components_of(hierarchy, levels):
        solver = Solver(component, plan)
        numbers = [of_level[level.name] for level in component.levels]
        for block in blocks_of(component, known):
            solved = solver.solve(block)
            gap = max(gap, solved.gap)
            untied += solved.untied
            reordered |= {numbers[level] for level in solved.reordered}
            _write(solved, block, numbers, draws)
            _keep_spare(solved, block, component.grid, spare)
            used.update(_keys(block, component.grid))
    _refuse_unused(fixed, used, draws, levels)
    loose = _loose(untied)
    results = {
        level.name: _result(
            level, draws[number], hierarchy, plan, gap, number in reordered, loose
        )
        for number, level in enumerate(levels)
    }
    if isinstance(forecasts, Forecast):
        return results["forecast"]
    return results | _unallocated(spare, levels, plan)


_Spare = dict[tuple[str, str, int], Floats]


def _plan(method: str, covariance: pd.DataFrame | None, paths: str) -> Plan:
    if method not in METHODS:
        raise _option(f"no method {method!r} of reconciliation", METHODS)
    if paths not in ORDERS:
        raise _option(f"no order {paths!r} of paths", ORDERS)
    if covariance is not None:
        if method not in ("mint", "wls"):
            raise _option(f"a covariance for method {method!r}", ("mint", "wls"))
        covariance = checked_covariance(covariance)
    return Plan(method, paths == "aligned", covariance)


def _option(problem: str, possible: Sequence[str]) -> ModelError:
    return ModelError(
        problem, code="F-823", remedy=f"Possible are {', '.join(map(repr, possible))}."
    )


def _refuse_several_reporters(hierarchy: Hierarchy, levels: Sequence[Level]) -> None:
    """Refuse sums over figures of different reporters."""
    said: dict[str, str] = {}
    for level in levels:
        column = level.forecast.reporter
        if column is not None and column in level.forecast.units:
            said |= dict(
                zip(level.nodes, level.forecast.units[column].astype(str), strict=True)
            )
    if not said:
        return
    who = np.array([said.get(node, "") for node in hierarchy.nodes])
    for row, across in enumerate(hierarchy.across_reporters):
        inside = set(who[hierarchy.matrix[row] != 0]) - {""}
        if len(inside) > 1 and not across:
            raise ReporterError(
                f"figures of {len(inside)} reporters in one sum: {hierarchy.sentence(row)}",
                code="F-829",
                count=len(inside),
                examples=sorted(inside),
                remedy="Keep each side's figures together, or reconcile the sides first: "
                "Hierarchy.mirror, or forecast.mirror for the data.",
            )


def _write(
    solved: Solved, block: Block, numbers: Sequence[int], draws: list[Floats]
) -> None:
    for cell in np.flatnonzero(block.forecast).tolist():
        level, unit, period = block.source[cell].tolist()
        draws[numbers[level]][unit, period] = solved.cells[cell]


def _keys(block: Block, grid: Grid) -> list[tuple[str, str, int]]:
    """Return node, frequency and ordinal of every cell of a block."""
    return [
        (node, freq, ordinal)
        for node in grid.nodes
        for (freq, _), ordinal in zip(grid.spans, block.ordinals, strict=True)
    ]


def _keep_spare(solved: Solved, block: Block, grid: Grid, spare: _Spare) -> None:
    """Keep signed cells that nothing forecasts and that came out all the same."""
    wanted = grid.signed & ~block.forecast & solved.determined
    if wanted.any():
        keys = _keys(block, grid)
        for cell in np.flatnonzero(wanted).tolist():
            spare[keys[cell]] = solved.cells[cell]


def _refuse_unused(
    fixed: Published,
    used: set[tuple[str, str, int]],
    draws: list[Floats],
    levels: Sequence[Level],
) -> None:
    """Write published figures of nodes outside all sums; refuse those of no period."""
    for (node, freq, ordinal), value in fixed.items():
        if (node, freq, ordinal) in used:
            continue
        for number, level in enumerate(levels):
            if level.freq == freq and node in level.nodes and ordinal in level.ordinals:
                row, column = level.nodes.index(node), level.ordinals.index(ordinal)
                draws[number][row, column] = value
                break
        else:
            raise ModelError(
                "published figures of periods that are not forecast",
                code="F-825",
                examples=[f"{node} {label_of(freq, ordinal)}"],
                remedy="Earlier figures belong into the data that the models are fitted to.",
            )


def _result(
    level: Level,
    draws: Floats,
    hierarchy: Hierarchy,
    plan: Plan,
    gap: float,
    reordered: bool,
    loose: Sequence[str],
) -> Forecast:
    before = level.forecast
    notes = [*before.notes, f"base forecasts missed their sums by up to {gap:.2%}"]
    notes += told(before.draws, draws, level.nodes)
    if reordered:
        notes.append("paths of wholes were put in the order of the sums of their parts")
    notes += loose
    outside = set(level.nodes) - set(hierarchy.nodes)
    if outside and hierarchy.nodes:
        notes.append(f"{len(outside):,} units are in no sum")
    return replace(
        before,
        draws=draws,
        model=f"{before.model or 'forecast'}, reconciled ({plan.method})",
        notes=tuple(notes),
    )


def _loose(untied: Sequence[str]) -> list[str]:
    """Return a note on sums that hold only as a bound, if there are some."""
    if not untied:
        return []
    shown = "; ".join(untied[:5])
    return [
        f"{len(untied):,} wholes are not tied to their parts, since not every part is "
        f"forecast or known: {shown}"
    ]


def _unallocated(
    spare: _Spare, levels: Sequence[Level], plan: Plan
) -> dict[str, Forecast]:
    """Return forecasts of what is not allocated, one for each frequency."""
    freqs = sorted({freq for _, freq, _ in spare})
    found = {}
    for freq in freqs:
        ordinals = sorted({o for _, f, o in spare if f == freq})
        nodes = [
            node
            for node in dict.fromkeys(n for n, f, _ in spare if f == freq)
            if all((node, freq, o) in spare for o in ordinals)
        ]
        if not nodes:
            continue
        name = "unallocated"
        if len(freqs) > 1:
            name = f"unallocated, by {FREQUENCY_NOUNS[freq]}"
        found[name] = Forecast(
            draws=np.array([[spare[n, freq, o] for o in ordinals] for n in nodes]),
            units=pd.DataFrame({"node": nodes}),
            periods=pd.PeriodIndex([pd.Period(ordinal=o, freq=freq) for o in ordinals]),
            measure=levels[0].forecast.measure,
            quantity="whole less its parts",
            model=f"reconciled ({plan.method})",
        )
    return found
