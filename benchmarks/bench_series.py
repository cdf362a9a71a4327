"""How long fits of many short series take, for `make bench`: warm, one process.

500 yearly series of 20 to 30 values and 100 monthly ones of 8 to 12 years, with trend,
season and noise. Speed without accuracy is no speed: each model must beat the seasonal
naive forecast of what comes next. For competitions see `benchmarks.accuracy`.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy_scores import score, stand_in
from benchmarks.competitions import Group, Training
from benchmarks.forecasters import Answer, ours

MODELS = ("ETS", "Theta", "ARIMA", "CES")
WORLDS = {"yearly": (500, 1, (20, 30), 4), "monthly": (100, 12, (96, 144), 12)}


@pytest.fixture(scope="module", params=WORLDS)
def group(request) -> Group:
    count, season_length, lengths, horizon = WORLDS[request.param]
    rng = np.random.default_rng(7)
    series = []
    for n in rng.integers(*lengths, size=count, endpoint=True) + horizon:
        drift = rng.normal(0.06, 0.02) / season_length
        level = np.cumsum(rng.normal(drift, 0.04, n))
        pattern = rng.normal(0, 0.2, season_length) if season_length > 1 else [0.0]
        noise = rng.normal(0, 0.05, n)
        series.append(100 * np.exp(level + np.resize(pattern, n) + noise))
    training = Training(
        tuple(y[:-horizon] for y in series),
        tuple(f"{row}" for row in range(count)),
        season_length,
        horizon,
    )
    actual = np.array([y[-horizon:] for y in series])
    return Group(request.param, training, actual)


@pytest.mark.parametrize("model", MODELS)
def test_fit(benchmark, group, model):
    try:
        recipe = ours.recipe_of(model)
    except NameError:
        pytest.skip(f"there is no {model} in forecast.series")
    prepared = ours.prepare(group.training)
    fit = benchmark.pedantic(recipe.fit, [prepared.panel], rounds=3, warmup_rounds=1)
    found = score(group, Answer(fit.point(prepared.horizon).to_numpy()))
    naive = score(group, Answer(stand_in(group.training)))
    benchmark.extra_info["MASE"] = found.mase.mean()
    benchmark.extra_info["series"] = len(group)
    assert not found.failed.any()
    assert found.mase.mean() < naive.mase.mean()
