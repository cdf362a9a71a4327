"""ARIMA: against a plain twin, statsmodels, and processes whose parameters are known."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.kernels.arima import likelihood_slopes
from forecast.kernels.threads import limit_threads
from forecast.series import Season, UnitSeries
from forecast.series.arima.differencing import Design, differenced
from forecast.series.arima.model import ARIMA
from forecast.series.arima.recursions import STEP, Grid, Problems, ends, grid_of, lagged
from forecast.series.arima.search import Precision, estimate
from forecast.series.plain.naive import NaiveFit
from forecast.series.scales.scale import scaled

MONTHS, QUARTERS, YEARS = Season(12), Season(4), Season()


def fit_of(y, season=YEARS, **options):
    return ARIMA(**options).fit_values(np.asarray(y, float), season)


def process(n, ar=(), ma=(), sd=0.05, seed=0):
    """An ARMA process by its definition."""
    e = np.random.default_rng(seed).normal(0, sd, n + 200)
    z = np.zeros(e.size)
    for t in range(e.size):
        z[t] = e[t]
        z[t] += sum(a * z[t - 1 - i] for i, a in enumerate(ar) if t > i)
        z[t] += sum(b * e[t - 1 - i] for i, b in enumerate(ma) if t > i)
    return z[200:]


def airline(n, seed=3):
    """Months whose yearly differences' differences are moving averages."""
    noise = process(
        n + 13, ma=np.convolve([1, -0.4], [1] + [0] * 11 + [-0.6])[1:], seed=seed
    )
    x = np.zeros(n + 13)
    for t in range(13, n + 13):
        x[t] = x[t - 1] + x[t - 12] - x[t - 13] + noise[t] / 2
    return 100 * np.exp(x[13:] + 0.2 * np.sin(np.arange(n) * np.pi / 6))


# ------------------------------------------------------------------------------- a twin


def covariances(phi, theta, n, terms=4000):
    """Autocovariance matrix of an ARMA process from its moving average of all the past."""
    psi = np.zeros(terms)
    for k in range(terms):
        psi[k] = 1.0 if k == 0 else (theta[k - 1] if k <= len(theta) else 0.0)
        psi[k] += sum(phi[i] * psi[k - 1 - i] for i in range(min(k, len(phi))))
    gamma = [psi[: terms - k] @ psi[k:] for k in range(n)]
    return np.array([[gamma[abs(i - j)] for j in range(n)] for i in range(n)])


def twin(rows, gaps, phi, theta):
    """Squares, log determinant and coefficients by generalised least squares."""
    data, regressors = rows[0], rows[1:].T
    omega = np.linalg.inv(covariances(phi, theta, data.size))
    information = regressors.T @ omega @ regressors
    beta = np.linalg.solve(information, regressors.T @ omega @ data)
    left = data - regressors @ beta
    logs = (
        -np.linalg.slogdet(omega)[1] + np.linalg.slogdet(information[:gaps, :gaps])[1]
    )
    return left @ omega @ left, logs, beta


def call(rows, gaps, p, q, versions):
    """Run the kernel on one problem; `versions` are pairs of polynomials."""
    n, k, size = rows.shape[1], len(versions) - 1, max(p, q + 1)
    phi, theta = np.zeros((1, k + 1, size)), np.zeros((1, k + 1, size))
    for version, (ar, ma) in enumerate(versions):
        phi[0, version, :p], theta[0, version, :q] = ar, ma
    out = [
        np.zeros(shape)
        for shape in [
            (1, 6),
            (1, k),
            (1, k, k),
            (1, len(rows)),
            (1, 2, size),
            (1, 2, n),
        ]
    ]
    place = np.array([[0, n, len(rows), gaps, 0]])
    lags = np.array([[p, q]])
    likelihood_slopes(rows.ravel(), place, lags, phi, theta, STEP, *out)
    return out


CASES = [
    ([], []),
    ([0.7], []),
    ([], [-0.6]),
    ([0.5, 0.3], [0.4]),
    ([0.2, 0, 0, 0.5, -0.1], [-0.3, 0, 0, -0.6, 0.18]),
]


