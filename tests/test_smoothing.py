"""Kernels of exponential smoothing against plain twins and statsmodels."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from forecast.kernels.threads import limit_threads
from forecast.series import ETS, Season, UnitSeries
from forecast.series.plain.naive import NaiveFit
from forecast.series.scales.scale import scaled
from forecast.series.smoothing.exponential import (
    SES,
    DampedTrend,
    ETSFit,
    Holt,
    HoltWinters,
)
from forecast.series.smoothing.forms import TRENDS, forms_of, smooth_series

FORMS = list(itertools.product(TRENDS, [False, True]))


def smoothed_errors(x, alpha, beta, phi, gamma, states):
    """The twin: the textbook recursion, one candidate, one time after the other."""
    level, slope, *seasons = states
    errors = []
    for t, value in enumerate(x):
        mean = level + phi * slope + seasons[t % len(seasons)]
        e = 0.0 if np.isnan(value) else value - mean
        errors.append(np.nan if np.isnan(value) else e)
        level, slope = level + phi * slope + alpha * e, phi * slope + beta * e
        seasons[t % len(seasons)] += gamma * e
    turned = [seasons[(len(x) + k) % len(seasons)] for k in range(len(seasons))]
    return np.array(errors), np.array([level, slope, *turned])


def free_states(trend: str, seasonal: bool, m: int):
    """Unit vectors of the states that are free; seasons sum to zero."""
    units = np.eye(2 + m)
    free = [units[0]] + ([units[1]] if trend != "none" else [])
    if seasonal:
        free += [units[2 + k] - units[1 + m] for k in range(m - 1)]
    return np.array(free)


def solved_by_numpy(x, candidate, trend, seasonal, m):
    """Initial states by numpy's least squares, their errors, what the end does not know."""
    free = free_states(trend, seasonal, m)
    silent = np.where(np.isnan(x), np.nan, 0.0)
    known = np.isfinite(x)
    moved = [smoothed_errors(silent, *candidate, unit) for unit in free]
    design = -np.array([errors[known] for errors, _ in moved]).T
    base, _ = smoothed_errors(x, *candidate, np.zeros(2 + m))
    states = np.linalg.lstsq(design, base[known], rcond=None)[0] @ free
    errors, end = smoothed_errors(x, *candidate, states)
    reach = np.array([unit for _, unit in moved]).T
    return errors, end, reach @ np.linalg.inv(design.T @ design) @ reach.T


def series_with(gaps: bool, n: int = 21) -> np.ndarray:
    x = np.random.default_rng(n).normal(5, 1, n)
    if gaps:
        x[[4, 11]] = np.nan
    return x


def worlds(*series, kind="absolute"):
    return [scaled(np.asarray(y, float), kind) for y in series]


# ----------------------------------------------------------------- least squares, twins


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(("trend", "seasonal"), FORMS)
def test_candidates_are_those_of_the_textbook_at_the_best_initial_states(
    trend, seasonal, gaps
):
    scales = worlds(series_with(gaps), series_with(False, 26))
    forms = forms_of((trend,), (seasonal,), 4)
    for scale, one in zip(scales, smooth_series(scales, forms, 4), strict=True):
        known_of = ETSFit(scale, one).candidates
        mean = np.zeros(scale.x.size)
        for k, candidate in enumerate(one.grid):
            errors, end, doubt = solved_by_numpy(scale.x, candidate, trend, seasonal, 4)
            known = np.isfinite(errors)
            df = known.sum() - len(free_states(trend, seasonal, 4))
            sigma = np.sqrt((errors[known] ** 2).sum() / df)
            assert one.sigma[k] == pytest.approx(sigma, rel=1e-9)
            assert known_of.df[k] == df
            used = [s for s in range(6) if s != 1 or trend != "none"]
            np.testing.assert_allclose(one.states[k][used], end[used], atol=1e-9)
            root = known_of.root[k]
            np.testing.assert_allclose(root @ root.T, doubt, atol=1e-8)
            mean += one.weights[k] * errors
        np.testing.assert_allclose(one.residuals, mean, atol=1e-9)


def test_doubt_about_states_is_in_the_unit_of_states_also_where_errors_are_shares():
    y = np.exp(np.linspace(0, 2, 20) + np.random.default_rng(0).normal(0, 0.1, 20))
    fit = ETS(trends=("additive",)).fit_values(y, Season())
    x, sizes, known = fit.scale.x, fit.scale.weights, fit.candidates
    for k, candidate in enumerate(known.parameters):
        errors, _, doubt = solved_by_numpy(x, candidate, "additive", False, 1)
        spread = np.sqrt(((errors / sizes) ** 2).sum() / 18)
        assert known.sigma[k] == pytest.approx(spread)
        mine = known.sigma[k] ** 2 * known.root[k] @ known.root[k].T
        np.testing.assert_allclose(mine, (errors**2).sum() / 18 * doubt, rtol=1e-6)


