"""From a table and an equation to a `Design`: complete rows, and why others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ColumnError, ModelError
from forecast.gravity.designs.columns import Columns, holds_levels, read_columns
from forecast.gravity.designs.factors import combine, factorise, label_of
from forecast.gravity.designs.omitted import Omitted
from forecast.gravity.designs.regressors import (
    Complete,
    Named,
    based_parts,
    name_of,
    term_columns,
)
from forecast.gravity.designs.transforms import call_columns, logarithms
from forecast.gravity.formulas.formula import parse_formula
from forecast.gravity.formulas.terms import (
    Call,
    Column,
    Dummies,
    Equation,
    Interacted,
    Part,
    parts_of,
)
from forecast.gravity.records import Design, Floats, Ints
from forecast.panel import TradePanel
from forecast.panel.number_columns import examples_of
from forecast.panel.roles import check_table

__all__ = [
    "base_levels",
    "build_design",
    "check_columns",
    "combine",
    "describe_rows",
    "factorise",
    "table_of",
]


def build_design(
    data: TradePanel | pd.DataFrame,
    equation: Equation | str,
    *,
    weights: str | None = None,
    offset: str | None = None,
    keys: Sequence[str] = (),
) -> Design:
    """Read what an equation needs from a table; the table is left as it is.

    Columns of float64 are passed on without a copy where all rows are complete, and
    formulaic is imported only for terms that need it.

    Parameters
    ----------
    data : TradePanel or DataFrame
        Or a table of another library with a method ``to_pandas``. Its index is ignored.
    equation : Equation or str
        A formula must stand for one equation.
    weights : str, optional
        Column of weights; rows with weight zero are left out.
    offset : str, optional
        Column that is added to the linear predictor with coefficient one.
    keys : sequence of str, optional
        Columns that name a row to a person, such as exporter, importer, year; a
        TradePanel knows its own.

    Returns
    -------
    Design

    Raises
    ------
    TableError
        F-101 to F-103 no plain table with rows; F-112, F-114 column names.
    ColumnError
        F-111 columns that are not there.
    NumberError, KeyColumnError
        F-201 to F-207 and F-302, F-304: values that are no numbers or no levels.
    ModelError
        F-580 to F-582 and F-587 as `parse_formula`; F-583 no complete row, F-584 weights
        below zero or missing, F-585 a reference that is no level, F-586 a transform that
        cannot be computed, F-588 too many dummies, F-589 two regressors of one name.
    PeriodError
        F-427 a panel with several releases of one cell.

    Examples
    --------
    >>> df = pd.DataFrame({"trade": [0.0, 2.0, 5.0], "dist": [1.0, 2.0, None],
    ...     "exporter": ["KZ", "RU", "KZ"]})
    >>> design = build_design(df, "trade ~ log(dist) | exporter")
    >>> design.y, design.columns[0].round(3)
    (array([0., 2.]), array([0.   , 0.693]))
    >>> design.incomplete
       position           reason
    0         2  dist is missing
    """
    frame, keys = table_of(data, keys)
    equation = _one_equation(equation)
    more = tuple(name for name in (weights, offset) if name is not None)
    check_columns(frame, (*equation.columns, *more, *keys))
    columns = read_columns(frame, equation, more)
    omitted = Omitted(len(frame))
    wanted = (*equation.columns, *([] if offset is None else [offset]))
    omitted.add_missing(columns, wanted)
    computed = logarithms(omitted, columns, [equation.left, *parts_of(equation)])
    if weights is not None:
        _omit_weightless(omitted, frame[weights], columns)
    based = based_parts(equation)
    computed |= _calls(omitted, columns, equation, based)
    rows = omitted.complete()
    complete = Complete(columns, computed, rows)
    named = [pair for t in equation.terms for pair in term_columns(t, complete, based)]
    if equation.intercept:
        named.insert(0, ("Intercept", np.ones(omitted.remaining)))
    _check_names(named)
    used = dict.fromkeys(name for e in equation.effects for name in e.factors)
    return Design(
        outcome=name_of(equation.left),
        y=_outcome(equation.left, complete),
        terms=tuple(name for name, _ in named),
        columns=tuple(values for _, values in named),
        effects=equation.effects,
        factors={name: complete.factor(name) for name in used},
        weights=None if weights is None else complete.number(weights),
        offset=None if offset is None else complete.number(offset),
        positions=np.arange(len(frame), dtype=np.int32) if rows is None else rows,
        incomplete=omitted.to_frame(),
        source=frame,
        keys=tuple(keys),
    )


def describe_rows(design: Design, rows: Ints | Sequence[int], limit: int = 3) -> str:
    """Name rows of a design to a person.

    Parameters
    ----------
    design : Design
    rows : int array
        Places in the design, from 0 to ``n - 1``.
    limit : int
        How many are named.

    Returns
    -------
    str
        ``ARG to BOL 1994`` where three keys or more name a row, the first two being its
        ends; the keys with blanks where there are fewer; ``row 17`` (counted from 0 in
        the input) where there are none.

    Examples
    --------
    >>> df = pd.DataFrame({"trade": [1.0, 2.0], "from": ["ARG", "USA"],
    ...     "to": ["BOL", "PER"], "year": [1994, 1995]})
    >>> design = build_design(df, "trade ~ 1 | year", keys=("from", "to", "year"))
    >>> describe_rows(design, [0, 1], limit=1)
    'ARG to BOL 1994 and 1 more'
    """
    positions = design.positions[np.asarray(rows, dtype=np.int64)]
    shown = [_row_name(design, int(position)) for position in positions[:limit]]
    rest = positions.size - len(shown)
    return "; ".join(shown) + (f" and {rest:,} more" if rest else "")


def base_levels(design: Design, equation: Equation) -> dict[str, str]:
    """Return the level that stands behind the dummies of a column, where one is left out.

    Parameters
    ----------
    design : Design
        As built from `equation`.
    equation : Equation

    Returns
    -------
    dict of str to str
        By the name that the dummies have before their bracket.

    Examples
    --------
    >>> df = pd.DataFrame({"trade": [1.0, 2.0], "bloc": ["EU", "EAEU"]})
    >>> equation, = parse_formula("trade ~ bloc")
    >>> base_levels(build_design(df, equation), equation)
    {'bloc': 'EAEU'}
    """
    bases = {}
    for _, part in based_parts(equation):
        single = (
            isinstance(part, Interacted) and part.by is None and not part.references
        )
        text = isinstance(part, Column) and holds_levels(design.source[part.name])
        if isinstance(part, Dummies) or single or text:
            factor = factorise(design.source[part.columns[0]])
            first = factor.codes[design.positions].min()
            name = part.name if isinstance(part, Interacted) else name_of(part)
            bases[name] = label_of(factor.levels[first])
    return {name: bases[name] for name in sorted(bases)}


def _row_name(design: Design, position: int) -> str:
    if not design.keys:
        return f"row {position}"
    labels = [label_of(design.source[key].iloc[position]) for key in design.keys]
    if len(labels) >= 3:
        labels = [f"{labels[0]} to {labels[1]}", *labels[2:]]
    return " ".join(labels)


# -------------------------------------------------------------------------- the door


def table_of(data: Any, keys: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the table and the columns that name its rows."""
    if isinstance(data, TradePanel):
        data._refuse_several_releases("fit")
        own = (*data.keys, data.period)
        pairs = data.origin is not None or len(own) < 3
        return data._frame, tuple(keys) or (own if pairs else ())
    if not isinstance(data, pd.DataFrame) and hasattr(data, "to_pandas"):
        data = data.to_pandas()
    return check_table(data), (keys,) if isinstance(keys, str) else tuple(keys)