@pytest.mark.parametrize(("phi", "theta"), CASES)
@pytest.mark.parametrize("gaps", [0, 2])
def test_the_recursions_give_the_likelihood_of_the_whole_covariance_matrix(
    phi, theta, gaps
):
    rng = np.random.default_rng(4)
    rows = np.zeros((2 + gaps, 25))
    rows[0] = process(25, phi, theta, sd=1, seed=1) + 2
    rows[1:-1] = np.eye(25)[[3, 17][:gaps]]
    rows[-1] = 1 + rng.uniform(0, 1, 25)
    squares, logs, beta = twin(rows, gaps, np.array(phi), np.array(theta))
    figures, _, _, mine, _, _ = call(rows, gaps, len(phi), len(theta), [(phi, theta)])
    factor = np.exp(logs / (25 - gaps))
    np.testing.assert_allclose(figures[0, 0], squares * factor, rtol=1e-9)
    np.testing.assert_allclose(figures[0, 1], logs, atol=1e-9)
    np.testing.assert_allclose(mine[0, 1:], beta, rtol=1e-8, atol=1e-10)


def test_a_missing_value_leaves_the_likelihood_of_the_others():
    """The twin knows nothing of the missing value: its row and column are left out."""
    rows = np.zeros((2, 30))
    rows[0] = process(30, [0.8], [0.3], sd=1, seed=2)
    rows[1, 11] = 1
    figures = call(rows, 1, 1, 1, [([0.8], [0.3])])[0][0]
    known = np.arange(30) != 11
    omega = covariances(np.array([0.8]), np.array([0.3]), 30)[np.ix_(known, known)]
    squares = rows[0, known] @ np.linalg.solve(omega, rows[0, known])
    logs = np.linalg.slogdet(omega)[1]
    np.testing.assert_allclose(figures[1], logs, atol=1e-9)
    np.testing.assert_allclose(figures[0], squares * np.exp(logs / 29), rtol=1e-9)


def test_slopes_are_those_of_the_sum_of_squares():
    rows = process(40, [0.6], [0.4], sd=1)[None]
    here, step = np.array([0.5, 0.2]), STEP

    def versions(at):
        moved = at + step * np.array([[0, 0], [1, 0], [0, 1]])
        return [([a], [b]) for a, b in moved]

    _, gradient, curvature, *_ = call(rows, 0, 1, 1, versions(here))
    for k, direction in enumerate(np.eye(2) * 1e-4):
        high = call(rows, 0, 1, 1, versions(here + direction))[0][0, 0]
        low = call(rows, 0, 1, 1, versions(here - direction))[0][0, 0]
        assert gradient[0, k] == pytest.approx((high - low) / 4e-4, rel=1e-4)
    assert (np.linalg.eigvalsh(curvature[0]) > 0).all()


def test_the_states_at_the_end_are_the_conditional_means_of_what_comes():
    """The twin regresses the next values on all known ones."""
    phi, theta = np.array([0.5, 0.3]), np.array([0.4])
    rows = process(20, phi, theta, sd=1, seed=7)[None]
    *_, state, trace = call(rows, 0, 2, 1, [(phi, theta)])
    whole = covariances(phi, theta, 21)
    expected = whole[20, :20] @ np.linalg.solve(whole[:20, :20], rows[0])
    assert state[0, 0, 0] == pytest.approx(expected, rel=1e-9)
    variance = [
        whole[0, 0] - whole[t, :t] @ np.linalg.solve(whole[:t, :t], whole[:t, t])
        for t in range(1, 20)
    ]
    np.testing.assert_allclose(trace[0, 1, 1:] ** 2, variance, rtol=1e-9)


def test_partial_autocorrelations_below_one_give_what_is_stationary_and_invertible():
    x = np.random.default_rng(0).normal(0, 4, (200, 5))
    ar, ma, *_ = lagged(np.tile(x, 2), np.array([5, 5, 0, 0]))
    for a, b in zip(ar, ma, strict=True):
        assert np.abs(np.roots([1, *-a])).max() < 1
        assert np.abs(np.roots([1, *b])).max() < 1
    np.testing.assert_allclose(ar, -ma)
    rho = x / np.sqrt(1 + x * x)
    first = rho[:, 0] * (1 - rho[:, 1])  # of AR(2): phi_1 = rho_1 (1 - rho_2)
    two = lagged(x[:, :2], np.array([2, 0, 0, 0]))[0]
    np.testing.assert_allclose(two, np.stack([first, rho[:, 1]], axis=1))


