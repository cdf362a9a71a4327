"""Do intervals of a fusion hold on simulated sectors and on simulated months?

    python benchmarks/fusion_shapes.py

The worlds are those of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import test_fusion_parts as months
import test_fusion_sectors as sectors

from forecast.fusion import Fusion

LEVELS = (0.8, 0.95)


def share_inside(outlook: Any, came: Any) -> list[Any]:
    """Return the share of outcomes inside the intervals of each level."""
    actual = came.matrix()[0]
    found = []
    for level in LEVELS:
        low, high = (
            np.asarray(end).reshape(actual.shape) for end in outlook.interval(level)
        )
        found.append(((actual >= low) & (actual <= high)).mean())
    return found


def of_sectors() -> dict[str, Any]:
    """14 worlds of 6 countries, two origins each, one and two years ahead."""
    hits: dict[str, list[Any]] = {"flows": [], "sums of sectors": [], "world": []}
    for seed in range(60, 74):
        frame = sectors.world(6, 21, seed=seed)
        for origin in (2015, 2018):
            past = frame[frame["year"] <= origin]
            later = frame[(frame["year"] > origin) & (frame["year"] <= origin + 2)]
            outlook = Fusion().fit(sectors.panel_of(past)).forecast(2, paths=300)
            came = sectors.panel_of(later)
            hits["flows"].append(share_inside(outlook, came))
            by_sector = outlook.total(by="sector"), came.total(by="sector")
            hits["sums of sectors"].append(share_inside(*by_sector))
            hits["world"].append(share_inside(outlook.total(), came.total()))
    return hits


def of_months() -> dict[str, Any]:
    """10 worlds of 6 countries, two origins each, 24 months ahead."""
    hits: dict[str, list[Any]] = {"pairs": [], "all pairs together": []}
    for seed in range(110, 120):
        frame = months.world(6, 16, seed=seed)
        year = frame["period"].dt.year
        for origin in (2011, 2013):
            fit = Fusion().fit(months.panel_of(frame[year <= origin]))
            outlook = fit.forecast(24, paths=300)
            later = (year > origin) & (year <= origin + 2)
            came = months.panel_of(frame[later])
            hits["pairs"].append(share_inside(outlook, came))
            hits["all pairs together"].append(
                share_inside(outlook.total(), came.total())
            )
    return hits


def main() -> None:
    """Print shares by what is forecast."""
    for title, find in (("sectors", of_sectors), ("months", of_months)):
        for name, shares in find().items():
            inside = " / ".join(f"{100 * one:.1f}" for one in np.mean(shares, axis=0))
            print(f"{title}, {name}: 80 / 95 % intervals hold {inside}", flush=True)


if __name__ == "__main__":
    main()
