"""Fits on the rows of a fit: with more regressors, or of something else altogether.

Most specification tests are such an auxiliary regression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.derived.record import FitRecord
from forecast.gravity.estimation import sample_and_estimate
from forecast.gravity.formulas.terms import quoted
from forecast.gravity.inference.covariance import Recipe
from forecast.gravity.inference.scores import Scores
from forecast.gravity.records import Bools, Design, Factor, Floats, Ints
from forecast.gravity.rows_named import row_keys

if TYPE_CHECKING:
    from forecast.gravity.model import Gravity

__all__ = [
    "auxiliary",
    "by_design_row",
    "new_information",
    "on_rows",
    "refit",
]

Fit = TypeVar("Fit", bound=FitRecord)


def refit(fit: Fit, added: Mapping[str, Floats]) -> Fit:
    """Fit again with further regressors, on the rows where these are known.

    Parameters
    ----------
    fit : GravityFit
    added : mapping of str to float array of shape (n,)
        By name, one value per row of ``fit.design``; NaN where it is not known. Only
        rows of the sample count.

    Returns
    -------
    GravityFit
        With the standard errors of the same recipe. Its `sample` tells of rows that
        are left out because of the further regressors.
    """
    rows = np.sort(fit.estimate.rows)
    known = np.ones(rows.size, np.bool_)
    for values in added.values():
        known &= np.isfinite(values[rows])
    design = widened(fit, rows[known], added)
    return _fitted(fit, design, fit.recipe)


def on_rows(fit: Fit, chosen: Bools) -> Fit:
    """Fit the same model to some of the rows.

    Parameters
    ----------
    fit : GravityFit
    chosen : bool array of shape (n,)
        In the order of the estimate's rows.

    Returns
    -------
    GravityFit
        With the covariance of the fit to all rows: only its slopes and scores are its
        own.
    """
    design = widened(fit, np.sort(fit.estimate.rows[chosen]), {})
    return _fitted(fit, design, replace(fit.recipe, vcov=None))


def auxiliary(
    fit: Fit,
    outcome: tuple[str, Floats],
    columns: Mapping[str, Floats],
    *,
    vcov: Recipe,
    estimator: Literal["ppml", "ols"] = "ols",
    weights: Floats | None = None,
    absorb: bool = False,
    keep: Bools | None = None,
) -> Fit:
    """Fit something else on the rows of a fit.

    Parameters
    ----------
    fit : GravityFit
    outcome : (str, float array of shape (n,))
        With its name; in the order of the estimate's rows, as all arrays here.
    columns : mapping of str to float array of shape (n,)
        Regressors; a constant is one of them.
    vcov : covariance recipe
        May name columns of the table behind the fit.
    estimator : {"ppml", "ols"}
    weights : float array of shape (n,), optional
    absorb : bool
        Keep the effects of the fit.
    keep : bool array of shape (n,), optional
        Rows that are used.
    """
    kept = np.ones(fit.estimate.n, np.bool_) if keep is None else keep
    old, rows = fit.design, fit.estimate.rows[kept]
    factors = {
        name: Factor(name, factor.codes[rows], factor.levels)
        for name, factor in old.factors.items()
    }
    design = replace(
        old,
        outcome=outcome[0],
        y=np.asarray(outcome[1], dtype=float)[kept],
        terms=tuple(columns),
        columns=tuple(np.asarray(c, dtype=float)[kept] for c in columns.values()),
        effects=old.effects if absorb else (),
        factors=factors if absorb else {},
        weights=None if weights is None else weights[kept],
        offset=None,
        positions=old.positions[rows],
        incomplete=_others(
            old, old.positions[rows], "not in the sample that is tested"
        ),
    )
    right = " + ".join(quoted(name) for name in columns)
    effects = " + ".join(e.name for e in design.effects)
    recipe = replace(
        fit.recipe,
        formula=f"{quoted(outcome[0])} ~ {right}"
        + (f" | {effects}" if effects else " - 1"),
        estimator=estimator,
        vcov=vcov,
    )
    return _fitted(fit, design, recipe)


def _fitted(fit: Fit, design: Design, recipe: Gravity) -> Fit:
    """Draw the sample of a design, estimate, and compute standard errors."""
    sample, estimate = sample_and_estimate(
        design,
        recipe.estimator,
        tolerance=recipe.tolerance,
        drop_singletons=recipe.drop_singletons,
        separation=recipe.separation,
    )
    period = fit.keys.aliases.get("period", (None,))[0]
    keys = row_keys(design, estimate, _ends(fit), period)
    scores = Scores(estimate, design.effects, sample.terms)
    covariance = fit.covariance
    if recipe.vcov is not None:
        covariance = recipe.vcov.covariance(scores, keys)
    return replace(
        fit,
        recipe=recipe,
        design=design,
        drawn=sample,
        estimate=estimate,
        covariance=covariance,
        keys=keys,
    )


def widened(fit: FitRecord, rows: Ints, added: Mapping[str, Floats]) -> Design:
    """The design at some rows, with the regressors of the fit and further ones."""
    old = fit.design
    positions = old.positions[rows]
    others = _others(old, positions, "not in the sample that is tested")
    if added:
        sampled = np.isin(others["position"], old.positions[fit.estimate.rows])
        others.loc[sampled, "reason"] = f"{' or '.join(added)} is missing"
    kept = fit.drawn.collinearity.kept
    columns = [*(old.columns[k] for k in kept), *added.values()]
    return replace(
        old,
        y=old.y[rows],
        terms=(*fit.terms, *added),
        columns=tuple(np.ascontiguousarray(column[rows]) for column in columns),
        factors={
            name: Factor(name, factor.codes[rows], factor.levels)
            for name, factor in old.factors.items()
        },
        weights=None if old.weights is None else old.weights[rows],
        offset=None if old.offset is None else old.offset[rows],
        positions=positions,
        incomplete=others,
    )


def _others(design: Design, positions: Ints, reason: str) -> pd.DataFrame:
    """Rows of the input at other positions, with the reason why they are left out."""
    out = np.ones(len(design.source), np.bool_)
    out[positions] = False
    at = np.flatnonzero(out)
    return pd.DataFrame({"position": at, "reason": np.full(at.size, reason, object)})


def by_design_row(fit: FitRecord, values: Floats) -> Floats:
    """Values of the estimate's rows at the rows of the design; NaN at the others."""
    full = np.full(fit.design.y.size, np.nan)
    full[fit.estimate.rows] = values
    return full


def new_information(wider: FitRecord, added: Sequence[str], what: str) -> list[str]:
    """Names of the further regressors that have a coefficient.

    Raises
    ------
    ModelError
        F-572 if none has.
    """
    found = [name for name in added if name in wider.terms]
    if not found:
        raise ModelError(
            f"{what} says nothing that the regressors and effects do not say already",
            code="F-572",
            count=len(added),
            examples=wider.drawn.notes[-len(added) :],
            remedy="The model is saturated in this direction, so that the test has no "
            "power and is not made.",
        )
    return found


def _ends(fit: FitRecord) -> tuple[str, str] | None:
    """Columns of origin and destination, where the fit knows them."""
    pair = fit.keys.aliases.get("pair")
    return None if pair is None else (pair[0], pair[1])
