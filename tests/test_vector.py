"""Exports and imports of a pair together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.panel import TradePanel
from forecast.series import Drift
from forecast.series.pairs import vector_estimates as estimates
from forecast.series.pairs.vector import VAR, PairSide
from forecast.series.pairs.vector_estimates import estimate_pair

HALF = np.linalg.cholesky([[1, 0.6], [0.6, 1]])


def walks(n: int, seed: int = 0, pull: float = 0.0, lag: float = 0.0) -> np.ndarray:
    """Logarithms of two flows with correlated shocks; `pull` returns them to balance."""
    rng = np.random.default_rng(seed)
    x, step, path = np.zeros(2), np.zeros(2), []
    for _ in range(n):
        step = 0.02 + lag * step + 0.1 * HALF @ rng.normal(size=2)
        step += pull * np.array([-1, 1]) * (x[0] - x[1])
        x = x + step
        path.append(x)
    return np.array(path).T


def panel_of(pairs: list[np.ndarray], first: int = 2000) -> TradePanel:
    rows = [
        pd.DataFrame(
            {
                "exporter": ["RU", f"P{k:02d}"][side],
                "importer": [f"P{k:02d}", "RU"][side],
                "year": np.arange(first, first + x.shape[1]),
                "flow": np.exp(x[side]),
            }
        )
        for k, x in enumerate(pairs)
        for side in (0, 1)
    ]
    return TradePanel.from_frame(
        pd.concat(rows, ignore_index=True),
        origin="exporter",
        destination="importer",
        period="year",
        flow="flow",
    )


@pytest.fixture
def flat(monkeypatch):
    """Priors that say nothing."""
    monkeypatch.setattr(estimates, "LAG_DOUBT", 1e9)
    monkeypatch.setattr(estimates, "BALANCE_DOUBT", 1e9)


def test_without_a_prior_it_is_the_var_of_statsmodels(flat):
    import statsmodels.tsa.api as other

    x = walks(80, lag=0.5)
    mine = estimate_pair(x, 1, cointegrated=False)
    theirs = other.VAR(np.diff(x).T).fit(1, trend="c")
    assert mine.lags == 1
    np.testing.assert_allclose(mine.coefficients, theirs.params, rtol=1e-6)
    ahead = theirs.forecast(np.diff(x).T[-1:], 3).cumsum(axis=0) + x[:, -1]
    np.testing.assert_allclose(mine.center(3), ahead.T, rtol=1e-6)


def test_without_a_prior_it_is_the_vecm_of_statsmodels(flat):
    from statsmodels.tsa.vector_ar.vecm import VECM

    x = walks(80, pull=0.2, lag=0.3)
    mine = estimate_pair(x, 1, cointegrated=True)
    theirs = VECM(x.T, k_ar_diff=1, coint_rank=1, deterministic="co").fit()
    assert mine.lags == 1
    np.testing.assert_allclose(mine.beta, theirs.beta[:, 0], rtol=1e-6)
    np.testing.assert_allclose(mine.coefficients[-1], theirs.alpha[:, 0], rtol=1e-5)
    np.testing.assert_allclose(mine.center(4), theirs.predict(4).T, rtol=1e-6)


def test_the_posterior_of_the_covariance_has_the_mean_of_its_law():
    """Inverse Wishart about df Sigma: the mean is df / (df - 3) Sigma."""
    sigma = np.array([[0.04, 0.01], [0.01, 0.02]])
    factors = estimates._draw_factors(sigma, 40.0, 100_000, np.random.default_rng(0))
    mean = (factors @ factors.swapaxes(1, 2)).mean(axis=0)
    np.testing.assert_allclose(mean, 40 / 37 * sigma, rtol=0.01)


def test_both_directions_are_forecast_with_their_own_correlation():
    """Of one pair among many that have none, whatever the panel's shrinkage."""
    pairs = [walks(30, seed) for seed in range(8)]
    pairs[3] = np.stack([pairs[3][0], pairs[3][0] + 0.01 * walks(30, 50)[1]])
    fit = VAR(cointegrated=False).fit(panel_of(pairs))
    assert len(fit.pairs) == 8
    outlook = fit.forecast(1, paths=4000)
    keys = list(outlook.units.itertuples(index=False, name=None))
    rows = [keys.index(("P03", "RU")), keys.index(("RU", "P03"))]
    drawn = np.corrcoef(np.log(outlook.draws[rows, 0]))[0, 1]
    assert drawn > 0.98
    side = fit.units_fitted[rows[0]]
    assert isinstance(side, PairSide)
    assert side.params["correlation"] == pytest.approx(drawn, abs=0.02)


def test_shocks_of_the_panel_reach_the_pairs():
    """What all pairs have in common, their forecasts have, too."""
    common = np.random.default_rng(9).normal(0, 0.2, 30).cumsum()
    pairs = [0.2 * walks(30, seed) + common for seed in range(6)]
    outlook = VAR(cointegrated=False).fit(panel_of(pairs)).forecast(1, paths=3000)
    between = np.corrcoef(np.log(outlook.draws[:, 0]))
    keys = list(outlook.units.itertuples(index=False, name=None))
    assert between[keys.index(("RU", "P00")), keys.index(("RU", "P04"))] > 0.8


def test_intervals_of_the_turnover_hold_in_short_series():
    worlds = [walks(24, seed, lag=0.2) for seed in range(160)]
    outlook = VAR().fit(panel_of([x[:, :20] for x in worlds])).forecast(4, paths=400)
    turnover = outlook.turnover()
    truth = np.array([np.exp(x[:, 20:]).sum(axis=0) for x in worlds])
    order = [int(name[1:]) for name in turnover.units["a"]]
    low, high = (end.to_numpy() for end in turnover.interval(0.95))
    assert 0.92 < ((low <= truth[order]) & (truth[order] <= high)).mean() < 0.98


