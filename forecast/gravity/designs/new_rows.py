"""Rows that were not estimated on, read as the model read its sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.designs.columns import Columns, holds_levels, read_columns
from forecast.gravity.designs.design import check_columns, table_of
from forecast.gravity.designs.factors import factorise
from forecast.gravity.designs.omitted import Omitted
from forecast.gravity.designs.regressors import (
    Complete,
    Named,
    based_parts,
    occurring,
    term_columns,
)
from forecast.gravity.designs.transforms import logarithms, new_call_columns
from forecast.gravity.formulas.terms import (
    Call,
    Column,
    Equation,
    Interacted,
    Part,
    parts_of,
)
from forecast.gravity.records import Design, Factor, Floats, Ints
from forecast.panel import TradePanel

__all__ = ["NewRows", "read_new_rows", "recode"]


@dataclass(frozen=True)
class NewRows:
    """Regressors and levels of rows beyond the sample.

    Attributes
    ----------
    columns : tuple of float arrays of shape (m,)
        One for each of the terms of the design, in that order.
    factors : mapping of str to Factor
        What effects are made of, with the levels of the design; codes of shape (m,), -1
        where a level is missing or was not in the input of the design.
    offset : float array of shape (m,) or None
    positions : int array of shape (m,)
        Where each row stands in the new table.
    incomplete : DataFrame
        One row per row left out: ``position``, ``reason``.
    source : DataFrame
        The new table.
    """

    columns: tuple[Floats, ...]
    factors: Mapping[str, Factor]
    offset: Floats | None
    positions: Ints
    incomplete: pd.DataFrame
    source: pd.DataFrame = field(repr=False)


def read_new_rows(
    design: Design,
    equation: Equation,
    data: TradePanel | pd.DataFrame,
    *,
    offset: str | None = None,
) -> NewRows:
    """Read regressors of new rows; the outcome need not be there.

    Splines, polynomials and scales keep what they learned from the rows of the design,
    dummies keep its levels and their base.

    Parameters
    ----------
    design : Design
        As built from `equation`.
    equation : Equation
    data : TradePanel or DataFrame
    offset : str, optional
        The column that was the offset of the design.

    Returns
    -------
    NewRows
        A row with a level of a regressor that the design does not know is left out.

    Raises
    ------
    ColumnError
        F-111 columns that are not there.
    ModelError
        F-523 a column that held numbers and holds text, or the other way round; F-583 no
        complete row.

    Examples
    --------
    >>> from forecast.gravity.designs.design import build_design
    >>> from forecast.gravity.formulas.formula import parse_formula
    >>> df = pd.DataFrame({"trade": [1.0, 2.0, 4.0], "bloc": ["EAEU", "EU", "none"]})
    >>> equation, = parse_formula("trade ~ bloc")
    >>> design = build_design(df, equation)
    >>> new = read_new_rows(design, equation, pd.DataFrame({"bloc": ["none", "ASEAN"]}))
    >>> design.terms, [float(column[0]) for column in new.columns]
    (('Intercept', 'bloc[T.EU]', 'bloc[T.none]'), [1.0, 0.0, 1.0])
    >>> new.incomplete["reason"].to_list()
    ['this level of bloc was not estimated']
    """
    frame, _ = table_of(data, ())
    more = () if offset is None else (offset,)
    names = dict.fromkeys(n for part in parts_of(equation) for n in part.columns)
    effects = dict.fromkeys(name for e in equation.effects for name in e.factors)
    check_columns(frame, (*names, *effects, *more))
    _check_kinds(design.source, frame, parts_of(equation))
    old = read_columns(design.source, equation, outcome=False)
    sample = Complete(old, {}, design.positions)
    new = read_columns(frame, equation, more, outcome=False)
    omitted = Omitted(len(frame))
    omitted.add_missing(new, (*more, *names))
    known = {name: sample.factor(name) for name in names if name in old.factors}
    factors = {name: _recode_known(known[name], frame, omitted) for name in known}
    new = Columns(new.numbers, factors, new.missing)
    computed = logarithms(omitted, new, parts_of(equation))
    computed |= _calls(omitted, sample, new, equation)
    rows = omitted.complete()
    bases = {name: int(occurring(factor)[0]) for name, factor in known.items()}
    complete = Complete(new, computed, rows, bases)
    return NewRows(
        columns=_select(design, equation, complete, omitted.remaining),
        factors={
            name: recode(design.factors[name], frame[name], rows) for name in effects
        },
        offset=None if offset is None else complete.number(offset),
        positions=np.arange(len(frame)) if rows is None else rows,
        incomplete=omitted.to_frame(),
        source=frame,
    )


def recode(factor: Factor, column: pd.Series, rows: Ints | None = None) -> Factor:
    """Return a column in the levels of a factor; -1 where it has another or none.

    Parameters
    ----------
    factor : Factor
    column : Series of length n
    rows : int array of shape (m,), optional
        The rows that are wanted; all by default.

    Examples
    --------
    >>> known = factorise(pd.Series(["KZ", "RU"], name="exporter"))
    >>> recode(known, pd.Series(["RU", "AM", None])).codes
    array([ 1, -1, -1], dtype=int32)
    """
    new = factorise(column)
    codes = new.codes if rows is None else new.codes[rows]
    table = np.append(factor.levels.get_indexer(new.levels), -1).astype(np.int32)
    return Factor(factor.name, table[codes], factor.levels)


def _check_kinds(old: pd.DataFrame, new: pd.DataFrame, parts: tuple[Part, ...]) -> None:
    """Refuse text where the design had numbers, and numbers where it had levels."""
    for part in parts:
        if isinstance(part, Column):
            names: tuple[str | None, ...] = (part.name,)
        elif isinstance(part, Interacted):
            names = () if part.crossed else (part.by,)
        else:
            names = part.columns if isinstance(part, Call) else ()
        for name in names:
            if name is None or holds_levels(old[name]) == holds_levels(new[name]):
                continue
            held, holds = ("levels", "numbers")[:: 1 if holds_levels(old[name]) else -1]
            raise ModelError(
                f"column {name!r} held {held} and now holds {holds}",
                code="F-523",
                column=name,
                remedy="Give new rows in the kind of the table that was fitted.",
            )


def _recode_known(known: Factor, frame: pd.DataFrame, omitted: Omitted) -> Factor:
    """Recode a factor of regressors; rows of levels without a dummy are left out."""
    factor = recode(known, frame[known.name])
    estimated = np.zeros(len(known.levels) + 1, np.bool_)
    estimated[occurring(known)] = True
    omitted.add(
        ~estimated[factor.codes], f"this level of {known.name} was not estimated"
    )
    return factor


def _calls(
    omitted: Omitted, sample: Complete, new: Columns, equation: Equation
) -> dict[tuple[Part, bool], list[Named]]:
    based = based_parts(equation)
    computed: dict[tuple[Part, bool], list[Named]] = {}
    for term in equation.terms:
        for part in term.parts:
            key = (part, (term, part) in based)
            if isinstance(part, Call) and key not in computed:
                rows = omitted.complete()
                computed[key] = new_call_columns(part, sample, new, rows, key[1])
                for _, values in computed[key]:
                    omitted.add(~np.isfinite(values), f"{part} is not finite")
    return computed


def _select(
    design: Design, equation: Equation, complete: Complete, m: int
) -> tuple[Floats, ...]:
    """Return the columns of the design's terms; a dummy that no new row has is zero."""
    based = based_parts(equation)
    named = dict(
        pair for term in equation.terms for pair in term_columns(term, complete, based)
    )
    if equation.intercept:
        named["Intercept"] = np.ones(m)
    return tuple(named[name] if name in named else np.zeros(m) for name in design.terms)
