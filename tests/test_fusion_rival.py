"""The learner beside the linear structure: what it earns, and what it may know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.errors import ModelError
from forecast.fusion import Fusion
from forecast.fusion.flows import Flows
from forecast.fusion.rivals import Rivals, best_share, fitted
from forecast.fusion.structure import TERMS, Step

PAIRS, YEARS = 400, 14


def moves_of(rule, noise=0.1, seed=0):
    """Flows whose moves beyond totals follow a rule of what was known the year before."""
    rng = np.random.default_rng(seed)
    values, steps = [rng.uniform(1, 3, PAIRS)], []
    for t in range(YEARS):
        features = rng.uniform(-1, 1, (PAIRS, len(TERMS)))
        scaled = rng.uniform(1, 3, PAIRS)
        last = t + 1 == YEARS
        steps.append(
            Step(values[-1], features, np.ones(PAIRS), None if last else scaled)
        )
        move = rule(features) + noise * rng.standard_normal(PAIRS)
        if not last:
            values.append(scaled * np.exp(move))
    place = np.zeros(PAIRS, dtype=np.int64)
    flows = Flows(
        values=np.stack(values),
        known=np.ones((YEARS, PAIRS), dtype=bool),
        rows=place,
        columns=place,
        origins=pd.Index(["A"]),
        destinations=pd.Index(["B"]),
        units=pd.DataFrame({"pair": range(PAIRS)}),
        periods=pd.period_range("2000", periods=YEARS, freq="Y"),
        blocks=(place[:1], place[:1]),
        sectors=pd.Index([""]),
    )
    return flows, steps


def bent(features):
    return 0.4 * np.abs(features[:, 0]) - 0.2


def straight(features):
    return 0.3 * features[:, 0]


def test_a_rule_that_is_not_linear_is_left_to_the_learner():
    flows, steps = moves_of(bent)
    rival = Rivals(flows, steps, "trees").at(YEARS - 1)
    assert rival.share > 0.8
    assert rival.gain > 0.1
    linear = np.zeros(PAIRS)
    mixed = rival.mix(linear, steps[-1].features, steps[-1])
    assert np.corrcoef(mixed, bent(steps[-1].features))[0, 1] > 0.9


def test_where_the_linear_structure_is_right_the_learner_does_no_harm():
    for seed in range(3):
        flows, steps = moves_of(straight, seed=seed)
        rival = Rivals(flows, steps, "trees").at(YEARS - 2)
        step = steps[YEARS - 2]
        linear = straight(step.features)
        mixed = rival.mix(linear, step.features, step)
        ours, theirs = (
            np.abs(flows.values[-1] - step.scaled * np.exp(move)).sum()
            for move in (mixed, linear)
        )
        assert ours < 1.03 * theirs


def test_a_share_needs_a_gain_beyond_chance():
    rng = np.random.default_rng(1)
    wins = 0
    for _ in range(200):
        errors = 1 + rng.normal(0, 0.01, (5, 11)) * np.linspace(0, 1, 11)
        wins += best_share(errors)[0] > 0.5
    # the best of eleven equal shares would be above a half far more often
    assert wins < 120
    sure = np.linspace(1, 0.9, 11) + rng.normal(0, 0.001, (5, 1))
    assert best_share(sure) == (1.0, pytest.approx(0.1, abs=0.01))
    assert best_share(sure[:, ::-1])[0] == 0


def test_the_learner_knows_nothing_of_later_years():
    flows, steps = moves_of(bent)
    origin = 9
    later = flows.values.copy()
    later[origin + 1 :] *= 5.0
    changed = Flows(**{**vars(flows), "values": later})
    odd = [
        step
        if t <= origin
        else Step(later[t], 2 * step.features, step.volatility, step.scaled)
        for t, step in enumerate(steps)
    ]
    known, other = (
        Rivals(f, s, "trees").at(origin) for f, s in ((flows, steps), (changed, odd))
    )
    assert (known.share, known.gain, known.origins) == (
        other.share,
        other.gain,
        other.origins,
    )
    linear = np.zeros(PAIRS)
    assert_array_equal(
        known.mix(linear, steps[origin].features, steps[origin]),
        other.mix(linear, steps[origin].features, steps[origin]),
    )


def test_rows_count_by_money_with_and_without_weights_of_the_learner():
    from sklearn.dummy import DummyRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.zeros((1000, 1)), np.repeat([0.0, 1.0], 500)
    money = np.repeat([1.0, 3.0], 500)
    # a pipeline takes no weights by that name, a dummy does
    for learner in (
        DummyRegressor(),
        make_pipeline(StandardScaler(), DummyRegressor()),
    ):
        found = fitted(learner, x, y, money).predict(x[:1])
        assert_allclose(found, 0.75, atol=0.002)


def test_a_learner_without_a_seed_gives_the_same_bits():
    from sklearn.ensemble import RandomForestRegressor

    flows, steps = moves_of(bent)
    learner = RandomForestRegressor(5, min_samples_leaf=50)
    first, again = (Rivals(flows, steps, learner).at(YEARS - 1) for _ in range(2))
    assert first.share > 0
    linear = np.zeros(PAIRS)
    assert_array_equal(
        *(one.mix(linear, steps[-1].features, steps[-1]) for one in (first, again))
    )
    assert not hasattr(learner, "estimators_")


def test_few_pair_years_teach_no_learner():
    flows, steps = moves_of(bent)
    rival = Rivals(flows, steps, "trees").at(5)
    assert (rival.learner, rival.share, rival.origins) == (None, 0.0, 0)


@pytest.mark.parametrize("odd", ["forest", 3, ["trees"], type])
def test_what_is_no_regressor_is_refused(odd):
    with pytest.raises(ModelError, match="F-857"):
        Fusion(rival=odd)


def test_what_sorts_or_groups_is_no_rival():
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for odd in (LogisticRegression(), KMeans(2), StandardScaler()):
        with pytest.raises(ModelError, match="F-857"):
            Fusion(rival=odd)
    assert Fusion(rival=make_pipeline(StandardScaler(), LinearRegression())).rival
