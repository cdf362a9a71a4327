"""Unobserved components: the filter is another program's, and nothing gets stuck."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.kernels.components import FIRST_SEASON, filter_components
from forecast.series.contract.model import Season
from forecast.series.plain.naive import NaiveFit
from forecast.series.scales.candidates import solve
from forecast.series.smoothing.components import ComponentsFit, UnobservedComponents


def filtered(x: np.ndarray, one: list[float], length: int):
    """States after the data, their covariance and the likelihood, all diffuse states."""
    innovations, variances, ends, covariances = filter_components(
        x, np.array([one]), length
    )
    size = np.sqrt(variances)
    solved = solve(
        innovations[..., 0] / size,
        -innovations[..., 1:] / size[..., None],
        np.ones(x.size),
    )
    state = ends[0, :, 0] + ends[0, :, 1:] @ solved.states[0]
    root = ends[0, :, 1:] @ solved.root[0]
    known, d = int(np.isfinite(x).sum()), length + 1
    squares = np.nansum(solved.residuals[0] ** 2)
    likelihood = -0.5 * (
        known * np.log(2 * np.pi) + np.log(variances).sum() + squares
    ) + np.sum(np.log(np.diag(solved.root[0])))
    assert known > d
    return state, covariances[0] + root @ root.T, likelihood


def wavy(n: int, length: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    season = np.resize(rng.normal(0, 0.3, length), n)
    x = 4 + rng.normal(0.02, 0.1, n).cumsum() + season + rng.normal(0, 0.1, n)
    x[7] = np.nan
    return x


@pytest.mark.parametrize("length", [1, 4])
def test_states_and_likelihood_are_those_of_statsmodels(length):
    """With its exact diffuse start (Durbin and Koopman); at one point of the grid."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents as Other

    x = wavy(40, length)
    one = [0.02, 0.01, 0.003, 0.0, 0.004, 1.0, 0.0, 0.0]
    state, covariance, likelihood = filtered(x, one, length)
    seasonal = {"seasonal": length} if length > 1 else {}
    other = Other(x, level="lltrend", use_exact_diffuse=True, **seasonal)
    theirs = other.smooth(one[:3] + ([one[4]] if length > 1 else []))
    mine = [0, 1, *range(FIRST_SEASON, FIRST_SEASON + length - 1)]
    np.testing.assert_allclose(state[mine], theirs.predicted_state[:, -1], rtol=1e-7)
    np.testing.assert_allclose(
        covariance[np.ix_(mine, mine)], theirs.predicted_state_cov[..., -1], rtol=1e-7
    )
    assert likelihood == pytest.approx(theirs.llf, abs=1e-8)


def test_the_filter_is_the_textbooks_filter():
    """Matrices written out (Harvey 1989, section 3.2), with a cycle, at known states."""
    x = wavy(30, 4)
    eps, eta, zeta, kappa, omega, phi, c, d = one = [
        0.5,
        0.5,
        0.1,
        0.2,
        0.05,
        0.9,
        0.6,
        0.4,
    ]
    transition = np.zeros((7, 7))
    transition[:2, :2] = [[1, phi], [0, phi]]
    transition[2:4, 2:4] = [[c, d], [-d, c]]
    transition[4:, 4:] = [[-1, -1, -1], [1, 0, 0], [0, 1, 0]]
    noise = np.diag([eta, zeta, kappa, kappa, omega, 0, 0])
    z = np.array([1.0, 0, 1, 0, 1, 0, 0])
    a, p = np.zeros(7), noise.copy()
    p[[2, 3], [2, 3]] = kappa / (1 - c**2 - d**2)
    errors, variances = [], []
    for value in x:
        variance = z @ p @ z + eps
        if np.isfinite(value):
            gain = p @ z / variance
            errors.append(value - z @ a)
            variances.append(variance)
            a, p = a + gain * errors[-1], p - np.outer(gain, gain) * variance
        a, p = transition @ a, transition @ p @ transition.T + noise
    innovations, sizes, ends, covariances = filter_components(x, np.array([one]), 4)
    known = np.isfinite(x)
    np.testing.assert_allclose(innovations[0, known, 0], errors, rtol=1e-9)
    np.testing.assert_allclose(sizes[0, known], variances, rtol=1e-9)
    np.testing.assert_allclose(ends[0, :, 0], a, rtol=1e-9)
    np.testing.assert_allclose(covariances[0], p, rtol=1e-9, atol=1e-12)


