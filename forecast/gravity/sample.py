"""The sample: which rows of a design are used, and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ModelError
from forecast.gravity.collinearity import Collinearity, describe_combination
from forecast.gravity.design import describe_rows
from forecast.gravity.level_table import LevelTable, level_table
from forecast.gravity.identification import Identified, identify
from forecast.gravity.pruning import KEPT, prune, start_pruning
from forecast.gravity.records import Codes, Design, Floats, Ints

__all__ = ["Sample", "Separation", "draw_sample"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Separation:
    """Rows without a finite estimate, and the proof.

    Attributes
    ----------
    rows : int array
        Positions in the input.
    """

    rows: Ints
    design: Design = field(repr=False)
    table: LevelTable = field(repr=False)
    positive: Bools = field(repr=False)
    found: Identified = field(repr=False)

    @cached_property
    def certificate(self) -> Floats:
        """z for each row of the input: at least 1 in `rows`, 0 elsewhere.

        z is a combination of the regressors and of dummies of the effects. In rows that
        are incomplete it is NaN.
        """
        z = np.zeros(self.design.y.size)
        blame = self.found.pruning.blame
        if self.rows.size and blame is not None:
            separated = (blame != KEPT) & ~self.positive
            z[separated] = _certify(self)[separated]
        certificate = np.full(len(self.design.source), np.nan)
        certificate[self.design.positions] = z
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

        Columns: ``position`` in the input, ``label`` in its index, ``reason`` and ``by``,
        the effect or the regressors to which it is due.
        """
        return _dropped(self)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was left out, in sentences."""
        return _notes(self)


def draw_sample(
    design: Design,
    *,
    family: Literal["poisson", "gaussian"] = "poisson",
    drop_singletons: bool = True,
    separation: bool = True,
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

    Raises
    ------
    ModelError
        F-530 an outcome that is zero in all rows, F-531 no row left.

    Examples
    --------
    >>> from forecast.gravity.design import build_design
    >>> df = pd.DataFrame({"trade": [0.0, 1.0, 0.0, 0.0, 1.0], "exporter": list("AABBB"),
    ...     "importer": list("CCCDD")})
    >>> sample = draw_sample(build_design(df, "trade ~ 1 | exporter + importer"))
    >>> sample.keep
    array([0, 1, 3, 4])
    >>> sample.notes[0]
    '1 row (row 2) is separated by exporter and importer: no finite estimate exists for it.'
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
    if pruning.alive(y.size).any():
        found = identify(table, positive, pruning, design.columns, design.terms, y)
    else:
        found = Identified(pruning, Collinearity(()))
    sample = _sample(design, family, drop_singletons, table, positive, found)
    if sample.nobs == 0:
        raise _nothing_left(sample)
    return sample


def _sample(
    design: Design,
    family: str,
    drop_singletons: bool,
    table: LevelTable,
    positive: Bools,
    found: Identified,
) -> Sample:
    blame = found.pruning.blame
    mask = None
    if blame is not None:
        mask = blame == KEPT
        if not drop_singletons:
            mask |= positive & (blame >= 0)
        mask = None if mask.all() else mask
    gone = np.empty(0, np.int64) if blame is None else np.flatnonzero(
        (blame != KEPT) & ~positive
    )
    proof = Separation(design.positions[gone], design, table, positive, found)
    return Sample(design, mask, found.collinearity, proof, family)


def _nothing_left(sample: Sample) -> ModelError:
    return ModelError(
        "no row is left to estimate from",
        code="F-531",
        count=sample.design.y.size,
        examples=sample.notes,
        remedy="Take fewer effects, or coarser ones.",
    )


def _renumber(codes: Ints, count: int) -> Codes:
    """Number the levels that occur from 0, in their order."""
    seen = np.zeros(count, np.bool_)
    seen[codes] = True
    if seen.all():
        return Codes(codes, count)
    new = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    return Codes(new[codes], int(np.count_nonzero(seen)))


# -------------------------------------------------------------------------- certificate


def _certify(proof: Separation) -> Floats:
    """Build z from the last step to the first.

    What a step drops is repaired by what that step is free to choose: the effects of the
    levels that were left without rows, or a multiple of its own direction.
    """
    found, table, positive = proof.found, proof.table, proof.positive
    z = np.zeros(positive.size)
    passes = list(found.pruning.passes)
    while len(passes) > found.passes_before:
        _repair(z, passes.pop(), table, positive, found.pruning.blame)
    for separated in reversed(found.separated):
        step = separated.direction.at(table, proof.design.columns, z.size)
        needed = (1.0 - z[separated.rows]) / step[separated.rows]
        z += max(float(needed.max()), 0.0) * step
    while passes:
        _repair(z, passes.pop(), table, positive, found.pruning.blame)
    return z


def _repair(
    z: Floats, rows: Ints, table: LevelTable, positive: Bools, blame: Ints
) -> None:
    """Move effects of levels that a pass left empty: 0 where y > 0, at least 1 elsewhere."""
    for f in range(len(table.codes) - 1, -1, -1):
        own = rows[blame[rows] == f]
        codes = table.codes[f]
        move = np.full(int(table.first[f + 1] - table.first[f]), -np.inf)
        wanted = np.where(positive[own], -z[own], np.maximum(1.0 - z[own], 0.0))
        np.maximum.at(move, codes[own], wanted)
        z += np.where(np.isfinite(move), move, 0.0)[codes]


# ----------------------------------------------------------------------------- account


def _reasons(sample: Sample) -> list[tuple[Ints, str, str]]:
    """Rows of the design by reason, and what it is due to."""
    proof, design = sample.separation, sample.design
    found, positive = proof.found, proof.positive
    blame = found.pruning.blame
    groups: list[tuple[Ints, str, str]] = []
    for part in found.separated:
        groups.append((part.rows, "separated", _culprits(design, part.terms)))
    if blame is None:
        return groups
    for f, effect in enumerate(design.effects):
        own = np.flatnonzero(blame == f)
        groups.append((own[~positive[own]], "separated", effect.name))
        if sample.mask is not None:
            alone = own[positive[own] & ~sample.mask[own]]
            groups.append((alone, "singleton", effect.name))
    return [group for group in groups if group[0].size]


def _culprits(design: Design, terms: Sequence[int]) -> str:
    """Name the regressors of a direction, or the effects where there are none."""
    names = [design.terms[k] for k in terms]
    if len(names) > 1:
        names = [name for name in names if name != "Intercept"]
    return _listed(names or [effect.name for effect in design.effects])


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _dropped(sample: Sample) -> pd.DataFrame:
    design = sample.design
    incomplete = design.incomplete
    positions = [incomplete["position"].to_numpy()]
    reasons = [incomplete["reason"].to_numpy(dtype=object)]
    due = [np.full(len(incomplete), "", object)]
    for rows, reason, by in _reasons(sample):
        positions.append(design.positions[rows])
        reasons.append(np.full(rows.size, reason, object))
        due.append(np.full(rows.size, by, object))
    position = np.concatenate(positions).astype(np.int64)
    frame = pd.DataFrame(
        {
            "position": position,
            "label": design.source.index.take(position),
            "reason": np.concatenate(reasons),
            "by": np.concatenate(due),
        }
    )
    return frame.sort_values("position", ignore_index=True)


def _notes(sample: Sample) -> tuple[str, ...]:
    return (
        *_notes_on_rows(sample),
        *(
            f"`{name}` is dropped: the effects hold all of it."
            for name in sample.collinearity.absorbed
        ),
        *(
            f"`{name}` is dropped: up to effects it is {describe_combination(parts)}."
            for name, parts in sample.collinearity.collinear.items()
        ),
    )


def _notes_on_rows(sample: Sample) -> list[str]:
    """Return one sentence for each reason and what it is due to."""
    design, outcome = sample.design, sample.design.outcome
    single = {effect.name for effect in design.effects}
    notes = []
    for rows, reason, by in _reasons(sample):
        which = describe_rows(design, rows)
        many = rows.size != 1
        count = f"{rows.size:,} rows ({which}) are" if many else f"1 row ({which}) is"
        them = "them" if many else "it"
        if reason == "singleton":
            notes.append(f"{count} alone in a level of {by}: {them} no coefficient needs.")
        elif by in single and by not in design.terms:
            notes.append(
                f"{count} separated by {by}: in no other row of its level is "
                f"{outcome} positive, so no finite estimate exists for {them}."
            )
        else:
            notes.append(
                f"{count} separated by {by}: no finite estimate exists for {them}."
            )
    return notes