def test_years_are_thought_closer_to_a_random_walk_than_parts_of_a_year():
    years, quarters = (forms_of(("none",), (False,), m) for m in (1, 4))
    assert years.prior @ years.grid[:, 0] > 0.75
    np.testing.assert_allclose(quarters.prior, 1 / quarters.prior.size)


def test_weights_are_those_of_aicc_times_the_prior():
    x = np.log(series_with(False, 24))
    forms = forms_of(("none", "additive"), (False, True), 4)
    scale = dataclasses.replace(worlds(x - x.min())[0], x=x)
    (one,) = smooth_series([scale], forms, 4)
    weights = []
    for j, candidate in enumerate(forms.grid):
        seasonal, trend = j >= forms.split, "additive" if candidate[2] else "none"
        errors, *_ = solved_by_numpy(x, candidate, trend, seasonal, 4)
        k = len(free_states(trend, seasonal, 4)) + 1 + (trend != "none") + seasonal + 1
        aicc = 24 * np.log((errors**2).mean()) + 2 * k + 2 * k * (k + 1) / (24 - k - 1)
        weights.append(np.log(forms.prior[j]) - aicc / 2)
    weights = np.exp(np.array(weights) - max(weights))
    weights[weights < 2e-3 * weights.max()] = 0
    np.testing.assert_allclose(
        one.weights, weights[weights > 0] / weights.sum(), rtol=1e-8
    )


@pytest.mark.parametrize("seasonal", [False, True])
def test_statsmodels_finds_the_same_errors(seasonal):
    """Reference: statsmodels ETSModel (AAdN, AAdA), at our parameters and states."""
    ets_model = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
    x = series_with(False, 30)
    scales = worlds(x)
    (one,) = smooth_series(scales, forms_of(("damped",), (seasonal,), 4), 4)
    alpha, beta, phi, gamma = one.grid[0]
    scale = scales[0]
    free = free_states("damped", seasonal, 4)
    silent = np.zeros(30)
    design = [-smoothed_errors(silent, *one.grid[0], unit)[0] for unit in free]
    base, _ = smoothed_errors(scale.x, *one.grid[0], np.zeros(6))
    states = np.linalg.lstsq(np.array(design).T, base, rcond=None)[0] @ free
    reference = ets_model.ETSModel(
        scale.x,
        error="add",
        trend="add",
        damped_trend=True,
        seasonal="add" if seasonal else None,
        seasonal_periods=4 if seasonal else None,
    )
    parameters = [alpha, beta] + ([gamma] if seasonal else []) + [phi, *states[:2]]
    # statsmodels writes initial seasons backwards in time.
    parameters += list(states[2:][::-1]) if seasonal else []
    theirs = reference.smooth(np.array(parameters))
    df = 30 - len(free)
    assert one.sigma[0] == pytest.approx(np.sqrt((theirs.resid**2).sum() / df))
    np.testing.assert_allclose(one.states[0, 0], theirs.level[-1], atol=1e-9)


# ---------------------------------------------------------------- what does not matter


def test_the_fit_of_a_series_does_not_depend_on_its_neighbours_or_threads():
    rng = np.random.default_rng(0)
    series = []
    for k in range(300):
        y = np.exp(rng.normal(0, 0.1, rng.integers(5, 60)).cumsum())
        if k % 5 == 0 and y.size > 8:
            y[3:5] = np.nan
        series.append(UnitSeries(y, Season((1, 4, 12)[k % 3])))
    with limit_threads(2):
        together = ETS().fit_many(series)
    with limit_threads(1):
        backwards = ETS().fit_many(series[::-1])[::-1]
    for k, (one, other) in enumerate(zip(together, backwards, strict=True)):
        np.testing.assert_array_equal(one.center(5), other.center(5))
        np.testing.assert_array_equal(one.residuals, other.residuals)
        if k % 10 == 0:
            alone = ETS().fit_values(series[k].y, series[k].season)
            np.testing.assert_array_equal(one.center(5), alone.center(5))


def test_a_line_added_to_a_series_changes_no_error_of_forms_with_a_line():
    """Least squares from a guess are exact: no trace of the guess is left."""
    x = series_with(False, 40)
    line = x + 1000.0 + 50.0 * np.arange(40)
    here, there = (
        smooth_series(worlds(y), forms_of(("additive",), (False,), 4), 4)[0]
        for y in (x + 1000.0, line)
    )
    ratio = line.max() / (x + 1000.0).max()
    np.testing.assert_allclose(here.sigma, there.sigma * ratio, rtol=1e-6)


