"""The sample: which rows of a design are used, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.gravity.designs.level_table import LevelTable, level_table
from forecast.gravity.records import Codes, Design, Floats, Ints
from forecast.gravity.samples.certificates import certify
from forecast.gravity.samples.collinearity import Collinearity
from forecast.gravity.samples.identification import Identified, identify
from forecast.gravity.samples.pruning import KEPT, prune, start_pruning
from forecast.gravity.samples.sample_account import (
    LeftOut,
    left_out,
    notes_of,
    table_of,
)
from forecast.kernels.threads import are_long, run_blocks

__all__ = ["Sample", "Separation", "draw_sample"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Separation:
    """Rows without a finite estimate, and the proof."""

    design: Design = field(repr=False)
    table: LevelTable = field(repr=False)
    positive: Bools = field(repr=False)
    found: Identified = field(repr=False)

    @cached_property
    def rows(self) -> Ints:
        """Positions in the input."""
        blame = self.found.pruning.blame
        if blame is None:
            return np.empty(0, np.int64)
        return self.design.positions[np.flatnonzero((blame != KEPT) & ~self.positive)]

    @cached_property
    def certificate(self) -> Floats:
        """The proof: z for each row of the input, at least 1 in `rows`, 0 elsewhere.

        It is a combination of the regressors and of dummies of the effects that is zero
        wherever y > 0. In rows that are incomplete it is NaN.
        """
        design, positive = self.design, self.positive
        blame = self.found.pruning.blame
        separated = np.zeros(positive.size, np.bool_)
        if blame is not None:
            separated = (blame != KEPT) & ~positive
        certificate = np.full(len(design.source), np.nan)
        certificate[design.positions] = certify(
            self.found, self.table, design.columns, positive, separated
        )
        return certificate


@dataclass(frozen=True)
class Sample:
    """Rows of a design that are used, with an account of all others.

    Attributes
    ----------
    design : Design
    mask : bool array of shape (n,) or None
        Rows of the design that are used; None is all of them.
    collinearity : Collinearity
        Which regressors are used.
    separation : Separation
    family : {"poisson", "gaussian"}
    """

    design: Design = field(repr=False)
    mask: Bools | None = field(repr=False)
    collinearity: Collinearity
    separation: Separation = field(repr=False)
    family: str

    @property
    def nobs(self) -> int:
        """How many rows are used."""
        mask = self.mask
        return self.design.y.size if mask is None else int(np.count_nonzero(mask))

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the regressors that are used."""
        return tuple(self.design.terms[k] for k in self.collinearity.kept)

    @cached_property
    def keep(self) -> Ints:
        """Places in the design of the rows that are used."""
        if self.mask is None:
            return np.arange(self.design.y.size)
        return np.flatnonzero(self.mask)

    @cached_property
    def effects(self) -> tuple[Codes, ...]:
        """Levels of the rows that are used, numbered without gaps."""
        table = self.separation.table
        sizes = np.diff(table.first).tolist()
        codes = [c if self.mask is None else c[self.mask] for c in table.codes]
        return tuple(_renumber(c, n) for c, n in zip(codes, sizes, strict=True))

    @cached_property
    def dropped(self) -> pd.DataFrame:
        """One row for each input row that is not used, in the order of the input.

        Columns: ``position`` in the input, ``label`` in its index, ``reason``, and
        ``by``, the effects or regressors to which it is due.
        """
        return table_of(self.design, self._left_out)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was left out, in sentences."""
        return notes_of(self.design, self._left_out, self.collinearity)

    @cached_property
    def _left_out(self) -> list[LeftOut]:
        proof = self.separation
        return left_out(self.design, proof.found, proof.positive, self.mask)


def draw_sample(
    design: Design,
    *,
    family: Literal["poisson", "gaussian"] = "poisson",
    drop_singletons: bool = True,
    separation: bool = True,
    meanwhile: Callable[[Sample], object] | None = None,
) -> Sample:
    """Find the rows and regressors for which a unique finite estimate exists.

    Rows that are separated go first (PPML only), those that are alone in a level of an
    effect next, until neither occurs; then regressors that are absorbed or collinear on
    the rows that are left.

    Parameters
    ----------
    design : Design
    family : {"poisson", "gaussian"}
    drop_singletons : bool
        Leave out rows that are alone in a level. They move no coefficient.
    separation : bool
        Leave out separated rows. Without it the estimation may not converge.
    meanwhile : callable of one Sample, optional
        Called, where rows are many and threads more than one, with the sample as it will
        be unless there is more to drop than single levels tell, while the proof that
        there is not is under way. Mostly the sample returned is the very same.

    Raises
    ------
    ModelError
        F-530 an outcome that is zero in all rows, F-531 no row left.

    Examples
    --------
    >>> from forecast.gravity.designs.design import build_design
    >>> df = pd.DataFrame({"trade": [0.0, 1.0, 0.0, 0.0, 1.0], "exporter": list("AABBB"),
    ...     "importer": list("CCCDD")})
    >>> sample = draw_sample(build_design(df, "trade ~ 1 | exporter + importer"))
    >>> sample.keep
    array([0, 1, 3, 4])
    >>> sample.notes[0]
    '1 row (row 2) is separated by the effects exporter and importer together: no finite estimate exists for it.'
    """
    y = design.y
    if family == "poisson" and not y.any():
        raise ModelError(
            f"every value of {design.outcome} is zero",
            code="F-530",
            column=design.outcome,
            count=y.size,
            remedy="There is nothing to estimate; look for rows that were left out.",
        )
    table = level_table(design.effects, design.factors)
    separable = family == "poisson" and separation
    positive = y > 0 if separable else np.ones(y.size, np.bool_)
    pruning = prune(table, positive, start_pruning(table, positive))

    def made_of(found: Identified) -> Sample:
        return _sample(design, family, drop_singletons, table, positive, found)

    if not pruning.alive(y.size).any():
        sample = made_of(Identified(pruning, Collinearity(())))
    else:
        every = tuple(range(len(design.columns)))
        expected = made_of(Identified(pruning, Collinearity(every)))

        def prove() -> Identified:
            return identify(table, positive, pruning, design.columns, design.terms)

        found = _beside(meanwhile, expected, prove, y.size)
        proved = found.pruning is pruning and found.collinearity.kept == every
        sample = expected if proved else made_of(found)
    if sample.nobs == 0:
        raise _nothing_left(sample)
    return sample


def _beside(
    meanwhile: Callable[[Sample], object] | None,
    expected: Sample,
    prove: Callable[[], Identified],
    n_rows: int,
) -> Identified:
    """Do two things at once where there are threads for it; return what is proved."""
    if meanwhile is None or not are_long(n_rows):
        return prove()
    found: list[Identified] = []
    work = (lambda: found.append(prove()), lambda: meanwhile(expected))
    run_blocks(lambda place: work[place](), len(work))
    return found[0]


def _sample(
    design: Design,
    family: str,
    drop_singletons: bool,
    table: LevelTable,
    positive: Bools,
    found: Identified,
) -> Sample:
    """Keep what is left, and singletons where these are wanted."""
    blame = found.pruning.blame
    mask = None
    if blame is not None:
        mask = blame == KEPT
        if not drop_singletons:
            mask |= positive & (blame >= 0)
        mask = None if mask.all() else mask
    proof = Separation(design, table, positive, found)
    return Sample(design, mask, found.collinearity, proof, family)


def _nothing_left(sample: Sample) -> ModelError:
    return ModelError(
        "no row is left to estimate from",
        code="F-531",
        count=sample.design.y.size,
        examples=[note.rstrip(".") for note in sample.notes],
        remedy="Take coarser effects, or fewer; each level needs two rows and a positive one.",
    )


def _renumber(codes: Ints, count: int) -> Codes:
    """Number the levels that occur from 0, in their order."""
    seen = np.zeros(count, np.bool_)
    seen[codes] = True
    if seen.all():
        return Codes(codes, count)
    new = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    return Codes(new[codes], int(np.count_nonzero(seen)))
