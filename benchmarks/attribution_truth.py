"""Does attribution say the truth where the truth is known?

Simulated panels in which events have an effect of 10 % or none, and in which visits go to
pairs that grow for reasons of their own. Prints how often the true effect lies in its
95 % interval and how often each verdict is given.

    python benchmarks/attribution_truth.py            # all worlds, 400 panels each
    python benchmarks/attribution_truth.py --panels 50 --only selection
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.attribution import Attribution, attribute
from forecast.datasets import simulate_trade
from forecast.datasets.recipes import Costs, EventKind, Noise, PairEffects

FORMULA = "flow ~ visit | origin^period + destination^period + origin^destination"
TEN_PERCENT = float(np.log(1.1))
NO_AGREEMENTS = Costs(agreement_share=0.0)


@dataclass(frozen=True)
class Case:
    """One kind of world.

    Attributes
    ----------
    name : str
        Begins with what it is for: coverage, selection, power or placebo.
    effect : float
        True log effect of one unit of the indicator.
    half_life : float or None
        Of the stock of events, years; None: the number of events in the year.
    rate : float
        Events a pair and year.
    chosen : float
        How much visits follow the steady growth of pairs.
    trend_sd : float
        Spread of this growth.
    follows : float
        How much visits follow a good year of the pair (log odds for one standard
        deviation); 0: not at all.
    size_chosen : float
        How much visits go to big pairs.
    regions, periods, panels : int
    """

    name: str
    effect: float = 0.0
    half_life: float | None = np.inf
    rate: float = 0.05
    chosen: float = 0.0
    trend_sd: float = 0.0
    follows: float = 0.0
    size_chosen: float = 0.0
    regions: int = 20
    periods: int = 12
    panels: int = 400


CASES = (
    Case("coverage, events for good", TEN_PERCENT),
    Case(
        "coverage, half-life 3, big pairs chosen",
        TEN_PERCENT,
        3.0,
        0.2,
        size_chosen=1.0,
    ),
    Case("coverage, in the year only", TEN_PERCENT, None, 0.3),
    Case("selection on growth, for good", chosen=1.0, trend_sd=0.03),
    Case(
        "selection on growth, half-life 3",
        half_life=3.0,
        rate=0.2,
        chosen=1.0,
        trend_sd=0.03,
    ),
    Case(
        "selection on slow growth, half-life 10",
        half_life=10.0,
        rate=0.1,
        chosen=1.0,
        trend_sd=0.01,
    ),
    Case(
        "selection on last year, in the year only",
        half_life=None,
        rate=0.2,
        follows=1.0,
    ),
    Case("selection on last year, for good", rate=0.05, follows=1.0),
    Case("placebo events, for good"),
    Case("placebo events, in the year only", half_life=None, rate=0.3),
    Case(
        "power, events for good",
        TEN_PERCENT,
        rate=0.02,
        regions=60,
        periods=20,
        panels=60,
    ),
    Case(
        "power, half-life 3", TEN_PERCENT, 3.0, 0.05, regions=60, periods=20, panels=60
    ),
    Case(
        "power, in the year only",
        TEN_PERCENT,
        None,
        0.1,
        regions=60,
        periods=20,
        panels=60,
    ),
)


def panel(case: Case, seed: int) -> pd.DataFrame:
    """Simulate one panel of a case; ``visit`` is the indicator."""
    kind = EventKind(
        "visit",
        effect=case.effect,
        rate=case.rate,
        half_life=case.half_life,
        growth_selection=case.chosen,
        selection=case.size_chosen,
    )
    simulated = simulate_trade(
        case.regions,
        case.periods,
        events=(kind,),
        costs=NO_AGREEMENTS,
        pairs=PairEffects(trend_sd=case.trend_sd),
        noise=Noise(sd=0.2, serial=0.5),
        seed=seed,
    )
    if not case.follows:
        return simulated.frame
    return followed(simulated.frame, simulated.truth.expected, kind, case.follows, seed)


def followed(
    frame: pd.DataFrame, expected: pd.DataFrame, kind: EventKind, pull: float, seed: int
) -> pd.DataFrame:
    """Let visits of zero effect go where the year before was better than expected."""
    keys = ["origin", "destination", "period"]
    rows = frame.merge(expected, on=keys)
    rows["luck"] = np.log(rows["flow"] / rows["expected"])
    wide = rows.pivot_table(
        index=["origin", "destination"], columns="period", values="luck"
    )
    mirror = wide.swaplevel().reindex(wide.index)
    luck = (wide.to_numpy() + mirror.to_numpy()) / 2.0
    luck = luck / luck.std()
    odds = np.log(kind.rate) + pull * np.column_stack(
        [np.zeros(len(luck)), luck[:, :-1]]
    )
    odds -= np.log(np.exp(odds - np.log(kind.rate)).mean())
    first = wide.index.get_level_values(0) < wide.index.get_level_values(1)
    drawn = np.random.default_rng([seed, 7]).poisson(np.exp(odds)).astype(float)
    drawn = pd.DataFrame(drawn * first[:, None], wide.index, wide.columns)
    both = drawn + drawn.swaplevel().reindex(wide.index)
    stock = kind.indicator(both.to_numpy().T, 1).T
    long = pd.DataFrame(stock, wide.index, wide.columns).stack().rename("visit")
    return frame.drop(columns="visit").merge(long.reset_index(), on=keys)


def answers(case: Case, panels: int, first_seed: int) -> Iterator[Attribution]:
    """Attribute the panels of a case one by one."""
    for seed in range(first_seed, first_seed + panels):
        yield attribute(
            panel(case, seed), FORMULA, "visit", shapes=False, permutations=199
        )


def measured(case: Case, panels: int, first_seed: int) -> dict[str, object]:
    """Return coverage, shares of the term's verdicts, and how often growth is thanks to it."""
    begun = time.process_time()
    found = list(answers(case, panels, first_seed))
    truth = 100.0 * np.expm1(case.effect)
    first = pd.DataFrame([one.effects.iloc[0] for one in found])
    verdicts = Counter(one.verdicts["verdict"].iloc[0] for one in found)
    thanks = sum(one.verdict == "supported" for one in found)
    return {
        "world": case.name,
        "panels": panels,
        "covered": float(((first["low"] <= truth) & (truth <= first["high"])).mean()),
        "mean": float(first["estimate"].mean()),
        "beside": float(first["beside"].mean()),
        "detectable": float(first["detectable"].median()),
        "supported": verdicts["supported"] / panels,
        "not supported": verdicts["not supported"] / panels,
        "cannot be told": verdicts["cannot be told"] / panels,
        "thanks to": thanks / panels,
        "cpu seconds": time.process_time() - begun,
    }


def main() -> None:
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--panels", type=int, help="panels of each world")
    options.add_argument(
        "--only", default="", help="beginnings of the worlds' names, with commas"
    )
    options.add_argument("--seed", type=int, default=10_000)
    chosen = options.parse_args()
    for case in CASES:
        if not case.name.startswith(tuple(chosen.only.split(","))):
            continue
        panels = min(chosen.panels or case.panels, case.panels)
        row = pd.DataFrame([measured(case, panels, chosen.seed)]).round(3)
        print(row.to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