# ------------------------------------------------------------------------------- futures


def path_of(candidate, states, sigma, shocks, relative):
    """The twin: one path by the equations, trends downwards shrinking by a share."""
    alpha, beta, phi, gamma = candidate
    level, slope, *seasons = states
    path = []
    for t, shock in enumerate(shocks):
        slope = phi * slope
        base = level + slope
        if relative and slope < 0:
            level = max(level, 1e-12)
            base = level * np.exp(slope / level)
            slope = slope * base / level
        mean = base + seasons[t % len(seasons)]
        seen = mean + sigma * shock
        if relative:
            seen = max(mean, 0) * np.exp(sigma * shock)
        level, slope = base + alpha * (seen - mean), slope + beta * (seen - mean)
        seasons[t % len(seasons)] += gamma * (seen - mean)
        path.append(seen)
    return np.array(path)


@pytest.mark.parametrize("kind", ["root", "log", "relative", "absolute"])
def test_paths_follow_the_equations(kind):
    trend = np.linspace(0, -1, 32)
    y = np.exp(3 + trend + 0.1 * np.random.default_rng(0).normal(size=32))
    y *= np.array([1.2, 0.9, 0.8, 1.1])[np.arange(32) % 4]
    fit = ETS(scale=kind).fit_values(y, Season(4))
    shocks = np.random.default_rng(1).standard_normal((9, 50))
    paths = fit.paths(shocks, np.random.default_rng(2))
    candidates = fit.candidates
    index, sigma, scores = candidates.pick(50, np.random.default_rng(2))
    relative = kind in ("root", "relative")
    for p in range(50):
        k = index[p]
        states = candidates.states[k] + sigma[p] * candidates.root[k] @ scores[p]
        x = path_of(candidates.parameters[k], states, sigma[p], shocks[:, p], relative)
        np.testing.assert_allclose(paths[:, p], fit.scale.values(x), rtol=1e-9)
    means = [
        path_of(candidate, states, 0.0, np.zeros(9), relative)
        for candidate, states in zip(
            candidates.parameters, candidates.states, strict=True
        )
    ]
    expected = fit.scale.values(candidates.weights @ np.array(means))
    np.testing.assert_allclose(fit.center(9), expected, rtol=1e-9)


def test_point_forecasts_keep_away_from_below_zero_and_the_ceiling():
    falling = ETS().fit_values(1e6 * 0.3 ** np.arange(20.0), Season())
    assert (falling.center(60) >= 0).all()
    growing = ETS(scale="log").fit_values(3.0 ** np.arange(30.0), Season())
    assert growing.center(60).max() <= 1000 * 3.0**29


# -------------------------------------------------------------------------- single forms


@pytest.mark.parametrize(
    ("recipe", "same"),
    [
        (SES(), ETS(trends=("none",), seasonal=False)),
        (Holt(), ETS(trends=("additive",), seasonal=False)),
        (DampedTrend(), ETS(trends=("damped",), seasonal=False)),
        (HoltWinters(), ETS(trends=("additive", "damped"), seasonal=True)),
        (SES(scale="log"), ETS(trends=("none",), seasonal=False, scale="log")),
    ],
    ids=repr,
)
def test_classical_methods_are_forms_of_ets(recipe, same):
    y = 20 + np.arange(30) + 3 * np.sin(np.arange(30) * np.pi / 2)
    for season in (Season(), Season(4)):
        mine, theirs = (each.fit_values(y, season) for each in (recipe, same))
        np.testing.assert_array_equal(mine.center(4), theirs.center(4))
    assert recipe.name == type(recipe).__name__
    assert "scale" in repr(recipe)
    assert "trends" not in repr(recipe)


def test_the_mean_of_ses_is_flat_that_of_holt_a_line_that_of_a_damped_trend_bends():
    y = 50 + 3.0 * np.arange(20) + np.random.default_rng(0).normal(0, 0.5, 20)
    flat, line, bend = (
        recipe.fit_values(y, Season()).center(20)
        for recipe in (
            SES(scale="absolute"),
            Holt(scale="absolute"),
            DampedTrend(scale="absolute"),
        )
    )
    assert np.ptp(flat) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(np.diff(line), np.diff(line)[0], rtol=1e-9)
    assert np.diff(line)[0] == pytest.approx(3, abs=0.2)
    assert (np.diff(np.diff(bend)) < 0).all()


def test_a_form_that_asks_too_much_gives_way_to_a_level_and_that_to_naive():
    y = np.array([5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    level = HoltWinters().fit_values(y, Season(4))
    assert isinstance(level, ETSFit)
    assert level.params["trend"] == level.params["seasonal"] == 0
    assert isinstance(HoltWinters().fit_values(y[:4], Season(4)), NaiveFit)
