"""Tables of scenarios: what each changes in all, and where it leaves what was observed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecast.scenarios import Comparison, GravityScenario, compare
from forecast.studies.pairs.subsets import only

__all__ = ["outside", "summary", "summed"]

BOUNDS = ("lower_95", "lower_80", "median", "upper_80", "upper_95")


def summary(both: Comparison) -> pd.DataFrame:
    """Give one row per scenario and period: the sum of the flows that it changes.

    Returns
    -------
    DataFrame
        ``scenario``, ``period``, ``flows`` changed, ``baseline`` (median),
        ``difference`` with its 80 % interval ``difference_low``, ``difference_high``, in
        the unit of the data; ``median``, ``lower_80`` and so on: the difference in per
        cent of the baseline. Of a scenario that changes nothing, zeros.
    """
    tables = []
    for name, ours in both.scenarios.items():
        moved = (ours.draws != both.baseline.draws).any(axis=(1, 2))
        if not moved.any():
            periods = [str(period) for period in ours.periods]
            tables.append(pd.DataFrame([_nothing(name, one) for one in periods]))
            continue
        one = compare(only(both.baseline, moved), {name: only(ours, moved)}).total()
        table = one.to_frame(80)
        percent = one.percent(name).to_frame((80, 95))
        tables.append(
            pd.DataFrame(
                {
                    "scenario": name,
                    "period": table["period"].astype(str),
                    "flows": int(moved.sum()),
                    "baseline": table["baseline"],
                    "difference": table["mid"],
                    "difference_low": table["low"],
                    "difference_high": table["high"],
                    **{bound: percent[bound] for bound in BOUNDS},
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def summed(name: str, effect: GravityScenario) -> dict[str, object]:
    """The sum of the flows that a scenario changes, in per cent of their fitted sum."""
    at, period = effect.concerned, str(effect.rows["period"].iloc[0])
    if not len(at):
        row = _nothing(name, period)
        return {key: row[key] for key in row if not key.startswith("difference")}
    base = effect.base[at]
    drawn_change = base @ np.expm1(effect.draws)
    tails = (0.025, 0.1, 0.5, 0.9, 0.975)
    ends = 100 * np.quantile(drawn_change, tails) / base.sum()
    return {
        "scenario": name,
        "period": period,
        "flows": len(at),
        "baseline": float(base.sum()),
        **dict(zip(BOUNDS, ends.tolist(), strict=True)),
    }


def _nothing(name: str, period: str) -> dict[str, object]:
    """The row of a scenario that changes no flow."""
    moves = ("baseline", "difference", "difference_low", "difference_high", *BOUNDS)
    return {
        "scenario": name,
        "period": period,
        "flows": 0,
        **dict.fromkeys(moves, 0.0),
    }


def outside(effects: Mapping[str, GravityScenario]) -> dict[str, pd.DataFrame]:
    """Where scenarios leave what was observed."""
    tables = [
        one.outside.assign(scenario=name, examples=one.outside["examples"].astype(str))
        for name, one in effects.items()
        if len(one.outside)
    ]
    return {"scenarios_outside": pd.concat(tables)} if tables else {}