# -------------------------------------------------------------------------- estimation


def test_a_longer_order_never_fits_worse():
    grid = grid_of((2, 2, 1, 1), 4, 3)
    rows = differenced(
        scaled(np.exp(process(60, [0.4], [0.5])), "log"), Design(0, 0, True, 4)
    )
    problems = Problems(rows.ravel(), np.array([[0, rows.shape[1], len(rows), 0, 0]]))
    wanted = np.ones((1, grid.counts.size), bool)
    found = estimate(problems, grid, wanted, Precision(12, 1e-4, (0.1,)))
    likelihood = found.log_likelihood[0]
    for order in range(grid.counts.size):
        for shorter in grid.shorter(order):
            assert likelihood[order] >= likelihood[shorter] - 1e-9


@pytest.mark.parametrize(
    ("order", "seasonal_order"),
    [
        ((1, 0, 0), (0, 0, 0)),
        ((2, 1, 1), (0, 0, 0)),
        ((0, 2, 2), (0, 0, 0)),
        ((0, 1, 1), (0, 1, 1)),
        ((1, 0, 1), (1, 0, 0)),
        ((1, 0, 0), (0, 1, 1)),
    ],
)
@pytest.mark.parametrize("missing", [False, True])
def test_given_orders_agree_with_statsmodels(order, seasonal_order, missing):
    """Its filter gives our likelihood at our estimates, and its search finds none better."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    y = airline(84)
    if missing and order[1] + seasonal_order[1] == 0:
        y[[20, 47]] = np.nan
    fit = fit_of(y, MONTHS, order=order, seasonal_order=seasonal_order, scale="log")
    mean = order[1] + seasonal_order[1] == 0
    coefficients = {name: fit.params[name] for name in fit.bse}
    constant = [coefficients.pop("mean")] if mean else []
    free = fit.heaviest.df[0]
    known = free + len(coefficients) + mean
    variance = fit.params["sigma"] ** 2 * free / known
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SARIMAX(
            np.log(y),
            order=order,
            seasonal_order=(*seasonal_order, 12 if any(seasonal_order) else 0),
            exog=np.ones(84) if mean else None,
            simple_differencing=True,
        )
        theirs = model.smooth([*constant, *coefficients.values(), variance])
        best = model.fit(disp=0, maxiter=200)
    assert fit.log_likelihood == pytest.approx(theirs.llf, abs=1e-6)
    assert fit.log_likelihood > best.llf - 1e-3


def test_coefficients_of_a_long_series_are_found_with_honest_standard_errors():
    """t values of true coefficients are standard normal: their mean square is one."""
    squares = []
    for seed in range(60):
        y = np.exp(process(250, [0.6], [0.4], seed=seed))
        fit = fit_of(y, order=(1, 0, 1), scale="log")
        assert list(fit.bse) == ["ar1", "ma1", "mean"]
        for name, true in [("ar1", 0.6), ("ma1", 0.4), ("mean", 0.0)]:
            squares.append(((fit.params[name] - true) / fit.bse[name]) ** 2)
    assert 0.75 < np.mean(squares) < 1.3


def test_a_drift_is_told_a_period_and_in_the_unit_of_the_data():
    y = 50 + 3.0 * np.arange(40) + process(40, sd=1).cumsum()
    for unit in (1.0, 1000.0):
        fit = fit_of(unit * y, order=(0, 1, 0), drift=True, scale="absolute")
        assert fit.params["drift"] == pytest.approx(unit * np.diff(y).mean())
        spread = np.diff(y).std(ddof=1)
        assert fit.params["sigma"] == pytest.approx(unit * spread)
        assert fit.bse["drift"] == pytest.approx(unit * spread / np.sqrt(39))
    months = fit_of(y, MONTHS, order=(0, 0, 0), seasonal_order=(0, 1, 0), drift=True)
    assert months.params["drift"] == pytest.approx(np.mean(y[12:] - y[:-12]) / 12)


def test_automatic_orders_find_the_process():
    """A random walk has no terms; a strong moving average of differences is seen."""
    walk = fit_of(np.exp(process(200).cumsum() + 5))
    names = list(walk.candidates)
    assert walk.order[1] == 1
    assert any(name.startswith("(0,1,0)") for name in names[:4])
    smooth = fit_of(np.exp(process(200, ma=[-0.7]).cumsum() + 5))
    share = sum(
        w for name, w in smooth.candidates.items() if not name.startswith("(0,1,0)")
    )
    assert share > 0.9
    assert sum(smooth.candidates.values()) == pytest.approx(1)


def test_months_without_a_season_are_told_from_months_with_one():
    """Although differences of years count ten times what others do beforehand."""
    walk = 100 * np.exp(process(120, sd=0.1, seed=4).cumsum())
    pattern = np.random.default_rng(0).normal(0, 0.3, 12)
    months = walk * np.exp(np.tile(pattern, 10))
    for y, seasonal in [(walk, 0), (months, 1)]:
        candidates = fit_of(y, MONTHS).candidates
        share = sum(w for name, w in candidates.items() if name[10] == str(seasonal))
        assert share > 0.8


def test_automatic_models_tell_orders_coefficients_and_standard_errors():
    fit = fit_of(airline(120), MONTHS)
    assert set(fit.bse) <= set(fit.params)
    assert {"sigma", "d", "D", "log"} <= set(fit.params)
    assert fit.seasonal_order[1] == fit.params["D"] == 1
    assert all(value > 0 for value in fit.bse.values())


# ------------------------------------------------------------------------------ forecasts


@pytest.mark.parametrize(
    ("order", "seasonal_order"), [((0, 1, 1), (0, 1, 1)), ((2, 0, 1), (1, 0, 0))]
)
def test_point_forecasts_of_given_orders_are_those_of_statsmodels(
    order, seasonal_order
):
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    y = airline(96)
    fit = fit_of(y, MONTHS, order=order, seasonal_order=seasonal_order, scale="log")
    mean = fit.params.get("mean", 0.0)
    model = SARIMAX(np.log(y) - mean, order=order, seasonal_order=(*seasonal_order, 12))
    names = [name for name in fit.bse if name != "mean"]
    coefficients = [fit.params[name] for name in names]
    theirs = model.smooth([*coefficients, fit.params["sigma"] ** 2]).forecast(24)
    np.testing.assert_allclose(fit.center(24), np.exp(theirs + mean), rtol=1e-4)


def test_a_random_walk_with_drift_goes_on_in_its_line():
    y = 50 + 3.0 * np.arange(30) + process(30, sd=1).cumsum()
    fit = fit_of(y, order=(0, 1, 0), drift=True, scale="absolute")
    slope = (y[-1] - y[0]) / 29
    np.testing.assert_allclose(fit.center(3), y[-1] + slope * np.arange(1, 4))
    np.testing.assert_allclose(fit.fitted[1:], y[:-1] + slope)
    assert np.isnan(fit.fitted[0])


def test_between_a_straight_and_an_exponential_trend():
    y = 100 * 1.02 ** np.arange(48) * np.exp(process(48, sd=0.01))
    mixed = fit_of(y, QUARTERS)
    straight, exponential = (fit_of(y, QUARTERS, scale=s) for s in ("absolute", "log"))
    halves = (straight.center(8) + exponential.center(8)) / 2
    np.testing.assert_allclose(mixed.center(8), halves)
    far = [fit.center(20)[-1] for fit in (straight, mixed, exponential)]
    assert far == sorted(far)
    assert mixed.params["log"] == 0.5


def test_what_was_always_positive_falls_towards_zero_and_stays_positive():
    y = np.linspace(100, 30, 15) + process(15, sd=1)
    fit = fit_of(y)
    assert (np.diff(fit.center(12)) < 0).all()
    rng = np.random.default_rng(0)
    assert (fit.paths(rng.standard_normal((30, 300)), rng) > 0).all()


def test_errors_are_drawn_in_proportion_to_the_level():
    """Of a walk that grew tenfold the next step is ten times as wide as the first was."""
    y = 100 * np.exp(process(60, sd=0.1, seed=2).cumsum() + 0.04 * np.arange(60))
    rng = np.random.default_rng(0)
    next_year = fit_of(y).paths(rng.standard_normal((1, 4000)), rng)
    assert 0.08 < np.log(next_year).std() < 0.13


def test_intervals_of_short_walks_hold_what_they_promise():
    """Twenty values, an estimated drift: nominal 80 and 95 per cent, four years on."""
    held = []
    for seed in range(150):
        walk = 100 * np.exp(
            process(24, sd=0.1, seed=seed).cumsum() + 0.03 * np.arange(24)
        )
        rng = np.random.default_rng(1000 + seed)
        paths = fit_of(walk[:20]).paths(rng.standard_normal((4, 500)), rng)
        low, high = np.quantile(paths, [[0.025, 0.1], [0.975, 0.9]], axis=1)
        held.append((low <= walk[20:]) & (walk[20:] <= high))
    assert 0.89 < np.mean(held, axis=0)[0].mean() < 0.99
    assert 0.72 < np.mean(held, axis=0)[1].mean() < 0.9


def spread(fit, steps, noise=0.0, seed=0):
    """Standard deviations of logarithms after shocks of that size."""
    rng = np.random.default_rng(seed)
    return np.log(fit.paths(noise * rng.standard_normal((steps, 4000)), rng)).std(
        axis=1
    )


def test_paths_carry_the_doubt_about_a_drift():
    y = 100 * np.exp(process(60, sd=0.1, seed=5).cumsum())
    fit = fit_of(y, order=(0, 1, 0), drift=True, scale="log")
    years = np.arange(1, 4)
    np.testing.assert_allclose(spread(fit, 3), years * fit.bse["drift"], rtol=0.1)


def test_paths_carry_the_doubt_about_coefficients():
    y = 100 * np.exp(process(80, [0.4], sd=0.1, seed=5).cumsum())
    fit = fit_of(y, order=(1, 1, 0), scale="log")
    last = abs(np.log(y[-1] / y[-2]))
    assert spread(fit, 1)[0] == pytest.approx(fit.bse["ar1"] * last, rel=0.25)


def test_shocks_of_a_moving_average_are_partly_taken_back():
    y = 100 * np.exp(process(400, ma=[-0.6], sd=0.1, seed=1).cumsum())
    fit = fit_of(y, order=(0, 1, 1), scale="log")
    kept = 1 + fit.params["ma1"]
    expected = fit.params["sigma"] * np.sqrt(1 + np.arange(5) * kept**2)
    np.testing.assert_allclose(spread(fit, 5, noise=1.0), expected, rtol=0.06)


def test_longer_horizons_do_not_change_the_first_periods():
    fit = fit_of(airline(60), MONTHS)
    shocks = np.random.default_rng(0).standard_normal((15, 70))
    long, short = (fit.paths(shocks[:h], np.random.default_rng(1)) for h in (15, 4))
    np.testing.assert_array_equal(long[:4], short)
    np.testing.assert_array_equal(fit.center(15)[:4], fit.center(4))


# --------------------------------------------------------------------- gaps, short, zeros


def test_a_gap_is_as_if_nothing_had_been_said_of_it():
    """What stands in a gap does not count: the filter of statsmodels skips it."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    y = 100 * np.exp(process(60, [0.5], seed=8).cumsum())
    y[[20, 21, 40, 58]] = np.nan
    fit = fit_of(y, order=(1, 1, 1), scale="log")
    coefficients = [fit.params[name] for name in ("ar1", "ma1")]
    model = SARIMAX(np.log(y), order=(1, 1, 1))
    theirs = model.smooth([*coefficients, fit.params["sigma"] ** 2])
    np.testing.assert_allclose(fit.center(6), np.exp(theirs.forecast(6)), rtol=1e-4)
    assert np.isnan(fit.residuals[[0, 20, 21, 40]]).all()
    assert np.isfinite(fit.residuals[[1, 19, 22, 41]]).all()


