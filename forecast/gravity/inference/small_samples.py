r"""Small-sample conventions: the factor in front of a robust covariance, by name.

Programs agree on the sandwich and differ in one number, which for the same gravity
fit moves standard errors by up to 14 per cent. The factor is

.. math:: \frac{G}{G-1} \cdot \frac{n-1}{n-K},

G clusters (the smallest way's, where there are several), n rows, K parameters. Programs
differ in whether they use the second ratio and in what they count as a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import ModelError
from forecast.gravity.inference.leverage import block_inverse, schur_complement
from forecast.gravity.inference.reference import Normal, Reference, Student
from forecast.gravity.inference.scores import Scores
from forecast.gravity.records import Codes, Ints

__all__ = [
    "PRESETS",
    "CountedEffect",
    "Parameters",
    "SmallSample",
    "count_parameters",
    "effect_rank",
    "named",
]

COUNTS = ("nothing", "not nested", "all", "exact")

LARGEST_RANK = 3_000
"""Levels of a dense block up to which three and more effects are counted exactly."""


@dataclass(frozen=True, slots=True)
class SmallSample:
    """One convention.

    Attributes
    ----------
    name : str
    cluster_factor : bool
        Multiply by G/(G-1); by n/(n-1) where rows are their own clusters.
    counts : {"nothing", "not nested", "all", "exact"}
        What K counts besides the regressors, or that there is no (n-1)/(n-K). "not
        nested": a level of an effect that lies within a cluster is not counted, and
        one level of each further effect is redundant; "all": nested ones too; "exact":
        as "not nested", with the rank of the dummies in place of their number.
    each_way : bool
        Give each term of a multiway covariance the factor of its own clusters, not
        that of the way with the fewest.
    student : bool
        Compare least squares with t(G-1), not with the normal (PPML always with it).

    Examples
    --------
    >>> from dataclasses import replace
    >>> own = replace(PRESETS["fixest"], name="mine", each_way=True)
    """

    name: str
    cluster_factor: bool = True
    counts: str = "nothing"
    each_way: bool = False
    student: bool = False

    def __post_init__(self) -> None:
        if self.counts not in COUNTS:
            raise ModelError(
                f"SmallSample(counts={self.counts!r})",
                code="F-554",
                examples=COUNTS,
                remedy="Give one of these.",
            )

    def cluster_term(self, n_clusters: int) -> float:
        """``G/(G-1)``, or 1 where the convention has none."""
        return n_clusters / (n_clusters - 1) if self.cluster_factor else 1.0

    def parameter_term(self, n: int, n_parameters: int) -> float:
        """``(n-1)/(n-K)``, or 1 where the convention has none."""
        if self.counts == "nothing":
            return 1.0
        return (n - 1) / check_degrees(n, n_parameters)

    def reference(self, family: str, dof: float) -> Reference:
        """What t-statistics are compared with."""
        if self.student and family == "gaussian":
            return Student(np.array(float(dof)))
        return Normal()

    def formula(self, clusters: str = "G") -> str:
        """The factor as a formula."""
        first = f"{clusters}/({clusters}-1)" if self.cluster_factor else ""
        second = "(n-1)/(n-K)" if self.counts != "nothing" else ""
        return " * ".join(part for part in (first, second) if part) or "1"


PRESETS = {
    preset.name: preset
    for preset in (
        SmallSample("ppmlhdfe"),
        SmallSample("fixest", counts="not nested", student=True),
        SmallSample("exact", counts="exact", student=True),
        SmallSample("full", counts="all", student=True),
        SmallSample("none", cluster_factor=False),
    )
}


def named(ssc: str | SmallSample) -> SmallSample:
    """The convention of a name.

    Raises
    ------
    ModelError
        F-554 if there is none of that name.
    """
    if isinstance(ssc, SmallSample):
        return ssc
    if ssc not in PRESETS:
        raise ModelError(
            f"no small-sample convention {ssc!r}",
            code="F-554",
            examples=PRESETS,
            remedy='Give one of these names, or SmallSample("mine", ...).',
        )
    return PRESETS[ssc]


@dataclass(frozen=True, slots=True)
class CountedEffect:
    """How the levels of one effect enter K.

    Attributes
    ----------
    name : str
    levels : int
    counted : int
    nested_in : str
        The way of clusters that each of its levels lies within; "" if there is none.
    """

    name: str
    levels: int
    counted: int
    nested_in: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """How K comes about.

    Attributes
    ----------
    regressors : int
    effects : tuple of CountedEffect
    redundant : int
        Levels counted above that carry nothing of their own.
    exact : bool
        Whether `redundant` is the rank deficiency or a convention.
    """

    regressors: int
    effects: tuple[CountedEffect, ...]
    redundant: int
    exact: bool

    @property
    def total(self) -> int:
        """K."""
        counted = sum(effect.counted for effect in self.effects)
        return self.regressors + counted - self.redundant


def count_parameters(
    scores: Scores, counts: str, ways: dict[str, Codes] | None = None
) -> Parameters:
    """Count K as a convention does.

    Parameters
    ----------
    scores : Scores
    counts : str
        As in `SmallSample`.
    ways : dict of str to Codes, optional
        The ways of clusters, for what is nested in them.
    """
    codes = scores.codes
    nested = [
        _nested_in(effect, ways or {}) if counts != "all" else "" for effect in codes
    ]
    effects = tuple(
        CountedEffect(
            name=effect.name,
            levels=levels.count,
            counted=(counts != "exact") if inside else levels.count,
            nested_in=inside,
        )
        for effect, levels, inside in zip(scores.effects, codes, nested, strict=True)
    )
    if counts == "exact":
        kept = tuple(c for c, inside in zip(codes, nested, strict=True) if not inside)
        if not kept:
            return Parameters(scores.k + bool(codes), effects, 0, exact=True)
        rank, exact = effect_rank(scores, kept)
        levels = sum(effect.count for effect in kept)
        return Parameters(scores.k, effects, levels - rank, exact)
    return Parameters(scores.k, effects, max(len(codes) - 1, 0), exact=False)


def effect_rank(scores: Scores, effects: tuple[Codes, ...]) -> tuple[int, bool]:
    """Rank of the dummies of effects, and whether it is exact.

    Exact for up to two effects, and for more as long as a dense block of
    `LARGEST_RANK` levels suffices; otherwise one level of each further effect is taken
    to be redundant.
    """
    sizes = [effect.count for effect in effects]
    if len(effects) <= 1:
        return sum(sizes), True
    if len(effects) == 2:
        return sum(sizes) - _components(*effects), True
    finest = int(np.argmax(sizes))
    others = effects[:finest] + effects[finest + 1 :]
    matrix = schur_complement(np.ones(scores.n), effects[finest], others)
    try:
        inverse = block_inverse(matrix, largest=LARGEST_RANK)
    except ModelError:
        return sum(sizes) - len(sizes) + 1, False
    return sizes[finest] + inverse.rank, True


def _components(first: Codes, second: Codes) -> int:
    """Number of groups of levels that no row connects."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = first.count + second.count
    edges = (np.ones(first.codes.size), (first.codes, second.codes + first.count))
    graph = coo_array(edges, shape=(size, size))
    n_groups, _ = connected_components(graph, directed=False)
    return int(n_groups)


def _nested_in(effect: Codes, ways: dict[str, Codes]) -> str:
    """The first way whose clusters hold every level of the effect whole."""
    for name, way in ways.items():
        if _is_nested(effect.codes, way.codes, effect.count):
            return name
    return ""


def _is_nested(levels: Ints, clusters: Ints, count: int) -> bool:
    some = np.zeros(count, dtype=clusters.dtype)
    some[levels] = clusters
    return bool(np.array_equal(some[levels], clusters))


def check_degrees(n: int, n_parameters: int) -> int:
    """``n - K``.

    Raises
    ------
    ModelError
        F-555 if it is not positive.
    """
    if n <= n_parameters:
        raise ModelError(
            f"{n:,} rows do not leave a degree of freedom for {n_parameters:,} parameters",
            code="F-555",
            count=n_parameters,
            remedy='Use a convention that counts no effects, such as ssc="ppmlhdfe", '
            "or fewer effects.",
        )
    return n - n_parameters
