"""Combinations and the automatic choice: evidence decides, and says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.panel import TradePanel
from forecast.series import (
    Auto,
    Combination,
    Drift,
    Naive,
    Recipe,
    Regression,
    Season,
)
from forecast.series.evidence.ageing import ageing


@dataclass(frozen=True)
class Times(Recipe):
    """The last value times a factor; its shocks are one per cent."""

    factor: float = 1.0
    sigma: float = 0.01

    def fit_values(self, y, season):  # noqa: ARG002
        return TimesFit(y, self.factor, self.sigma)

    @property
    def name(self) -> str:
        return f"Times {self.factor:g}"


@dataclass(frozen=True)
class TimesFit:
    y: np.ndarray
    factor: float
    sigma: float

    @property
    def fitted(self):
        return np.r_[np.nan, self.factor * self.y[:-1]]

    @property
    def residuals(self):
        return np.log(self.y / self.fitted)

    @property
    def params(self) -> Mapping[str, float]:
        return {"factor": self.factor}

    def center(self, steps):
        return self.y[-1] * self.factor ** np.arange(1, steps + 1)

    def paths(self, shocks, rng):  # noqa: ARG002
        return self.center(len(shocks))[:, None] * np.exp(self.sigma * shocks)


def growing(units: int, n: int, rate: float, sd: float, seed: int = 0) -> TradePanel:
    rng = np.random.default_rng(seed)
    walks = np.exp((rate + rng.normal(0, sd, (units, n))).cumsum(axis=1))
    frame = pd.DataFrame(
        {
            "region": np.repeat(np.arange(units), n),
            "year": np.tile(np.arange(2000, 2000 + n), units),
            "trade": walks.ravel(),
        }
    )
    return TradePanel.from_frame(frame, unit=["region"], period="year", flow="trade")


# --------------------------------------------------------------------------- combining


def test_the_mean_of_paths_is_taken_with_the_same_shocks():
    """So it is as wide as its members are on average, however far apart they are."""
    y = np.arange(10.0, 20.0)
    low, high = Times(0.5, 0.1), Times(2.0, 0.1)
    shocks = np.random.default_rng(0).standard_normal((2, 50))
    rng = np.random.default_rng(1)
    both = Combination((low, high)).fit_values(y, Season()).paths(shocks, rng)
    parts = [m.fit_values(y, Season()).paths(shocks, rng) for m in (low, high)]
    np.testing.assert_allclose(both, (parts[0] + parts[1]) / 2)


def test_given_weights_are_divided_by_their_sum():
    y = np.arange(10.0, 20.0)
    fit = Combination((Times(1.0), Times(2.0)), weights=(3, 1)).fit(y)
    assert fit.point(1).to_numpy()[0, 0] == pytest.approx(19 * 1.25)


def test_the_median_of_three_is_the_middle_one():
    fit = Combination((Times(1.0), Times(9.0), Times(2.0)), weights="median").fit(
        np.arange(10.0, 20.0)
    )
    assert fit.point(1).to_numpy()[0, 0] == pytest.approx(38.0)


def test_pooled_weights_find_the_mixture_that_made_the_data():
    """Growth of 1 % a year lies a quarter of the way from 0 to 4 %."""
    panel = growing(60, 16, np.log(1.01), 0.001)
    members = (Times(1.0, 0.01), Times(1.04, 0.01))
    fit = Combination(members, weights="pooled").fit(panel)
    assert fit.recipe.weights[1] == pytest.approx(0.25, abs=0.04)
    assert sum(fit.recipe.weights) == pytest.approx(1)


def test_pooled_weights_of_equally_good_models_stay_equal():
    panel = growing(60, 16, 0.0, 0.1)
    members = (Times(1.001, 0.1), Times(0.999, 0.1))
    weights = Combination(members, weights="pooled").fit(panel).recipe.weights
    np.testing.assert_allclose(weights, 1 / 2)


def test_pooled_weights_never_do_much_worse_than_equal_ones():
    """Trap 27: unstable weights at n = 15. Worst loss at most 1.1 times that of equal."""
    for seed in range(5):
        panel = growing(40, 19, 0.05, 0.15, seed)
        known, outcome = panel.between(end=2014), panel.matrix()[0][:, 15:]
        members = (Naive(), Drift(), Times(1.05))
        loss = {}
        for weights in ("pooled", "mean"):
            points = Combination(members, weights=weights).fit(known).point(4)
            loss[weights] = np.abs(outcome - points.to_numpy()).mean()
        assert loss["pooled"] < 1.1 * loss["mean"]


@pytest.mark.parametrize(
    ("members", "weights"),
    [
        ((Naive(),), "mean"),
        ((Naive(), Drift()), "best"),
        ((Naive(), Drift()), (1, -1)),
        ((Naive(), Drift()), (1, 2, 3)),
        ((Naive(), Drift()), (0, 0)),
        ((Naive(), "Drift"), "mean"),
    ],
)
def test_impossible_combinations_are_refused(members, weights):
    with pytest.raises(ModelError, match="F-650"):
        Combination(members, weights=weights)


def with_visits(units: int, n: int) -> TradePanel:
    """Random walks that a visit lifts by a tenth in its year."""
    rng = np.random.default_rng(9)
    visits = rng.poisson(0.5, (units, n)).astype(float)
    walks = np.exp(rng.normal(0, 0.05, (units, n)).cumsum(axis=1) + 0.1 * visits)
    frame = pd.DataFrame(
        {
            "region": np.repeat(np.arange(units), n),
            "year": np.tile(np.arange(2000, 2000 + n), units),
            "trade": walks.ravel(),
            "visits": visits.ravel(),
        }
    )
    return TradePanel.from_frame(frame, unit=["region"], period="year", flow="trade")


def test_a_member_with_indicators_sees_their_future_and_the_others_do_not():
    panel = with_visits(12, 16)
    both = Combination((Naive(), Regression("visits"))).fit(panel)
    parts = [recipe.fit(panel) for recipe in (Naive(), Regression("visits"))]
    calm, busy = (panel.future(1).assign(visits=float(number)) for number in (0, 3))
    expected = (parts[0].point(1) + parts[1].point(1, indicators=busy)) / 2
    np.testing.assert_allclose(both.point(1, indicators=busy), expected, rtol=1e-9)
    assert (both.point(1, indicators=busy) > both.point(1, indicators=calm)).all(
        axis=None
    )
    chosen = Auto((Naive(), Regression("visits"))).fit(panel)
    assert np.isfinite(chosen.forecast(2, paths=20).draws).all()


# ---------------------------------------------------------------------------- choosing


def test_a_model_that_is_much_worse_is_dropped_and_named():
    fit = Auto((Naive(), Times(1.0), Times(3.0))).fit(growing(30, 16, 0.0, 0.1))
    assert fit.evidence["kept"].tolist() == [True, True, False]
    assert "without Times 3" in fit.why
    assert fit.chosen.name == "mean of Naive and Times 1"
    assert fit.why in fit.forecast(2, paths=50).notes


def test_the_only_good_model_is_taken_alone():
    fit = Auto((Times(1.1), Times(3.0))).fit(growing(30, 16, np.log(1.1), 0.01))
    assert fit.chosen == Times(1.1)
    assert fit.why == "Times 1.1 was taken: every other model did much worse."


def test_models_that_do_about_as_well_are_all_kept():
    fit = Auto((Naive(), Times(1.001), Times(0.999))).fit(growing(30, 16, 0.0, 0.1))
    assert fit.evidence["kept"].all()


def test_the_evidence_of_few_units_rules_nothing_out():
    fit = Auto((Naive(), Times(3.0))).fit(growing(4, 16, 0.0, 0.1))
    assert fit.evidence["kept"].all()
    assert "the evidence of 4 units does not choose" in fit.why


def test_without_scores_the_intervals_are_the_models_own_and_a_note_says_so():
    fit = Auto((Naive(), Drift())).fit(np.arange(10.0, 18.0))
    assert fit.calibrated is None
    assert (
        "not calibrated: 6 outcomes are too few" in fit.forecast(1, paths=10).notes[-1]
    )


def test_the_choice_does_not_see_the_future():
    """What comes after the end of the panel changes no bit."""
    long = growing(20, 20, 0.02, 0.1)
    first = Auto((Naive(), Drift())).fit(long.between(end=2014)).forecast(3, paths=20)
    frame = long.to_frame()
    late = frame["year"] > pd.Period("2014", "Y")
    frame.loc[late, "trade"] = frame.loc[late, "trade"].to_numpy()[::-1] * 7
    other = TradePanel.from_frame(frame, unit=["region"], period="year", flow="trade")
    again = Auto((Naive(), Drift())).fit(other.between(end=2014)).forecast(3, paths=20)
    np.testing.assert_array_equal(first.draws, again.draws)


def test_impossible_members_are_refused():
    with pytest.raises(ModelError, match="F-650"):
        Auto((Naive(),))


# ------------------------------------------------------------------------------ ageing


def aged(rate: float, units: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of four origins and three horizons that grow by a rate a year held out."""
    rng = np.random.default_rng(seed)
    years = np.array([1.0, 2.0, 3.0, 4.0])
    scores = np.abs(rng.standard_normal((4, units, 3)))
    scores *= np.exp(rate * years)[:, None, None]
    return scores, years


def test_scores_that_grow_with_the_years_held_out_are_noticed():
    """The answer is a lower bound: it lies below the truth, and not far."""
    growth = ageing(*aged(0.2))
    assert 0.1 < growth < 0.2


def test_scores_that_do_not_age_are_left_alone():
    assert [ageing(*aged(0.0, seed=seed)) for seed in range(5)] == [0.0] * 5
    assert ageing(*aged(-0.3)) == 0.0


def test_few_units_tell_nothing_of_ageing():
    assert ageing(*aged(0.5, units=20)) == 0.0
