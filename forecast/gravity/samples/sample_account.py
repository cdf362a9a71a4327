"""What a sample leaves out, as a table and in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.gravity.designs.design import describe_rows
from forecast.gravity.records import Design, Ints
from forecast.gravity.samples.collinearity import Collinearity, describe_combination
from forecast.gravity.samples.identification import Identified

__all__ = ["LeftOut", "left_out", "notes_of", "table_of"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class LeftOut:
    """Rows that are left out for one reason.

    Attributes
    ----------
    rows : int array
        Places in the design.
    why : {"level", "effects", "regressors", "singleton"}
        A level without y > 0, several effects together, regressors, or a level without
        another row.
    by : tuple of str
        The effects or regressors to which it is due.
    """

    rows: Ints
    why: Literal["level", "effects", "regressors", "singleton"]
    by: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The word for it in a table."""
        return "singleton" if self.why == "singleton" else "separated"


def left_out(
    design: Design, found: Identified, positive: Bools, mask: Bools | None
) -> list[LeftOut]:
    """Sort the rows that are left out by reason.

    Parameters
    ----------
    design : Design
    found : Identified
    positive : bool array of shape (n,)
        Rows that cannot be separated.
    mask : bool array of shape (n,) or None
        Rows that are used; None is all.
    """
    parts = []
    for part in found.separated:
        names = tuple(design.terms[k] for k in part.terms)
        if len(names) > 1:
            names = tuple(name for name in names if name != "Intercept")
        if names:
            parts.append(LeftOut(part.rows, "regressors", names))
        else:
            effects = tuple(effect.name for effect in design.effects)
            parts.append(LeftOut(part.rows, "effects", effects))
    blame = found.pruning.blame
    if blame is None or mask is None:
        return parts
    for f, effect in enumerate(design.effects):
        own = np.flatnonzero((blame == f) & ~mask)
        is_positive = positive[own]
        parts.append(LeftOut(own[~is_positive], "level", (effect.name,)))
        parts.append(LeftOut(own[is_positive], "singleton", (effect.name,)))
    return [part for part in parts if part.rows.size]


def table_of(design: Design, parts: Sequence[LeftOut]) -> pd.DataFrame:
    """One row for each row of the input that is left out, incomplete ones included."""
    incomplete = design.incomplete
    positions = [incomplete["position"].to_numpy()]
    reasons = [incomplete["reason"].to_numpy(dtype=object)]
    due = [np.full(len(incomplete), "", object)]
    for part in parts:
        positions.append(design.positions[part.rows])
        reasons.append(np.full(part.rows.size, part.reason, object))
        due.append(np.full(part.rows.size, _listed(part.by), object))
    position = np.concatenate(positions).astype(np.int64)
    table = pd.DataFrame(
        {
            "position": position,
            "label": design.source.index.take(position),
            "reason": np.concatenate(reasons),
            "by": np.concatenate(due),
        }
    )
    return table.sort_values("position", ignore_index=True)


def notes_of(
    design: Design, parts: Sequence[LeftOut], collinearity: Collinearity
) -> tuple[str, ...]:
    """One sentence for each reason, and one for each regressor that is dropped."""
    notes = [_sentence(design, part) for part in parts]
    for name in collinearity.absorbed:
        held = (
            "the effects account for all of it" if design.effects else "it is constant"
        )
        notes.append(f"`{name}` is dropped: {held} in the sample.")
    upto = "effects" if design.effects else "a constant"
    for name, made_of in collinearity.collinear.items():
        combination = describe_combination(made_of)
        notes.append(f"`{name}` is dropped: up to {upto} it is {combination}.")
    return tuple(notes)


def _sentence(design: Design, part: LeftOut) -> str:
    """Say which rows are left out, and why."""
    n = part.rows.size
    which = describe_rows(design, part.rows)
    subject = f"{n:,} rows ({which}) are" if n > 1 else f"1 row ({which}) is"
    them = "them" if n > 1 else "it"
    names = _listed(part.by)
    match part.why:
        case "singleton":
            return (
                f"{subject} alone in a level of {names}, which fits {them} perfectly."
            )
        case "level":
            level = f"a level of {names} without positive {design.outcome}"
            return f"{subject} in {level}: no finite estimate exists for {them}."
        case "effects":
            culprits = f"the effects {names} together"
        case "regressors":
            culprits = _listed([f"`{name}`" for name in part.by])
            culprits += " together" if len(part.by) > 1 else ""
    return f"{subject} separated by {culprits}: no finite estimate exists for {them}."


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