def test_many_gaps_are_survived():
    y = airline(60)
    y[5:55:2] = np.nan
    y[12:24] = np.nan
    assert np.isfinite(fit_of(y, MONTHS).center(18)).all()


@pytest.mark.parametrize(
    "y", [[5.0], [5, 6, 7], [5, 5, 5, 5, 5, 5], [0, 0, 0, 0, 0, 0, 0]]
)
def test_what_is_too_short_or_never_changes_stays_as_it_was(y):
    fit = fit_of(y)
    assert isinstance(fit, NaiveFit)
    assert fit.center(2).tolist() == [y[-1]] * 2


def test_a_straight_line_goes_on_exactly():
    np.testing.assert_allclose(
        fit_of(np.arange(1.0, 13)).center(2), [13, 14], rtol=1e-4
    )


def test_series_with_zeros_have_no_logarithms():
    fit = fit_of([3, 0, 4, 2, 0, 5, 1, 3, 0, 2, 4, 1])
    assert fit.params["log"] == 0
    assert len(fit.parts) == 1
    rng = np.random.default_rng(0)
    assert (fit.paths(rng.standard_normal((3, 200)), rng) >= 0).all()


# ------------------------------------------------------------------------------- batches


def test_neighbours_and_threads_do_not_change_a_fit():
    series = [
        UnitSeries(airline(n, seed), season)
        for seed, (n, season) in enumerate(
            [(50, MONTHS), (20, YEARS), (70, MONTHS)] * 14
        )
    ]
    together = [fit.center(4) for fit in ARIMA().fit_many(series)]
    with limit_threads(1):
        alone = [ARIMA().fit_values(one.y, one.season).center(4) for one in series[-3:]]
        serial = [fit.center(4) for fit in ARIMA().fit_many(series)]
    np.testing.assert_array_equal(together, serial)
    np.testing.assert_array_equal(together[-3:], alone)