def _one_equation(equation: Equation | str) -> Equation:
    if isinstance(equation, Equation):
        return equation
    first, *others = parse_formula(equation)
    if others:
        raise ModelError(
            f"the formula stands for {len(others) + 1} equations, one is needed",
            code="F-587",
            count=len(others) + 1,
            remedy="Take them one by one from parse_formula.",
        )
    return first


def check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse names that are no column (F-111), all of them at once."""
    present = set(frame.columns)
    missing = [name for name in dict.fromkeys(names) if name not in present]
    if missing:
        raise ColumnError.missing(missing, frame.columns)


def _check_names(named: Sequence[Named]) -> None:
    counted = Counter(name for name, _ in named)
    if twice := [name for name, count in counted.items() if count > 1]:
        raise ModelError(
            f"two regressors have the name {twice[0]!r}",
            code="F-589",
            column=twice[0],
            count=len(twice),
            remedy="Leave one out, or rename its column.",
        )


# --------------------------------------------------------------------- complete rows


def _omit_weightless(omitted: Omitted, column: pd.Series, columns: Columns) -> None:
    """Refuse weights that are none, and leave out rows of weight zero."""
    name = str(column.name)
    weights = columns.numbers[name]
    missing = columns.missing.get(name, np.zeros(weights.size, np.bool_))
    for bad, what in ((weights < 0, "negative"), (missing & ~omitted.out, "missing")):
        if bad.any():
            raise ModelError(
                f"{bad.sum():,} {what} weights in column {name!r}",
                code="F-584",
                column=name,
                count=int(bad.sum()),
                examples=examples_of(column, bad),
                remedy="A weight says how much a row counts; fill in, correct or drop.",
            )
    omitted.add(weights == 0, f"the weight {name} is 0")


# -------------------------------------------------------------------------- transforms


def _calls(
    omitted: Omitted,
    columns: Columns,
    equation: Equation,
    based: set[tuple[Any, Part]],
) -> dict[tuple[Part, bool], list[Named]]:
    """Compute the calls of formulaic; rows where one is not finite are left out.

    Splines and their like look at all rows, so they are computed again without the rows
    that had to go.
    """
    wanted = [(equation.left, False)]
    wanted += [(p, (t, p) in based) for t in equation.terms for p in t.parts]
    computed: dict[tuple[Part, bool], list[Named]] = {}
    while True:
        before = omitted.remaining
        for part, is_based in dict.fromkeys(wanted):
            if isinstance(part, Call):
                named = call_columns(part, columns, omitted.complete(), is_based)
                computed[part, is_based] = named
                for _, values in named:
                    omitted.add(~np.isfinite(values), f"{part} is not finite")
        if omitted.remaining == before:
            return computed


def _outcome(left: Part, complete: Complete) -> Floats:
    """Return the outcome on the complete rows, shape (m,)."""
    if isinstance(left, Column):
        return complete.number(left.name)
    columns = complete.computed[left, False]
    if len(columns) != 1:
        raise ModelError(
            f"the outcome {left} is {len(columns)} columns",
            code="F-586",
            column=str(left),
            count=len(columns),
            remedy="An outcome is one column of numbers.",
        )
    return complete.take(columns[0][1])
