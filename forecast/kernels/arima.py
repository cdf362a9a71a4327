"""The exact Gaussian likelihood of ARMA processes, with its slopes, for many at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit

__all__ = ["likelihood_slopes"]

Array = NDArray[Any]

STEADY = 1e-13
"""Share of the variance below which what the first values still add is left out."""

DEPENDENT = 1e-14
"""Squared share of a column below which what others leave of it counts as nothing."""


@jit
def likelihood_slopes(
    z: Array,
    place: Array,
    lags: Array,
    phi: Array,
    theta: Array,
    step: float,
    figures: Array,
    gradient: Array,
    curvature: Array,
    beta: Array,
    state: Array,
    trace: Array,
) -> None:
    r"""Evaluate B likelihoods as sums of squares, and how the squares change.

    Of a stationary process :math:`\phi(B) (z_t - x_t'\beta) = \theta(B) e_t` one-step
    errors :math:`v_t` and their variances :math:`\sigma^2 f_t` come from the Chandrasekhar
    recursions (Morf, Sidhu and Kailath 1974, IEEE Trans. Automatic Control 19), which take
    r steps a period where the Kalman filter takes r squared. Regressors are filtered as
    the data are and taken out by least squares. What maximises the likelihood minimises

    .. math:: \sum_t \epsilon_t^2, \qquad
        \epsilon_t = \Bigl(\prod_s f_s\Bigr)^{1/2n} v_t / \sqrt{f_t}.

    A missing value is a regressor of its own (1 in the level it is missing in), whose
    determinant is added to that of the :math:`f_t`: this is the likelihood of what was
    observed (Gomez, Maravall and Pena 1999, J. Econometrics 88).

    Parameters
    ----------
    z : float array
        Data and regressors of all problems, one after the other.
    place : int64 array of shape (B, 5)
        Where a problem's rows begin in `z`, their length n, their number (data, missing
        values, then at most one constant), how many are missing values, and the position
        from which the errors that `figures` compares count.
    lags : int64 array of shape (B, 2)
        Lengths of the two polynomials.
    phi, theta : float arrays of shape (B, 1 + k, R)
        Coefficients of lags 1 to R at the parameters, then with one parameter after the
        other moved by `step`.
    step : float
    figures : float array of shape (B, 6)
        Written: sum of squares of epsilon, log determinant, degrees of freedom before
        parameters, f after the last value, squares and log determinant of compared errors.
    gradient, curvature : float arrays of shape (B, k) and (B, k, k)
        Written: slopes of epsilon times epsilon, and times slopes.
    beta : float array of shape (B, rows)
        Written: coefficients of regressors; place 0 has the inverse of the standard error
        of the last one, in units of sigma.
    state : float array of shape (B, 2, R)
        Written: means of the next R values as known now, and what a unit of the constant
        takes off them (as the states of Harvey's form).
    trace : float array of shape (B, 2, n) or (0, 2, 0)
        Written, if there: one-step errors over the root of f, and that root.
    """
    jobs, versions, size = phi.shape
    n_max = place[:, 1].max()
    rows_max = place[:, 2].max()
    table = np.zeros((size + 1, size + 1))
    gamma = np.zeros(2 * size + 2)
    psi = np.zeros(size + 1)
    gain = np.zeros(size)
    w = np.zeros(size + 1)
    a = np.zeros((rows_max, size + 1))
    out = np.zeros((rows_max, n_max))
    triangle = np.zeros((rows_max, rows_max))
    epsilon = np.zeros((versions, n_max))
    for b in range(jobs):
        start, n, rows = place[b, 0], place[b, 1], place[b, 2]
        gaps, compared = place[b, 3], place[b, 4]
        p, q = lags[b, 0], lags[b, 1]
        r = max(p, q + 1)
        for version in range(versions):
            ar, ma = phi[b, version], theta[b, version]
            # Autocovariances of the autoregression alone: its lower orders one after
            # the other, then the Yule-Walker equations of each.
            f = 1.0
            for i in range(p):
                table[p, i] = ar[i]
            for k in range(p, 0, -1):
                rho = table[k, k - 1]
                share = 1 / (1 - rho * rho)
                f *= share
                for i in range(k - 1):
                    table[k - 1, i] = (table[k, i] + rho * table[k, k - 2 - i]) * share
            gamma[0] = f
            for k in range(1, p + q + 1):
                known = min(k, p)
                gamma[k] = 0.0
                for i in range(known):
                    gamma[k] += table[known, i] * gamma[k - 1 - i]
            # Those of the process, into w.
            for k in range(max(p, 1)):
                w[k] = 0.0
            for lag in range(-q, q + 1):
                distance = abs(lag)
                weight = ma[distance - 1] if distance > 0 else 1.0
                for i in range(q - distance):
                    weight += ma[i] * ma[i + distance]
                for k in range(max(p, 1)):
                    w[k] += weight * gamma[abs(k - lag)]
            f = w[0]
            psi[0] = 1.0
            for k in range(1, q):
                psi[k] = ma[k - 1]
                for i in range(min(k, p)):
                    psi[k] += ar[i] * psi[k - 1 - i]
            # Covariance of the next state with the first value.
            for i in range(r):
                gain[i] = 0.0
                for j in range(i, p):
                    gain[i] += ar[j] * w[j - i]
                for j in range(i, q):
                    gain[i] += ma[j] * psi[j - i]
            for i in range(r):
                w[i] = gain[i]
            w[r] = 0.0
            m = -1 / f
            for c in range(rows):
                for i in range(r + 1):
                    a[c, i] = 0.0
            logs = 0.0
            skipped = 0.0
            steady = False
            for t in range(n):
                root = np.sqrt(f)
                logs += np.log(f)
                if t < compared:
                    skipped = logs
                for c in range(rows):
                    first = a[c, 0]
                    v = z[start + c * n + t] - first
                    out[c, t] = v / root
                    v /= f
                    for i in range(r):
                        a[c, i] = a[c, i + 1] + ar[i] * first + gain[i] * v
                if trace.shape[0] > 0:
                    trace[b, 1, t] = root
                if not steady:
                    first = w[0]
                    mw = m * first
                    before = f
                    f += first * mw
                    left = 0.0
                    for i in range(r):
                        moved = w[i + 1] + ar[i] * first
                        gain[i] += moved * mw
                        w[i] = moved - gain[i] * first / f
                    for i in range(r):
                        left += w[i] * w[i]
                    m += mw * mw / before
                    steady = -left * m < STEADY * f
            skipped = logs - skipped
            # Regressors out of the data, by Gram and Schmidt.
            free = n
            for k in range(1, rows):
                before = 0.0
                for t in range(n):
                    before += out[k, t] * out[k, t]
                for j in range(1, k):
                    total = 0.0
                    for t in range(n):
                        total += out[j, t] * out[k, t]
                    triangle[j, k] = total
                    for t in range(n):
                        out[k, t] -= total * out[j, t]
                left = 0.0
                for t in range(n):
                    left += out[k, t] * out[k, t]
                root = np.sqrt(left) if left > DEPENDENT * before else 0.0
                share = 1 / root if root > 0 else 0.0
                total = 0.0
                for t in range(n):
                    out[k, t] *= share
                for t in range(n):
                    total += out[k, t] * out[0, t]
                for t in range(n):
                    out[0, t] -= total * out[k, t]
                triangle[k, k] = root
                triangle[0, k] = total
                if root > 0 and k <= gaps:
                    logs += 2 * np.log(root)
                    free -= 1
            share = np.exp(0.5 * logs / free)
            total = 0.0
            left = 0.0
            for t in range(n):
                total += out[0, t] * out[0, t]
                if t < compared:
                    left = total
            for t in range(n):
                epsilon[version, t] = share * out[0, t]
            if version > 0:
                for t in range(n):
                    epsilon[version, t] = (epsilon[version, t] - epsilon[0, t]) / step
                continue
            figures[b, 0] = total * share * share
            figures[b, 1] = logs
            figures[b, 2] = free
            figures[b, 3] = f
            figures[b, 4] = total - left
            figures[b, 5] = skipped
            for k in range(rows - 1, 0, -1):
                total = triangle[0, k]
                for j in range(k + 1, rows):
                    total -= triangle[k, j] * beta[b, j]
                beta[b, k] = total / triangle[k, k] if triangle[k, k] > 0 else 0.0
            beta[b, 0] = triangle[rows - 1, rows - 1]
            for i in range(r):
                state[b, 0, i] = a[0, i]
                for c in range(1, rows):
                    state[b, 0, i] -= beta[b, c] * a[c, i]
                state[b, 1, i] = a[rows - 1, i]
            if trace.shape[0] > 0:
                for t in range(n):
                    trace[b, 0, t] = out[0, t]
        for i in range(versions - 1):
            for j in range(-1, i + 1):
                total = 0.0
                for t in range(n):
                    total += epsilon[i + 1, t] * epsilon[j + 1, t]
                if j < 0:
                    gradient[b, i] = total
                else:
                    curvature[b, i, j] = total
                    curvature[b, j, i] = total