def test_the_end_of_a_process_does_not_hold_other_series():
    fits = ARIMA().fit_many(
        [UnitSeries(airline(60, seed), MONTHS) for seed in range(8)]
    )
    part = fits[3].parts[0]
    assert part.problems.z.size < 5 * 2 * 60
    again = ends(part.problems, part.grid, part.which, part.index, part.x)
    np.testing.assert_array_equal(again.state, part.now.state)


# ------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    "options",
    [
        {"order": (1, 1)},
        {"order": (1, -1, 0)},
        {"order": (1.0, 1, 0)},
        {"order": "011"},
        {"order": (0, 3, 1)},
        {"order": (25, 0, 0)},
        {"seasonal_order": (1, 1, True)},
        {"order": (0, 1, 1), "seasonal_order": (0, 1, 1), "drift": True},
        {"scale": "cubic"},
    ],
    ids=str,
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ModelError, match="F-526"):
        ARIMA(**options)


@pytest.mark.parametrize("drift", [True, False])
def test_a_drift_can_be_asked_for_or_ruled_out(drift):
    names = list(fit_of(airline(60), MONTHS, drift=drift).candidates)
    assert all(("with drift" in name) == drift for name in names if "mean" not in name)


def test_a_seasonal_order_can_be_given_alone():
    fit = fit_of(airline(60), MONTHS, seasonal_order=(0, 1, 1))
    assert fit.seasonal_order[1] == 1
    assert all(")(0,1," in name for name in fit.candidates)


def test_years_have_no_seasonal_order():
    fit = fit_of(airline(30), YEARS, order=(0, 1, 1), seasonal_order=(0, 1, 1))
    assert fit.seasonal_order == (0, 0, 0)


def test_orders_come_with_all_shorter_ones():
    grid = grid_of((1, 0, 0, 1), 4)
    assert grid.orders.tolist() == [
        [0, 0, 0, 0],
        [0, 0, 0, 1],
        [1, 0, 0, 0],
        [1, 0, 0, 1],
    ]
    assert grid.shorter(3).tolist() == [1, 2]
    assert grid.lags.tolist()[3] == [1, 4]
    assert isinstance(grid, Grid)


def test_parameters_of_a_panel_stand_in_one_table():
    periods = pd.period_range("2016-01", periods=60, freq="M")
    table = ARIMA().fit(pd.Series(airline(60), index=periods)).params
    assert {"sigma", "d", "D", "log"} <= set(table.columns)
