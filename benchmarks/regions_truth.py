"""Attribution on simulated Russian regions and Kazakh oblasts, against what is true.

python benchmarks/regions_truth.py               # 40 worlds
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from forecast.attribution import attribute
from forecast.datasets import simulate_regions
from forecast.gravity import Gravity

KINDS = ["document", "logistics", "visit", "conservation"]
FORMULA = (
    f"flow ~ {' + '.join(KINDS)} "
    "| origin^period + destination^period + origin^destination"
)


def main() -> None:
    """Print verdicts and coverage by kind of event."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--worlds", type=int, default=40)
    options.add_argument("--seed", type=int, default=3001)
    chosen = options.parse_args()
    covered: Counter[str] = Counter()
    verdicts: Counter[tuple[str, str]] = Counter()
    for seed in range(chosen.seed, chosen.seed + chosen.worlds):
        world = simulate_regions(seed=seed)
        found = attribute(
            world.frame,
            Gravity(FORMULA).fit(world.frame),
            KINDS,
            placebos=["conservation"],
            shapes=False,
            permutations=99,
            seed=seed,
        )
        effects = found.effects.set_index("term")
        told = found.verdicts.set_index("term")["verdict"]
        for kind in KINDS:
            truth = 100 * np.expm1(world.truth.coefficients[kind])
            low, high = effects.loc[kind, ["low", "high"]]
            covered[kind] += bool(low <= truth <= high)
            verdicts[kind, str(told[kind])] += 1
    for kind in KINDS:
        said = {v: n for (k, v), n in sorted(verdicts.items()) if k == kind}
        print(f"{kind}: {covered[kind]} of {chosen.worlds} intervals hold; {said}")
    print(f"together {sum(covered.values())} of {chosen.worlds * len(KINDS)}")


if __name__ == "__main__":
    main()
