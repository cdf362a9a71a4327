"""The same model on the same rows, with more regressors: what many tests are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from forecast.errors import ModelError
from forecast.gravity.arrays import Arrays
from forecast.gravity.least_squares import fit_least_squares
from forecast.gravity.parts.record import FitRecord
from forecast.gravity.poisson import fit_poisson
from forecast.gravity.records import Design, Estimate, Factor, Floats, Ints
from forecast.gravity.rows_named import row_keys
from forecast.gravity.sample import Sample, draw_sample
from forecast.gravity.scores import Scores

__all__ = ["by_design_row", "estimate_on", "new_information", "refit"]

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
    family = fit.estimate.family
    sample = draw_sample(
        design,
        family="poisson" if family == "poisson" else "gaussian",
        drop_singletons=fit.recipe.drop_singletons,
        separation=fit.recipe.separation,
    )
    estimate = estimate_on(design, sample, family, tolerance=fit.recipe.tolerance)
    keys = row_keys(design, estimate, _ends(fit))
    scores = Scores(estimate, design.effects, sample.terms)
    vcov = fit.recipe.vcov
    covariance = fit.covariance if vcov is None else vcov.covariance(scores, keys)
    return replace(
        fit,
        design=design,
        drawn=sample,
        estimate=estimate,
        covariance=covariance,
        keys=keys,
    )


def estimate_on(
    design: Design, sample: Sample, family: str, *, tolerance: float
) -> Estimate:
    """Estimate on the rows and regressors of a sample."""
    arrays = Arrays(
        y=design.y,
        columns=[design.columns[k] for k in sample.collinearity.kept],
        effects=design.effects,
        factors=design.factors,
        keep=sample.mask,
        weights=design.weights,
        offset=design.offset,
    )
    if family == "poisson":
        return fit_poisson(arrays, tolerance=tolerance)
    return fit_least_squares(arrays)


def widened(fit: FitRecord, rows: Ints, added: Mapping[str, Floats]) -> Design:
    """The design at some rows, with the regressors of the fit and further ones."""
    old = fit.design
    positions = old.positions[rows]
    out = np.ones(len(old.source), np.bool_)
    out[positions] = False
    reasons = pd.Series("not in the sample that is tested", np.flatnonzero(out))
    sampled = np.isin(reasons.index, old.positions[fit.estimate.rows])
    reasons[sampled] = f"{' or '.join(added)} is missing"
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
        incomplete=pd.DataFrame(
            {"position": reasons.index.to_numpy(), "reason": reasons.to_numpy()}
        ),
    )


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
