r"""Slopes that all units share, while each keeps its own line, memory and spread.

Unit i has errors with parameters :math:`\theta_j` of a grid with probability
:math:`\pi_j`, its line and its spread integrated out. The slopes and the
:math:`\pi_j` maximise

.. math:: \sum_i \log \sum_j \pi_j\, e^{-c_{ij}/2}
          \left(S_{ij}(\beta) + \nu s^2\right)^{-(d_i + \nu)/2}

with :math:`c_{ij}` and :math:`S_{ij}` of `forecast.series.regression.arma_errors`, :math:`d_i`
degrees of freedom and a prior of :math:`\nu` of them at the spread :math:`s` that is
usual among the units. The EM algorithm is a weighted least squares fit in each step; a
unit counts less the wider its errors, those far out as under Student's t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.series.regression.arma_errors import Whitening

__all__ = [
    "CommonSlopes",
    "Evidence",
    "Moments",
    "common_slopes",
    "moments_of",
    "sandwich",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

PRIOR_DF = 3.0
"""Degrees of freedom with which the usual spread of units enters that of each."""

SMALLEST_ERROR = 1e-10
STEPS = 200
TOLERANCE = 1e-5
"""Gain of log-likelihood a unit at which the iteration ends."""

STRIDE = 1.9
"""Steps of the probabilities go so much further than those of EM; below 2 it converges
(Helmbold, Schapire, Singer and Warmuth 1997, Machine Learning 27(1))."""

IDENTIFIED = 1e-9
"""Share of its length below which what lines leave of a regressor counts as nothing."""

FEWEST_CLUSTERS = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """One unit in an estimate.

    Attributes
    ----------
    x : float array of shape (n,)
        Logarithms at known times.
    z : float array of shape (n, K)
    times : int array of shape (n,)
        Known times, from the unit's first value.
    start : int
        Position of that value among the periods of the sample.
    whitening : Whitening
        Of its known times.
    """

    x: Floats
    z: Floats
    times: Ints
    start: int
    whitening: Whitening

    @property
    def df(self) -> int:
        """Known times less coefficients of the unit's own."""
        return self.x.size - self.whitening.solve.shape[1]

    def white(self) -> Floats:
        """Return values and regressors whitened, the own line out: shape (J, n, 1 + K)."""
        both = np.concatenate([self.x[:, None], self.z], axis=1)
        return np.asarray(self.whitening.project @ both)


@dataclass(frozen=True, slots=True)
class Moments:
    """Cross products of whitened values and regressors, shape (N, J, 1 + K, 1 + K).

    Attributes
    ----------
    products : float array of shape (N, J, 1 + K, 1 + K)
    charge : float array of shape (N, J)
    df : float array of shape (N,)
    """

    products: Floats
    charge: Floats
    df: Floats


@dataclass(frozen=True, slots=True)
class CommonSlopes:
    """Where the EM algorithm ended.

    Attributes
    ----------
    beta : float array of shape (K,)
    information : float array of shape (K, K)
    identified : bool array of shape (K,)
        Whether a regressor moves within any unit; the slope of others is zero.
    weights : float array of shape (N, J)
        Probabilities of the grid's points for each unit.
    squares : float array of shape (N, J)
        S at the slopes, with the prior.
    df : float array of shape (N,)
        With the prior.
    log_likelihood : float
    """

    beta: Floats
    information: Floats
    identified: NDArray[np.bool_]
    weights: Floats
    squares: Floats
    df: Floats
    log_likelihood: float


def moments_of(units: Sequence[Evidence]) -> Moments:
    """Collect what an estimate needs of each unit."""
    products = []
    for unit in units:
        white = unit.white()
        products.append(np.swapaxes(white, 1, 2) @ white)
    return Moments(
        np.stack(products),
        np.stack([unit.whitening.charge for unit in units]),
        np.array([unit.df for unit in units], dtype=float),
    )


def common_slopes(moments: Moments, *, lost: float | None = None) -> CommonSlopes:
    """Estimate; a single unit weighs all points of the grid alike beforehand.

    Parameters
    ----------
    moments : Moments
    lost : float, optional
        Degrees of freedom of each unit that shared slopes took; by default as many as
        are estimated here, evenly.
    """
    n_units, n_points = moments.charge.shape
    identified = _identified(moments)
    prior_df = PRIOR_DF if n_units > 1 else 0.0
    lost = float(identified.sum()) / n_units if lost is None else lost
    df = np.maximum(moments.df + prior_df - lost, 1.0)
    beta = _first_slopes(moments, identified)
    own = _squares(moments, beta)
    usual = np.median(own.mean(axis=1) / moments.df)
    pi = np.full(n_points, 1 / n_points)
    height = -np.inf
    for _ in range(STEPS):
        squares = _squares(moments, beta) + prior_df * usual
        weights, log_likelihood = _weights(moments.charge, squares, df, pi)
        precision = weights * df[:, None] / squares
        information, moved = _moved(moments, precision, identified)
        if log_likelihood - height < TOLERANCE * n_units:
            break
        height, beta = log_likelihood, moved
        if n_units > 1:
            wanted = (weights.sum(axis=0) + 1 / n_points) / (n_units + 1)
            pi = pi * (wanted / pi) ** STRIDE
            pi = pi / pi.sum()
    return CommonSlopes(
        beta, information, identified, weights, squares, df, log_likelihood
    )