def test_paths_have_the_spread_that_the_states_imply():
    """Innovations stand for all disturbances: the same law of paths, shock by shock."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents as Other

    x = wavy(60, 1)
    fit = UnobservedComponents().fit_values(np.exp(x), Season())
    assert isinstance(fit, ComponentsFit)
    undamped = fit.candidates.parameters[:, 5] == 1  # the other program has no other
    best = int(np.where(undamped, fit.candidates.weights, 0).argmax())
    one, sigma = fit.candidates.parameters[best], float(fit.candidates.sigma[best])
    keep = np.arange(fit.candidates.weights.size) == best
    alone = type(fit.candidates)(
        weights=keep.astype(float),
        parameters=fit.candidates.parameters,
        states=fit.candidates.states,
        root=fit.candidates.root,
        sigma=fit.candidates.sigma,
        df=np.full(keep.size, 1e7),
    )
    one_only = ComponentsFit(
        fit.scale, alone, fit.covariances, fit.means, fit.residuals
    )
    rng = np.random.default_rng(0)
    paths = np.log(one_only.paths(rng.standard_normal((5, 40_000)), rng))
    other = Other(x, level="lltrend", use_exact_diffuse=True)
    theirs = other.smooth(sigma**2 * one[:3]).get_forecast(5)
    np.testing.assert_allclose(paths.mean(axis=1), theirs.predicted_mean, atol=0.01)
    np.testing.assert_allclose(paths.std(axis=1), theirs.se_mean, rtol=0.02)


def test_a_straight_line_in_logarithms_goes_on():
    flow = np.exp(0.1 * np.arange(12.0))
    point = UnobservedComponents().fit(flow).point(2).to_numpy()[0]
    np.testing.assert_allclose(point, np.exp([1.2, 1.3]), rtol=1e-3)


def test_seasons_go_on_and_gaps_are_skipped():
    months = pd.period_range("2015-01", periods=60, freq="M")
    season = np.resize(np.sin(np.arange(12)), 60)
    flow = pd.Series(np.exp(season + 0.01 * np.arange(60)), months)
    flow.iloc[20:25] = np.nan
    point = UnobservedComponents().fit(flow).point(12).to_numpy()[0]
    np.testing.assert_allclose(
        point, np.exp(season[:12] + 0.01 * np.arange(60, 72)), rtol=1e-2
    )


def test_a_cycle_is_found_where_there_is_one():
    angle = 2 * np.pi * np.arange(40) / 5
    rng = np.random.default_rng(0)
    flow = np.exp(0.5 * np.sin(angle) + rng.normal(0, 0.03, 40))
    cyclical = UnobservedComponents(cycle=True).fit(flow)
    assert cyclical.params["sigma.cycle"].item() > 0.05
    truth = np.exp(0.5 * np.sin(2 * np.pi * np.arange(40, 43) / 5))
    errors = [
        np.abs(np.log(recipe.fit(flow).point(3).to_numpy()[0] / truth)).mean()
        for recipe in (UnobservedComponents(cycle=True), UnobservedComponents())
    ]
    assert errors[0] < 0.85 * errors[1]


def test_four_values_are_too_few():
    fit = UnobservedComponents().fit_values(np.array([1.0, 2, 3, 4]), Season())
    assert isinstance(fit, NaiveFit)


def test_an_unknown_scale_is_refused():
    with pytest.raises(ModelError, match="F-526"):
        UnobservedComponents(scale="relative")