def test_johansens_test_finds_a_balance_where_there_is_one():
    with_balance = [estimate_pair(walks(80, s, pull=0.25), 1) for s in range(20)]
    without = [estimate_pair(walks(80, s), 1) for s in range(20)]
    assert sum(pair.cointegrated for pair in with_balance) > 14
    assert sum(pair.cointegrated for pair in without) < 5


def test_a_pair_returns_to_its_balance():
    x = walks(120, pull=0.25)
    x[:, -1] += [0.5, 0.0]  # far from it at the end
    far = VAR(cointegrated=True).fit(panel_of([x])).point(12)
    gap = np.log(far.loc[("RU", "P00")] / far.loc[("P00", "RU")])
    assert abs(gap.iloc[-1]) < 0.3 * abs(gap.iloc[0])


def test_what_is_no_pair_is_fitted_alone_and_a_note_says_why():
    together, zeros, short = walks(20, 1), walks(20, 2), walks(20, 3)
    frame = panel_of([together, zeros, short, walks(20, 4)]).to_frame()
    ru = frame["exporter"] == "RU"
    frame.loc[ru & (frame["importer"] == "P01") & (frame["year"] == "2005"), "flow"] = 0
    frame.loc[ru & (frame["importer"] == "P02") & (frame["year"] < "2012"), "flow"] = (
        np.nan
    )
    frame = frame[~((frame["exporter"] == "P03") & (frame["importer"] == "RU"))]
    panel = TradePanel.from_frame(
        frame, origin="exporter", destination="importer", period="year", flow="flow"
    )
    fit = VAR().fit(panel)
    note = fit.forecast(2, paths=20).notes[-1]
    assert note.startswith("5 of 7 units were fitted alone, by Drift: ")
    for why in (
        "2 with zeros",
        "2 with less than 10 common periods",
        "1 one direction",
    ):
        assert why in note
    alone = Drift().fit(panel)
    assert fit.point(2).loc[("RU", "P01")].equals(alone.point(2).loc[("RU", "P01")])


def test_the_order_of_rows_and_a_longer_horizon_change_no_bit():
    panel = panel_of([walks(20, 1), walks(20, 2)])
    frame = panel.to_frame().sample(frac=1, random_state=1)
    shuffled = TradePanel.from_frame(
        frame, origin="exporter", destination="importer", period="year", flow="flow"
    )
    mine = VAR().fit(panel).forecast(3, paths=50).draws
    assert VAR().fit(shuffled).forecast(3, paths=50).draws.tobytes() == mine.tobytes()
    longer = VAR().fit(panel).forecast(9, paths=50).draws[:, :3]
    assert np.ascontiguousarray(longer).tobytes() == mine.tobytes()


def test_forecasts_follow_the_unit_of_measurement_and_the_median_is_the_point():
    x = walks(25, 5, pull=0.1)
    fit, larger = VAR().fit(panel_of([x])), VAR().fit(panel_of([x + np.log(1e6)]))
    np.testing.assert_allclose(
        larger.forecast(3, paths=60).draws,
        1e6 * fit.forecast(3, paths=60).draws,
        rtol=1e-6,
    )
    outlook = fit.forecast(3, paths=4000)
    low, high = outlook.quantile(0.4), outlook.quantile(0.6)
    assert ((low <= fit.point(3)) & (fit.point(3) <= high)).all(axis=None)


@pytest.mark.parametrize("kind", ["constant", "the same", "exact growth", "wild"])
def test_hostile_pairs_are_survived(kind):
    x = walks(15, 1)
    if kind == "constant":
        x[0] = 1.0
    elif kind == "the same":
        x[1] = x[0]
    elif kind == "exact growth":
        x = np.outer([1, 2], 0.1 * np.arange(15))
    else:
        x = 30 * x
    outlook = VAR().fit(panel_of([x])).forecast(6, paths=50)
    assert (outlook.draws >= 0).all()
    assert outlook.draws.max() <= 1001 * np.exp(x.max())


def test_monthly_pairs_have_seasons():
    months = pd.period_range("2015-01", periods=72, freq="M")
    season = np.resize(np.random.default_rng(0).normal(0, 0.4, 12), 72)
    x = 0.3 * walks(72, 3) + season
    rows = [
        pd.DataFrame(
            {"a": ["KZ", "RU"][k], "b": ["RU", "KZ"][k], "m": months, "y": np.exp(x[k])}
        )
        for k in (0, 1)
    ]
    panel = TradePanel.from_frame(
        pd.concat(rows), origin="a", destination="b", period="m", flow="y"
    )
    point = np.log(VAR().fit(panel).point(12).to_numpy())
    for one in point:
        assert np.corrcoef(one, season[:12])[0, 1] > 0.97


def test_a_single_series_is_fitted_by_the_single_model():
    fit = VAR().fit([10.0, 11.0, 12.0, 13.0])
    assert fit.point(1).to_numpy().item() == pytest.approx(14.0)
    assert "without directions" in fit.notes[0]


def test_one_side_alone_has_paths():
    fit = VAR().fit(panel_of([walks(20, 1)]))
    rng = np.random.default_rng(0)
    side = fit.units_fitted[1]
    paths = side.paths(rng.standard_normal((3, 2000)), rng)
    np.testing.assert_allclose(np.median(paths, axis=1), side.center(3), rtol=0.05)
