"""How often indicators enter a forecast: false ones, and true ones of the size known.

    python benchmarks/indicator_gate.py [worlds] [part of a name]

Simulated panels of 60 pairs and 20 years, and of 15 pairs and 15 years. Effects are those
of the literature: a visit lifts trade of its year by 9 per cent (Nitsch 2007: 8 to 10), or
adds to a stock that half wears off in a year or stays. Each line gives the share of worlds
in which the gate opened, the mean gain in loss out of sample and without knowing the
future of visits, and the share in which the slope was significant at 5 per cent.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from forecast.series.contract.samples import read_sample
from forecast.series.evidence.gate import gain_of
from forecast.series.regression.model import Regression
from forecast.series.regression.terms import DepreciatingStock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

STAYS = DepreciatingStock("visits", half_life=float("inf"))
WEARS_OFF = DepreciatingStock("visits", half_life=1)
FOUND = DepreciatingStock("visits")
SMALL = {"pairs": 15, "years": 15}

WORLDS = {
    "false: visits of the year": ({"effect": 0.0}, "visits"),
    "false: visits, large shared shocks": ({"effect": 0.0, "common": 0.2}, "visits"),
    "false: stock that stays": ({"effect": 0.0, "rate": 1.0}, STAYS),
    "false: stock of unknown half life": ({"effect": 0.0}, FOUND),
    "false: stock, errors that return": ({"effect": 0.0, "memory": 0.6}, WEARS_OFF),
    "false: visits, 15 pairs x 15 years": ({"effect": 0.0, **SMALL}, "visits"),
    "false: stock, 15 pairs x 15 years": ({"effect": 0.0, **SMALL}, STAYS),
    "true: +9 % in the year": ({}, "visits"),
    "true: +9 % in the year, noisy trade": ({"sigma": 0.2}, "visits"),
    "true: +9 %, half wears off in a year": ({"kept": 0.5}, WEARS_OFF),
    "true: +9 %, half life to be found": ({"kept": 0.5}, FOUND),
    "true: +8 % for good": ({"effect": 0.08, "kept": 1.0}, STAYS),
    "true: +8 % for good, errors return": (
        {"effect": 0.08, "kept": 1.0, "memory": 0.6},
        STAYS,
    ),
    "true: +9 %, 15 pairs x 15 years": (SMALL, "visits"),
}


def main(worlds: int, part: str) -> None:
    """Print a line for each kind of world."""
    from indicator_worlds import visits_panel

    print(
        f"{'world':40s} {'enters':>7s} {'gain':>8s} {'slope p < 5 %':>14s} {'worlds':>7s}"
    )
    for name, (options, term) in WORLDS.items():
        if part not in name:
            continue
        recipe, rows = Regression(term), []
        for seed in range(worlds):
            sample = read_sample(visits_panel(seed, **options), recipe.columns)
            gain = gain_of(recipe, recipe.without_terms(), sample)
            p_value = recipe.fit_to(sample).tidy()["p_value"].iloc[0]
            rows.append((gain.enters, gain.share, p_value < 0.05))
        enters, share, significant = np.mean(rows, axis=0)
        print(
            f"{name:40s} {enters:7.1%} {share:+8.2%} {significant:14.1%} {worlds:7d}",
            flush=True,
        )


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(int(given.get(1, "100")), given.get(2, ""))