def _squares(moments: Moments, beta: Floats) -> Floats:
    """Return S of each unit and point at the slopes."""
    both = np.concatenate([[1.0], -beta])
    squares = np.einsum("a,ujab,b->uj", both, moments.products, both)
    return np.maximum(squares, moments.df[:, None] * SMALLEST_ERROR**2)


def _weights(
    charge: Floats, squares: Floats, df: Floats, pi: Floats
) -> tuple[Floats, float]:
    logs = np.log(pi) - charge / 2 - df[:, None] / 2 * np.log(squares)
    top = logs.max(axis=1, keepdims=True)
    likely = np.exp(logs - top)
    total = likely.sum(axis=1, keepdims=True)
    return likely / total, float((top + np.log(total)).sum())


def _identified(moments: Moments) -> NDArray[np.bool_]:
    """Tell which regressors lines leave something of; later ones that repeat others go."""
    gram = moments.products[:, :, 1:, 1:].sum(axis=(0, 1))
    length = np.sqrt(np.maximum(np.diag(gram), 0))
    kept = np.zeros(length.size, dtype=bool)
    for k in np.flatnonzero(length > 1e-12):
        rest = gram[k, k]
        if kept.any():
            others = gram[np.ix_(kept, kept)]
            rest -= (
                gram[k, kept] @ np.linalg.lstsq(others, gram[kept, k], rcond=None)[0]
            )
        kept[k] = rest > IDENTIFIED * gram[k, k]
    return kept


def _first_slopes(moments: Moments, identified: NDArray[np.bool_]) -> Floats:
    squares = np.maximum(moments.products[:, :, 0, 0], SMALLEST_ERROR**2)
    return _moved(moments, moments.df[:, None] / squares, identified)[1]


def _moved(
    moments: Moments, precision: Floats, identified: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Solve the weighted least squares problem of one step."""
    gram = np.einsum("uj,ujab->ab", precision, moments.products)
    information, beta = gram[1:, 1:], np.zeros(identified.size)
    if identified.any():
        kept = np.ix_(identified, identified)
        beta[identified] = np.linalg.solve(information[kept], gram[1:, 0][identified])
    return information, beta


# --------------------------------------------------------------------- standard errors


def sandwich(units: Sequence[Evidence], slopes: CommonSlopes) -> Floats:
    """Return the covariance of the slopes, clustered by unit and by period.

    Cameron, Gelbach and Miller (2011, Journal of Business & Economic Statistics 29(2)).
    By unit alone where that gives more or there are fewer than eight periods; the
    model's own where there are fewer than eight units.
    """
    kept = slopes.identified
    whole = np.zeros((kept.size, kept.size))
    if not kept.any():
        return whole
    bread = np.linalg.inv(slopes.information[np.ix_(kept, kept)])
    rows, owners, periods = _scores(units, slopes)
    rows = rows[:, kept]
    chosen = bread
    if len(units) >= FEWEST_CLUSTERS:
        by_unit = _meat(rows, owners)
        meats = [by_unit]
        if np.unique(periods).size >= FEWEST_CLUSTERS:
            meats.append(by_unit + _meat(rows, periods) - rows.T @ rows)
        possible = [bread @ _nonnegative(meat) @ bread for meat in meats]
        chosen = max(possible, key=lambda m: float((np.diag(m) / np.diag(bread)).sum()))
    whole[np.ix_(kept, kept)] = chosen
    return whole


def _scores(
    units: Sequence[Evidence], slopes: CommonSlopes
) -> tuple[Floats, Ints, Ints]:
    """Return the score of each observation, its unit and its period."""
    rows, owners, periods = [], [], []
    both = np.concatenate([[1.0], -slopes.beta])
    for row, unit in enumerate(units):
        white = unit.white()
        errors = white @ both
        precision = slopes.weights[row] * slopes.df[row] / slopes.squares[row]
        rows.append(np.einsum("j,jt,jtk->tk", precision, errors, white[:, :, 1:]))
        owners.append(np.full(unit.x.size, row))
        periods.append(unit.start + unit.times)
    return np.concatenate(rows), np.concatenate(owners), np.concatenate(periods)


def _meat(rows: Floats, groups: Ints) -> Floats:
    """Add the products of each group's summed scores, with the usual correction."""
    names, which = np.unique(groups, return_inverse=True)
    sums = np.zeros((names.size, rows.shape[1]))
    np.add.at(sums, which, rows)
    return names.size / max(names.size - 1, 1) * sums.T @ sums


def _nonnegative(matrix: Floats) -> Floats:
    """Set negative eigenvalues to zero."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray(vectors * np.maximum(values, 0) @ vectors.T)
