"""`Hierarchy`: what must add up, as linear constraints over named nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import KeyColumnError, ModelError, ReporterError
from forecast.forecasts.units import pair_units
from forecast.reconciliation.hierarchy_checks import (
    check_constraints,
    equation,
    lone_signs,
    no_hierarchy,
    refuse_circles,
)
from forecast.reconciliation.names import flow_names

__all__ = ["Hierarchy", "unallocated_node"]

Floats = NDArray[np.floating[Any]]


def unallocated_node(whole: str) -> str:
    """Name the node that holds what no part of `whole` has."""
    return f"unallocated ({whole})"


@dataclass(frozen=True, eq=False, repr=False)
class Hierarchy:
    """Linear constraints over named nodes, each of which must be zero in every period.

    Months, quarters and years of a node always add up: that needs no constraint here.

    Attributes
    ----------
    nodes : tuple of str
        As `node_names` calls the units of forecasts.
    matrix : float array of shape (n_constraints, n_nodes)
        A row times the nodes is zero: whole minus parts.
    wholes : frozenset of str
        Nodes that are sums of others; the rest are the parts that bottom-up adds.
    signed : frozenset of str
        Nodes that may be negative: what is not allocated to any part, or (negative) what
        parts count twice.
    across_reporters : tuple of bool
        For each constraint: whether it holds between figures of different reporters.

    Examples
    --------
    >>> tree = Hierarchy.tree({"EAEU": ["KZ", "RU"], "KZ": ["KZ-10", "KZ-11"]})
    >>> tree
    Hierarchy: 5 nodes, 2 constraints: EAEU = KZ + RU; KZ = KZ-10 + KZ-11
    """

    nodes: tuple[str, ...]
    matrix: Floats
    wholes: frozenset[str] = frozenset()
    signed: frozenset[str] = frozenset()
    across_reporters: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        nodes = tuple(map(str, self.nodes))
        matrix = np.array(self.matrix, dtype=float)
        across = tuple(self.across_reporters) or (False,) * len(matrix)
        check_constraints(nodes, matrix, across)
        size = np.abs(matrix).max(axis=1, initial=0.0)
        matrix = matrix / size[:, None]
        top = np.array([node in self.wholes for node in nodes], dtype=bool)
        turned = (matrix[:, top] < 0).any(axis=1) & ~(matrix[:, top] > 0).any(axis=1)
        matrix[turned] *= -1.0  # wholes stand on the positive side
        matrix.flags.writeable = False
        for name, value in {
            "nodes": nodes,
            "matrix": matrix,
            "wholes": frozenset(self.wholes),
            "signed": frozenset(self.signed),
            "across_reporters": across,
        }.items():
            object.__setattr__(self, name, value)
        if strange := sorted((self.wholes | self.signed) - set(nodes)):
            raise no_hierarchy("wholes or signed nodes in no constraint", strange)

    # ---------------------------------------------------------------- how it is built

    @classmethod
    def over_time(cls) -> Self:
        """Return the hierarchy of time alone: months and quarters add up to years."""
        return cls((), np.empty((0, 0)))

    @classmethod
    def tree(
        cls,
        parts: Mapping[str, Sequence[str]],
        *,
        unallocated: bool | Collection[str] = False,
    ) -> Self:
        """Return wholes and their parts: bloc, nations, regions.

        Parameters
        ----------
        parts : mapping of str to sequence of str
            Whole to its parts, which may be wholes in turn. A node may be part of
            several wholes.
        unallocated : bool or collection of str
            Wholes whose published parts do not add up (all for True): each gets a node
            ``unallocated (...)``, which may be negative where parts count something
            twice. Without a forecast of that node nothing is moved between whole and
            parts; the gap is told.

        Raises
        ------
        ModelError
            F-820 no parts, a part named twice, a node that contains itself, or an
            `unallocated` that is no whole.
        """
        if isinstance(unallocated, bool):
            open_ended = set(parts) if unallocated else set()
        else:
            open_ended = (
                {unallocated} if isinstance(unallocated, str) else {*unallocated}
            )
        if strange := sorted(open_ended - set(parts)):
            raise no_hierarchy("unallocated nodes asked for what has no parts", strange)
        refuse_circles(parts)
        rows = [
            {whole: 1.0}
            | dict.fromkeys(within, -1.0)
            | ({unallocated_node(whole): -1.0} if whole in open_ended else {})
            for whole, within in parts.items()
        ]
        signed = {unallocated_node(whole) for whole in open_ended}
        return cls._of_rows(rows, wholes=parts, signed=signed)

    @classmethod
    def turnover(cls, flows: Any, names: tuple[str, str] = ("a", "b")) -> Self:
        """Return exports plus imports equal turnover, for every pair with both.

        Parameters
        ----------
        flows : Forecast or TradePanel
            With origin and destination. Pairs are named as `Forecast.turnover` and
            `TradePanel.turnover` name them, the smaller code first.
        names : pair of str
            As in `Forecast.turnover`.

        Raises
        ------
        KeyColumnError
            F-309 units without direction, F-310 no pair has both directions.
        """
        units, origin, destination = flows.units, flows.origin, flows.destination
        if origin is None or destination is None:
            raise KeyColumnError(
                f"units {list(units.columns)} have no direction",
                code="F-309",
                remedy="Turnover needs origin and destination.",
            )
        pairs, members, _ = pair_units(units, origin, destination, names)
        if not members:
            raise KeyColumnError(
                "no pair has both directions",
                code="F-310",
                column=origin,
                remedy="Turnover is exports plus imports: give both directions.",
            )
        flow = flow_names(units, origin, destination)
        pair = flow_names(pairs, None, None)
        rows = [
            {whole: 1.0} | {flow[row]: -1.0 for row in rows}
            for whole, rows in zip(pair, members, strict=True)
        ]
        return cls._of_rows(rows, wholes=pair)

    @classmethod
    def mirror(cls, flows: Any, *, cif_fob: float = 1.0) -> Self:
        """Return the mirror identity: one flow, the same whoever reports it.

        Parameters
        ----------
        flows : Forecast or TradePanel
            With a key column of reporters, and two of them or more for some flows.
        cif_fob : float
            What importers report (CIF) over what exporters report (FOB).

        Raises
        ------
        ReporterError
            F-830 no reporters, or no flow that two of them report.
        ModelError
            F-833 a ratio that is not positive.
        """
        column = flows.reporter
        units = flows.units
        if column is None or column not in units:
            raise ReporterError(
                "units do not say who reports them",
                code="F-830",
                remedy="Build the panel with reporter=, so that it is a key column.",
            )
        if not 0 < cif_fob < np.inf:
            raise ModelError(
                f"a CIF/FOB ratio of {cif_fob!r}",
                code="F-833",
                remedy="A positive number such as 1.05; 1 for figures of one valuation.",
            )
        names = flow_names(units, flows.origin, flows.destination)
        importer = np.zeros(len(units), dtype=bool)
        if flows.destination is not None:
            importer = (units[column] == units[flows.destination]).to_numpy()
        factor = np.where(importer, 1.0 / cif_fob, 1.0)
        others = [name for name in units.columns if name != column]
        groups = units.groupby(others, sort=False, dropna=False).indices.values()
        rows = [
            {names[first]: factor[first], names[other]: -factor[other]}
            for first, *rest in groups
            for other in rest
        ]
        if not rows:
            raise ReporterError(
                "no flow is reported by two reporters",
                code="F-830",
                column=column,
                remedy="The mirror identity needs both sides' figures of one flow.",
            )
        return cls._of_rows(rows, across_reporters=True)

    @classmethod
    def from_constraints(
        cls,
        constraints: pd.DataFrame,
        *,
        wholes: Collection[str] | None = None,
        signed: Collection[str] = (),
    ) -> Self:
        """Return any linear constraints.

        Parameters
        ----------
        constraints : DataFrame of shape (n_constraints, n_nodes)
            Columns are nodes; in each row numbers times nodes add up to zero. Missing
            numbers are zeros.
        wholes : collection of str, optional
            Nodes that are sums of others. By default, in each row, the only node whose
            sign differs from all others.
        signed : collection of str
            Nodes that may be negative.

        Raises
        ------
        ModelError
            F-820 a row without two nodes, a node twice, numbers that are none.

        Examples
        --------
        >>> Hierarchy.from_constraints(
        ...     pd.DataFrame({"turnover": [1], "exports": [-1], "imports": [-1]})
        ... )
        Hierarchy: 3 nodes, 1 constraint: turnover = exports + imports
        """
        try:
            matrix = constraints.fillna(0.0).to_numpy(dtype=float)
        except (TypeError, ValueError) as error:
            raise no_hierarchy("constraints that are no numbers", []) from error
        nodes = [str(name) for name in constraints.columns]
        if wholes is None:
            wholes = lone_signs(matrix, nodes)
        return cls(tuple(nodes), matrix, frozenset(wholes), frozenset(signed))

    @classmethod
    def _of_rows(
        cls,
        rows: Sequence[Mapping[str, float]],
        *,
        wholes: Collection[str] = (),
        signed: Collection[str] = (),
        across_reporters: bool = False,
    ) -> Self:
        nodes = list(dict.fromkeys(node for row in rows for node in row))
        position = {node: column for column, node in enumerate(nodes)}
        matrix = np.zeros((len(rows), len(nodes)))
        for number, row in enumerate(rows):
            for node, coefficient in row.items():
                matrix[number, position[node]] = coefficient
        return cls(
            tuple(nodes),
            matrix,
            frozenset(wholes),
            frozenset(signed),
            (across_reporters,) * len(rows),
        )

    # ------------------------------------------------------------------ what it says

    def joined(self, other: Hierarchy) -> Hierarchy:
        """Return the constraints of both: turnover of pairs and a tree of totals."""
        nodes = tuple(dict.fromkeys((*self.nodes, *other.nodes)))
        matrix = np.zeros((len(self.matrix) + len(other.matrix), len(nodes)))
        position = {node: column for column, node in enumerate(nodes)}
        start = 0
        for one in (self, other):
            columns = [position[node] for node in one.nodes]
            matrix[start : start + len(one.matrix), columns] = one.matrix
            start += len(one.matrix)
        return Hierarchy(
            nodes,
            matrix,
            self.wholes | other.wholes,
            self.signed | other.signed,
            (*self.across_reporters, *other.across_reporters),
        )

    def sentence(self, row: int) -> str:
        """Return one constraint for people: ``KZ = KZ-10 + KZ-11``."""
        return equation(self.matrix[row], self.nodes, self.wholes)

    def to_frame(self) -> pd.DataFrame:
        """Return the constraints, a column for each node, rows named by their sentence."""
        rows = [self.sentence(row) for row in range(len(self.matrix))]
        return pd.DataFrame(self.matrix, index=rows, columns=list(self.nodes))

    def __repr__(self) -> str:
        if not self.nodes:
            return "Hierarchy: months, quarters and years of each node"
        n_rows = len(self.matrix)
        shown = "; ".join(self.sentence(row) for row in range(min(n_rows, 3)))
        more = f"; and {n_rows - 3:,} more" if n_rows > 3 else ""
        return (
            f"Hierarchy: {len(self.nodes):,} nodes, {n_rows:,} "
            f"constraint{'s' * (n_rows != 1)}: {shown}{more}"
        )
