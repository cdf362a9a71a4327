r"""The HPC test: does a competing model say something that this one does not?

For non-negative data with many zeros, model A with mean :math:`\mu_A`, whose derivative
with respect to the coefficients of x is :math:`\mu_A x`, is tested against the means
:math:`\mu_B` of another one in the weighted regression

.. math::

   \frac{y - \hat\mu_A}{\hat\mu_A} = \alpha\,\frac{\hat\mu_B - \hat\mu_A}{\hat\mu_A}
   + x'\delta + \text{effects} + \xi, \qquad \text{weights } \hat\mu_A ,

a P test of Davidson and MacKinnon (1981, Econometrica 49(3)) made robust to
heteroskedasticity (Santos Silva, Tenreyro and Windmeijer 2015, Journal of Econometric
Methods 4(1)). Under A, alpha is zero; under B it is positive, so the test has one side.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecast.errors import ModelError
from forecast.gravity.checks.refitting import auxiliary, new_information
from forecast.gravity.checks.specification import SpecificationTest, conclude
from forecast.gravity.derived.predicting import Predicting
from forecast.gravity.inference.robust import Robust
from forecast.gravity.records import Floats

__all__ = ["hpc_test"]

ALPHA = "(other mean - mean) / mean"
SAME = 1e-9
"""Relative difference below which two means are one, computed twice."""


def hpc_test(
    fit: Predicting, other: Predicting | pd.Series | ArrayLike
) -> SpecificationTest:
    """Test a PPML fit against the means of a competing model.

    Standard errors are those of the fit. To test the other model, turn the two around.

    Parameters
    ----------
    fit : GravityFit
        PPML; the null is that its mean is right.
    other : GravityFit, Series or array
        The competing model, or its means: for the rows used in the order of the input,
        or, as a Series, under the labels of the input. Least squares of ``log(y)`` are
        turned into means by smearing (Duan 1983).

    Returns
    -------
    SpecificationTest
        The statistic is t, the p-value one-sided.

    Raises
    ------
    ModelError
        F-573 for least squares, F-576 means that do not go with the rows.

    Examples
    --------
    >>> import forecast as fc
    >>> flows = fc.datasets.simulate_trade(8, 4, seed=1).frame
    >>> right = "flow ~ log(distance) + border + agreement | origin^period + destination^period"
    >>> wrong = "flow ~ border | origin + destination"
    >>> fit, other = (fc.Gravity(formula).fit(flows) for formula in (right, wrong))
    >>> hpc_test(other, fit).p_value < 0.01
    True
    """
    if fit.estimate.family != "poisson":
        raise ModelError(
            f"the HPC test is for PPML, not for {fit.recipe.formula}",
            code="F-573",
            remedy="Take the PPML fit first and least squares of the logarithm as the "
            "other model.",
        )
    mu = fit.estimate.mu
    means, notes = _means(fit, other)
    known = np.isfinite(means)
    gap = np.where(known, means - mu, 0.0) / mu
    gap[np.abs(gap) < SAME] = 0.0
    rows, kept = fit.estimate.rows, fit.drawn.collinearity.kept
    names = dict(zip(fit.terms, kept, strict=True))
    columns = {name: fit.design.columns[k][rows] for name, k in names.items()}
    weights = mu / mu.mean()
    if fit.estimate.weights is not None:
        weights = weights * fit.estimate.weights
    made = auxiliary(
        fit,
        ("(y - mean) / mean", (fit.estimate.y - mu) / mu),
        {**columns, ALPHA: gap},
        vcov=fit.recipe.vcov or Robust("HC1"),
        weights=weights,
        absorb=True,
        keep=known,
    )
    new_information(made, [ALPHA], "The competing mean")
    found = conclude(
        made,
        [ALPHA],
        name="HPC",
        null="the mean of this model is right, the other one adds nothing",
        source="Santos Silva, Tenreyro and Windmeijer (2015)",
        notes=notes,
    )
    t = float(found.estimate[0] / found.std_error[0])
    two = found.wald.p_value
    return replace(found, statistic=t, p_value=two / 2 if t > 0 else 1 - two / 2)


def _means(
    fit: Predicting, other: Predicting | pd.Series | ArrayLike
) -> tuple[Floats, tuple[str, ...]]:
    """Means of the other model by row of the estimate; NaN where it has none."""
    positions = fit.design.positions[fit.estimate.rows]
    source, n = fit.design.source, fit.estimate.n
    if isinstance(other, Predicting):
        smearing = None if other.estimate.family == "poisson" else "duan"
        found = other.predict(source, smearing=smearing, unknown="missing")
        means = found.to_numpy(dtype=float)[positions]
    elif isinstance(other, pd.Series) and not other.index.equals(_labels(fit)):
        if not (other.index.is_unique and source.index.is_unique):
            raise _no_means("they are a Series whose labels are not unique", fit)
        means = other.reindex(source.index).to_numpy(dtype=float)[positions]
    else:
        given = np.asarray(other, dtype=float)
        if given.shape != (n,):
            raise _no_means(f"they have the shape {given.shape}", fit)
        means = np.empty(n)
        means[np.argsort(fit.estimate.rows)] = given
    absent = int(np.isnan(means).sum())
    if absent == means.size or (means < 0).any() or np.isinf(means).any():
        raise _no_means("they are missing, negative or infinite", fit)
    if not absent:
        return means, ()
    rows = "1 row" if absent == 1 else f"{absent:,} rows"
    return means, (f"Left out: {rows} without a mean of the other model.",)


def _labels(fit: Predicting) -> pd.Index:
    """Labels of the rows used, in the order of the input."""
    rows = np.sort(fit.estimate.rows)
    return fit.design.source.index.take(fit.design.positions[rows])


def _no_means(problem: str, fit: Predicting) -> ModelError:
    return ModelError(
        f"the means of the competing model do not go with the rows: {problem}",
        code="F-576",
        count=fit.estimate.n,
        remedy=f"Give a fit on the same table, or one mean for each of the "
        f"{fit.estimate.n:,} rows used.",
    )
