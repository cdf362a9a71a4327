"""Fitted means and predictions of a fit, for its own rows and for new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.designs.factors import combine, label_of
from forecast.gravity.designs.new_rows import NewRows, read_new_rows
from forecast.gravity.formulas.formula import parse_formula
from forecast.gravity.formulas.terms import Call, Log
from forecast.gravity.records import (
    Bools,
    Codes,
    Design,
    Effect,
    Estimate,
    Ints,
)

if TYPE_CHECKING:
    from forecast.panel import TradePanel

__all__ = ["check_kind", "is_log", "predict", "smearing_factor"]

NOT_ESTIMATED = "was not estimated"


def predict(
    design: Design,
    estimate: Estimate,
    kept: tuple[int, ...],
    formula: str,
    data: TradePanel | pd.DataFrame,
    *,
    offset: str | None = None,
    unknown: str = "raise",
) -> pd.Series:
    r"""Predict :math:`x'\beta + \sum_f \alpha_f + o` for new rows.

    Parameters
    ----------
    design : Design
    estimate : Estimate
    kept : tuple of int
        Places of the regressors that have a coefficient.
    formula : str
    data : TradePanel or DataFrame
    offset : str, optional
    unknown : {"raise", "missing"}

    Returns
    -------
    Series
        One value per row of the data, under its labels; missing where the row lacks a
        value that is needed.

    Raises
    ------
    ModelError
        F-565 levels that were not estimated, F-574 another `unknown`.
    """
    if unknown not in {"raise", "missing"}:
        raise ModelError(
            f"unknown={unknown!r} is not known",
            code="F-574",
            remedy='Use "raise" or "missing".',
        )
    (equation,) = parse_formula(formula)
    new = read_new_rows(design, equation, data, offset=offset)
    rows = new.positions.size
    total = np.zeros(rows) if new.offset is None else new.offset.astype(float)
    for slope, k in zip(estimate.beta, kept, strict=True):
        total = total + slope * new.columns[k]
    complaints = _left_out(new)
    blank = np.zeros(rows, np.bool_)
    for at, effect in enumerate(design.effects):
        levels = new_levels(design, estimate, at, new)
        absent = np.logical_or.reduce(
            [new.source[f].isna().to_numpy()[new.positions] for f in effect.factors]
        )
        complaints += _unknown_levels(design, effect, new, (levels < 0) & ~absent)
        blank |= levels < 0
        total = total + np.append(estimate.level_values[at], np.nan)[levels]
    if complaints and unknown == "raise":
        raise _not_estimated(complaints, len(new.source))
    total[blank] = np.nan
    values = np.full(len(new.source), np.nan)
    values[new.positions] = total
    return pd.Series(values, new.source.index)


def new_levels(design: Design, estimate: Estimate, at: int, new: NewRows) -> Ints:
    """Number of the level of one effect for each new row; -1 where there is none."""
    old = estimate.effects[at]
    parts = []
    for name in design.effects[at].factors:
        factor = design.factors[name]
        both = [factor.codes[estimate.rows], new.factors[name].codes]
        parts.append(Codes(np.concatenate(both), len(factor.levels)))
    joint = combine(parts)
    number = np.full(joint.count + 1, -1, np.int64)
    number[joint.codes[: old.codes.size]] = old.codes
    return number[joint.codes[old.codes.size :]]


def smearing_factor(estimate: Estimate) -> float:
    """Mean of the exponential of the residuals of a log-linear model.

    The mean of y is ``exp(x'b)`` times this where the residuals do not depend on x
    (Duan 1983, Journal of the American Statistical Association 78(383)).
    """
    residuals = estimate.y - estimate.mu
    largest = float(residuals.max())
    mean = np.average(np.exp(residuals - largest), weights=estimate.weights)
    return float(np.exp(largest) * mean)


def is_log(formula: str) -> bool:
    """Whether the outcome of a formula is a natural logarithm.

    Examples
    --------
    >>> is_log("log(trade) ~ dist"), is_log("log(trade + 1) ~ dist"), is_log("trade ~ x")
    (True, False, False)
    """
    left = parse_formula(formula)[0].left
    if isinstance(left, Call):
        return left.code in {"np.log(_c0)", "log(_c0)"}
    return isinstance(left, Log)


# --------------------------------------------------------------------- complaints

Complaint = tuple[str, int, int, list[str]]  # what, levels, rows, examples


def _left_out(new: NewRows) -> list[Complaint]:
    """Dummies of regressors whose level is new."""
    reasons = new.incomplete["reason"]
    late = reasons[reasons.astype(str).str.endswith(NOT_ESTIMATED)]
    found = []
    for reason, rows in late.groupby(late, sort=True).groups.items():
        name = str(reason).removeprefix("this level of ").split(f" {NOT_ESTIMATED}")[0]
        at = new.incomplete["position"].loc[rows]
        levels = list(dict.fromkeys(map(label_of, new.source[name].iloc[at])))
        found.append((name, len(levels), len(at), levels))
    return found


def _unknown_levels(
    design: Design, effect: Effect, new: NewRows, where: Bools
) -> list[Complaint]:
    """Levels of an effect without an estimate, and why they have none."""
    if not where.any():
        return []
    table = new.source[list(effect.factors)].iloc[new.positions[where]]
    distinct = table.drop_duplicates()
    examples = []
    for values in distinct.head(5).itertuples(index=False, name=None):
        parts = zip(effect.factors, values, strict=True)
        fresh = [name for name, value in parts if not _occurs(design, name, value)]
        label = " ".join(map(label_of, values))
        why = f"{' and '.join(fresh)} new" if fresh else "no row used"
        examples.append(f"{label} ({why})")
    return [(effect.name, len(distinct), int(where.sum()), examples)]


def _occurs(design: Design, name: str, value: object) -> bool:
    from forecast.gravity.designs.new_rows import recode

    factor = design.factors[name]
    return bool(recode(factor, pd.Series([value], name=name)).codes[0] >= 0)


def _not_estimated(complaints: list[Complaint], n: int) -> ModelError:
    said = [
        f"{levels:,} level{'s' * (levels > 1)} of {name} in {rows:,} row{'s' * (rows > 1)}"
        for name, levels, rows, _ in complaints
    ]
    examples = [f"{name} {one}" for name, *_, shown in complaints for one in shown[:3]]
    return ModelError(
        f"of {n:,} rows some have levels that were not estimated: {', '.join(said)}",
        code="F-565",
        column=complaints[0][0],
        count=max(rows for _, _, rows, _ in complaints),
        examples=examples,
        remedy="A fit knows the levels of its sample only; effects of new periods, "
        "origins or destinations must be forecast, which is the work of Fusion. Give "
        'rows with known levels, or unknown="missing" to leave these rows blank.',
    )


def check_kind(kind: str, smearing: str | None, family: str, formula: str) -> None:
    """Refuse kinds of predictions that are none (F-574)."""
    if kind not in {"mean", "linear"}:
        raise ModelError(
            f"kind={kind!r} is not known",
            code="F-574",
            remedy='Use "mean" or "linear".',
        )
    if smearing is None:
        return
    if smearing != "duan":
        raise ModelError(
            f"smearing={smearing!r} is not known",
            code="F-574",
            remedy='Use smearing="duan", or None for the logarithm as it was fitted.',
        )
    if family != "gaussian" or not is_log(formula) or kind != "mean":
        raise ModelError(
            "there is nothing to smear",
            code="F-574",
            remedy="Smearing turns a fitted logarithm, log(y) in least squares, into a "
            'mean of y; it goes with kind="mean".',
        )
