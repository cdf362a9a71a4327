"""Seeded problems on which speed is judged.

A name says everything: a size, then what differs from the plain three-way problem with
two regressors and domestic flows, as in ``M``, ``M-K20``, ``S-2way-nodomestic``.

    XS  12 regions x  6 years                  for tests and for warming up
    S   50 regions x 20 years                  50,000 rows
    M  150 regions x 25 years                 562,500 rows
    L  220 regions x 30 years x 3 sectors   4,356,000 rows, effects by sector
    XH   2,000 workers x 87 firms x 10 years    for warming up
    H  100,000 workers x 4,348 firms x 10 years, 1,000,000 rows, weakly connected

XS to L are structural gravity worlds with 45 % zeros. In H every firm shares workers only
with its neighbours on a ring, which makes the effects hard to tell apart.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.worlds import KINDS, Cube, build_world, draw_trade

__all__ = ["Problem", "Ring", "fingerprint", "parse_problem"]


@dataclass(frozen=True)
class Ring:
    """Workers seen for ten years, each year in the next firm of a ring."""

    rows: int
    seed: int
    years: int = 10
    rows_per_firm: int = 230

    @property
    def workers(self) -> int:
        return self.rows // self.years

    @property
    def firms(self) -> int:
        return round(self.rows / self.rows_per_firm)


SIZES: dict[str, Cube | Ring] = {
    "XS": Cube(12, 6, 1, seed=11),
    "S": Cube(50, 20, 1, seed=1),
    "M": Cube(150, 25, 1, seed=2),
    "L": Cube(220, 30, 3, seed=4),
    "XH": Ring(20_000, seed=13),
    "H": Ring(1_000_000, seed=3),
}


@dataclass(frozen=True)
class Problem:
    """One regression: what is on the left, on the right, absorbed and clustered.

    Attributes
    ----------
    size : str
        A key of ``SIZES``.
    regressors : int
        Number of slopes, K.
    ways : {0, 2, 3}
        Number of families of fixed effects.
    domestic : bool
        Whether regions trade with themselves.
    text : bool
        Whether regions are named in words (``"R017"``) instead of numbers.
    """

    size: str
    regressors: int = 2
    ways: int = 3
    domestic: bool = True
    text: bool = False

    @property
    def shape(self) -> Cube | Ring:
        return SIZES[self.size]

    @property
    def name(self) -> str:
        """The name that `parse_problem` reads."""
        parts = [self.size]
        parts += [f"K{self.regressors}"] * (self.regressors != 2)
        parts += [f"{self.ways}way"] * (self.ways != 3)
        parts += ["nodomestic"] * (not self.domestic)
        parts += ["text"] * self.text
        return "-".join(parts)

    @property
    def terms(self) -> tuple[str, ...]:
        if isinstance(self.shape, Ring):
            return tuple(f"x{k}" for k in range(self.regressors))
        return tuple(f"{KINDS[k % 6].__name__}{k}" for k in range(self.regressors))

    @property
    def outcome(self) -> str:
        return "y" if isinstance(self.shape, Ring) else "trade"

    @property
    def cluster(self) -> str:
        return "worker" if isinstance(self.shape, Ring) else "pair"

    @property
    def effects(self) -> tuple[tuple[str, ...], ...]:
        """The key columns that each fixed effect combines."""
        if isinstance(self.shape, Ring):
            return (("worker",), ("firm",), ("year",))[: self.ways]
        sector = ("sector",) * (self.shape.sectors > 1)
        every = (
            ("exporter", *sector, "year"),
            ("importer", *sector, "year"),
            ("exporter", "importer", *sector),
        )
        return every[: self.ways]

    @property
    def right_side(self) -> str:
        return " + ".join(self.terms)

    @property
    def formula(self) -> str:
        """``y ~ x | fe1^fe2``, the grammar that all libraries here share."""
        absorbed = " + ".join("^".join(effect) for effect in self.effects)
        plain = f"{self.outcome} ~ {self.right_side}"
        return f"{plain} | {absorbed}" if absorbed else plain

    @property
    def rehearsal(self) -> Problem:
        """The same problem, so small that it only warms a library up."""
        return replace(self, size="XH" if isinstance(self.shape, Ring) else "XS")

    def frame(self) -> pd.DataFrame:
        """The data: keys, outcome, regressors and the cluster."""
        if isinstance(self.shape, Ring):
            return ring_frame(self)
        return gravity_frame(self)


def parse_problem(name: str) -> Problem:
    """Read a name such as ``M-K20-2way``.

    Raises
    ------
    ValueError
        If a part of the name means nothing.
    """
    size, *rest = name.split("-")
    if size not in SIZES:
        raise ValueError(f"No size {size!r}; there are {', '.join(SIZES)}.")
    problem = Problem(size)
    for part in rest:
        if part == "nodomestic":
            problem = replace(problem, domestic=False)
        elif part == "text":
            problem = replace(problem, text=True)
        elif found := re.fullmatch(r"K(\d+)", part):
            problem = replace(problem, regressors=int(found[1]))
        elif found := re.fullmatch(r"([023])way", part):
            problem = replace(problem, ways=int(found[1]))
        else:
            raise ValueError(
                f"{part!r} in {name!r} is none of K<number>, 0way, 2way, nodomestic, text."
            )
    return problem


def fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256 of the data, so that a stored reference knows what it was made from.

    Texts and whole numbers count to the last bit, other numbers by nine digits of their
    moments, since processors differ in the last bit of a logarithm.
    """
    digest = hashlib.sha256()
    for name, column in frame.items():
        digest.update(f"{name}\n".encode())
        digest.update(column_bytes(column.to_numpy()))
    return digest.hexdigest()


