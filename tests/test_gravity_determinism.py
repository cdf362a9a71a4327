"""The same bits for any number of threads, order of rows and seed of hashes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import gravity_worlds as worlds
import numpy as np
import pandas as pd
import pytest
from gravity_worlds import SECTORS, THREE_WAY, TWO_WAY

import forecast as fc
from forecast.gravity.engine import block_work, direct
from forecast.kernels import threads
from forecast.kernels.threads import limit_threads, set_threads, thread_count

PLAIN = "exporter + importer + year"
BOTH = {"weights": "w", "offset": "o"}
CASES = {
    "two-way": ("ppml", TWO_WAY, {}),
    "two-way, weighted": ("ppml", TWO_WAY, BOTH),
    "three-way": ("ppml", THREE_WAY, {}),
    "three-way, weighted": ("ppml", THREE_WAY, BOTH),
    "by sector": ("ppml", SECTORS, {}),
    "pairs of both directions": ("ppml", TWO_WAY + " + pair", {}),
    "plain effects": ("ppml", PLAIN, BOTH),
    "four effects": ("ppml", THREE_WAY + " + club", {"weights": "w"}),
    "one effect": ("ppml", "exporter^year", {}),
    "no effects": ("ppml", "", BOTH),
    "rows that are alike": ("ppml", TWO_WAY, {"weights": "w"}),
    "sparse factor": ("ppml", PLAIN + " + pair", {}),
    "least squares, three-way": ("ols", THREE_WAY, BOTH),
    "least squares, plain effects": ("ols", PLAIN, {}),
    "least squares, no effects": ("ols", "", {"weights": "w"}),
}
RECIPES = (
    fc.Clustered("pair"),
    fc.Clustered("exporter", "importer", "year"),
    fc.Robust("HC1"),
)
SMALL = 8  # cells that are cut into blocks of work already


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Cut even small worlds into several blocks of work; tell how many there were."""
    asked = []
    run_blocks = block_work.run_blocks

    def counted(function, n_blocks):
        asked.append(n_blocks)
        return run_blocks(function, n_blocks)

    monkeypatch.setattr(block_work, "BLOCKS", ((SMALL, 16),))
    monkeypatch.setattr(block_work, "run_blocks", counted)
    monkeypatch.setattr(threads, "LONG", SMALL)
    return asked


def frame_of(case: str) -> pd.DataFrame:
    sectors = 2 if case == "by sector" else 1
    frame = worlds.trade(seed=11, n_regions=7, n_years=6, n_sectors=sectors)
    if case == "rows that are alike":
        again = frame.iloc[::3].assign(w=lambda part: part["w"] + 1)
        frame = pd.concat([frame, again, again], ignore_index=True)
    return frame


def fit(case: str, frame: pd.DataFrame) -> fc.GravityFit:
    estimator, effects, options = CASES[case]
    text = f"y ~ x0 + x1 | {effects}" if effects else "y ~ x0 + x1"
    with pytest.MonkeyPatch.context() as patch:
        if case == "sparse factor":
            patch.setattr(direct, "FEW_LEVELS", 0)
            patch.setattr(direct, "contracts", lambda *_: False)
        return fc.Gravity(text, estimator=estimator, **options).fit(frame)


def digest(case: str, frame: pd.DataFrame) -> str:
    """SHA-256 of coefficients, standard errors, fitted values and the likelihood."""
    result = fit(case, frame)
    total = hashlib.sha256()
    for values in (
        result.params,
        *(result.with_vcov(recipe).bse for recipe in RECIPES),
        result.fittedvalues.sort_values(),
        [result.llf, result.deviance],
    ):
        total.update(np.ascontiguousarray(values, float).tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("case", CASES)
def test_the_number_of_threads_moves_no_bit(case, small_blocks):
    frame, digests = frame_of(case), set()
    for n in (1, 2, 3, 8):
        with limit_threads(n):
            digests.add(digest(case, frame))
    before = thread_count()
    set_threads(5)
    digests.add(digest(case, frame))
    set_threads(None)
    assert thread_count() == before
    assert len(digests) == 1
    if case != "least squares, no effects":  # one factorisation, one block
        assert max(small_blocks) > 3


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_rows_moves_no_bit(case):
    frame = frame_of(case)
    orders = [frame.sample(frac=1, random_state=seed) for seed in range(4)]
    sorted_one = frame.sort_values(["year", "importer", "x0"])
    assert len({digest(case, table) for table in (frame, sorted_one, *orders)}) == 1


@pytest.mark.parametrize("case", CASES)
def test_where_arrays_lie_in_memory_moves_no_bit(case):
    """Compiled loops may look at addresses; nothing may follow from them."""
    frame, rng, kept, digests = frame_of(case), np.random.default_rng(0), [], set()
    for _ in range(8):
        kept.extend(np.empty(size) for size in rng.integers(1, 3000, 12))
        del kept[:: rng.integers(2, 5)]
        digests.add(digest(case, frame))
    assert len(digests) == 1


def print_digests() -> None:
    """What a process of its own is asked for."""
    block_work.BLOCKS = ((SMALL, 16),)
    threads.LONG = SMALL
    print(json.dumps({case: digest(case, frame_of(case)) for case in CASES}))


def test_the_seed_of_hashes_moves_no_bit():
    here = {case: digest(case, frame_of(case)) for case in CASES}
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(Path(fc.__file__).parents[1]), str(Path(__file__).parent)]
        )
        code = "import test_gravity_determinism as t; t.print_digests()"
        told = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(told.stdout) == here
