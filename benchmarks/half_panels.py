"""What is left of the bias of lagged trade in three-way PPML after the half-panel jackknife.

    python benchmarks/half_panels.py                 # the table of "Standard errors"
    python benchmarks/half_panels.py --worlds 20

The worlds are those of the tests.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_half_panels import DYNAMIC, PERSISTENCE, dynamic_world

SIZES = ((15, 20), (15, 19), (20, 10), (30, 20))


def main() -> None:
    """Print one line for each size of world."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--worlds", type=int, default=60)
    worlds = options.parse_args().worlds
    print("regions  years  bias      left (Monte Carlo error)  95 % intervals hold")
    for regions, periods in SIZES:
        raw, freed, held = np.empty((3, worlds))
        for seed in range(worlds):
            fit = DYNAMIC.fit(dynamic_world(seed, regions, periods))
            half = fit.half_panel_jackknife()
            low, high = half.conf_int().loc["before"]
            raw[seed], freed[seed] = fit.params["before"], half.params["before"]
            held[seed] = low <= PERSISTENCE <= high
        print(
            f"{regions:7d} {periods:6d}  {raw.mean() - PERSISTENCE:+.3f}    "
            f"{freed.mean() - PERSISTENCE:+.3f} ({freed.std() / worlds**0.5:.3f})"
            f"            {100 * held.mean():.0f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