def column_bytes(values: np.ndarray) -> bytes:
    if values.dtype.kind not in "iuf":
        return "\n".join(values.tolist()).encode()
    whole = values.astype("<i8")
    if (whole == values).all():
        return whole.tobytes()
    moments = (
        values.mean(),
        (values**2).mean(),
        (values * np.arange(values.size)).mean(),
    )
    return " ".join(f"{moment:.8e}" for moment in moments).encode()


def gravity_frame(problem: Problem) -> pd.DataFrame:
    cube = problem.shape
    world = build_world(cube, domestic=problem.domestic)
    keys = {"exporter": world.exporter, "importer": world.importer}
    if problem.text:
        names = np.array([f"R{code:03d}" for code in range(cube.regions)])
        keys = {key: names[codes] for key, codes in keys.items()}
    keys["year"] = world.year + 1990
    if cube.sectors > 1:
        keys["sector"] = world.sector
    keys["pair"] = world.exporter * np.int32(cube.regions) + world.importer
    columns = {
        # One stream for each column: two regressors are the first two of twenty.
        term: KINDS[k % 6](np.random.default_rng([cube.seed, 1, k]), world, k)
        for k, term in enumerate(problem.terms)
    }
    rng = np.random.default_rng([cube.seed, 2])
    slopes = np.r_[0.3, rng.normal(0, 0.15, problem.regressors)[1:]]
    log_mean = world.trend + sum(
        b * x for b, x in zip(slopes, columns.values(), strict=True)
    )
    return pd.DataFrame({**keys, "trade": draw_trade(rng, log_mean), **columns})


def ring_frame(problem: Problem) -> pd.DataFrame:
    ring = problem.shape
    rng = np.random.default_rng([ring.seed, 0])
    rows = np.arange(ring.workers * ring.years)
    worker = (rows // ring.years).astype(np.int32)
    firm = (rows % ring.firms).astype(np.int32)
    year = (rows % ring.years).astype(np.int32)
    skill = rng.normal(0, 0.8, ring.workers)
    wage = rng.normal(0, 0.8, ring.firms)
    columns = {
        term: ring_column(
            np.random.default_rng([ring.seed, 1, k]), k, skill[worker], wage[firm]
        )
        for k, term in enumerate(problem.terms)
    }
    slopes = rng.normal(0, 0.1, problem.regressors)
    log_mean = skill[worker] + wage[firm] + np.linspace(-0.3, 0.3, ring.years)[year]
    log_mean += sum(b * x for b, x in zip(slopes, columns.values(), strict=True))
    log_mean += -0.1 - log_mean.mean()
    mean = np.exp(log_mean) * rng.gamma(1.5, 1 / 1.5, rows.size)
    y = rng.poisson(mean).astype(np.float64)
    return pd.DataFrame(
        {"worker": worker, "firm": firm, "year": year + 1990, "y": y, **columns}
    )


def ring_column(
    rng: np.random.Generator, k: int, skill: np.ndarray, wage: np.ndarray
) -> np.ndarray:
    """Even regressors move with the worker, odd ones with the firm."""
    if k % 2 == 0:
        return rng.normal(size=skill.size) + 0.5 * skill
    return (rng.uniform(size=wage.size) < 0.3) + 0.3 * wage
